"""Files as they should not be: cut, packed to harm, half written, refused, hostile; seen from an inbox to a report."""

import gzip
import io
import itertools
import json
import os
import shutil
import stat
import zipfile

import pytest
from desk import FORMATS, QUICK, Desk, Here

from pipeline import terminal
from pipeline.engines import inbox as inboxes
from pipeline.ingest import collect, source

DAY, NEXT = "2024-01-01", "2024-01-02"
PLAIN = QUICK | {"privacy": {"authors": "plain"}}


@pytest.fixture
def new_desk(tmp_path):
    def make(name="desk", **settings):
        return Desk(tmp_path / name, Here(), **(PLAIN | settings))

    return make


@pytest.fixture
def desk(new_desk):
    return new_desk()


def row(key, text="静かな朝", when=f"{DAY}T01:00:00", **more):
    return {"id": str(key), "author": f"a-{key}", "created_at": f"{when}+09:00", "text": text} | more


def packed(rows):
    return gzip.compress(b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in rows), mtime=0)


def ids(desk):
    return [post["post_id"].removeprefix("jsonl:") for post in desk.posts()]


def quarantined(desk):
    paths = sorted((desk.store / "quarantine").rglob("*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]


def only(taken):
    [one] = taken
    return one


# Packed files.


def test_a_truncated_gzip_gives_what_came_before_and_all_once_it_is_whole(new_desk):
    rows = [row(n, os.urandom(40).hex(), f"{DAY}T{n % 24:02}:00:00") for n in range(400)]
    whole, undisturbed = packed(rows), new_desk("undisturbed")
    (undisturbed.inbox / "p.jsonl.gz").write_bytes(whole)
    os.utime(undisturbed.inbox / "p.jsonl.gz", (1_700_000_000, 1_700_000_000))
    undisturbed.merge()
    for size in [1, 2, 10, 18, 30, *range(100, len(whole), len(whole) // 6), len(whole) - 8, len(whole) - 1]:
        desk = new_desk(f"cut-{size}")
        path = desk.inbox / "p.jsonl.gz"
        path.write_bytes(whole[:size])
        outcome = desk.merge()
        # Of one byte nobody can say that it begins a gzip file.
        assert outcome.failed == (size > 1) and "p.jsonl.gz: " in only(outcome.taken).error
        found = ids(desk)
        assert set(found) == {str(n) for n in range(len(found))}
        assert len(found) >= 400 * (size - 5_000) / len(whole)
        path.write_bytes(whole)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        assert not desk.merge().failed
        assert desk.bytes("posts") == undisturbed.bytes("posts")


def test_a_gzip_bomb_ends_at_the_limit_and_the_other_files_are_read(desk, monkeypatch):
    monkeypatch.setattr(source, "_FREE", 1 << 20)
    (desk.inbox / "bomb.jsonl.gz").write_bytes(packed([row(0, "あ" * 1000)] * 3_000))  # 9 MB to some 20 KB
    desk.put("good.jsonl", row(1))
    outcome = desk.merge()
    errors = {one.path.name: one.error for one in outcome.taken}
    assert outcome.failed and errors["good.jsonl"] is None
    assert "bomb.jsonl.gz: unpacks to more than 100 times its size" in errors["bomb.jsonl.gz"]
    assert ids(desk) == ["0", "1"]  # what came before the limit was one post, again and again


@pytest.mark.parametrize("inner", [b"[" + b" " * 3_000_000 + b"]", b"\0" * 3_000_000, b"\n" * 3_000_000])
def test_bombs_without_posts_are_no_posts_or_refused(desk, monkeypatch, inner):
    monkeypatch.setattr(source, "_FREE", 1 << 20)
    (desk.inbox / "bomb.gz").write_bytes(gzip.compress(inner))
    taken = only(desk.merge().taken)
    assert taken.error and taken.rows == 0 and ids(desk) == []


def test_blank_lines_are_counted_not_kept(desk):
    body = json.dumps(row(1)).encode() + b"\n" * 300_000
    (desk.inbox / "p.jsonl").write_bytes(body)
    desk.merge()
    (day,) = (json.loads(path.read_bytes()) for path in (desk.store / "manifests" / "files").glob("*.json"))
    assert day["days"][DAY]["skipped"] == {"blank": 299_999} and ids(desk) == ["1"]


def test_names_and_links_inside_a_zip_lead_nowhere(desk, tmp_path):
    secret = tmp_path / "secret.jsonl"
    secret.write_text(json.dumps(row("secret")) + "\n")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for key, name in enumerate(
            ("../../escape.jsonl", "/absolute.jsonl", "a/../../b.jsonl", "..\\c.jsonl", "ok.jsonl")
        ):
            archive.writestr(name, json.dumps(row(key)) + "\n")
        link = zipfile.ZipInfo("link.jsonl")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, str(secret))
    (desk.inbox / "p.zip").write_bytes(stream.getvalue())
    before = sorted(tmp_path.rglob("*"))
    assert not desk.merge().failed
    assert ids(desk) == ["0", "1", "2", "3", "4"]  # as posts they are taken, and their names are only shown
    assert {post["file"] for post in desk.posts()} >= {"p.zip/../../escape.jsonl", "p.zip/ok.jsonl"}
    outside = (path for path in tmp_path.rglob("*") if desk.store not in (path, *path.parents))
    assert sorted(outside) == before
    assert not list(desk.store.rglob("*escape*"))


def test_a_workbook_or_archive_that_is_cut_is_named(desk):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.jsonl", json.dumps(row(1)) + "\n")
    raw = stream.getvalue()
    for size in range(5, len(raw), 20):
        (desk.inbox / "p.zip").write_bytes(raw[:size])
        outcome = desk.merge()
        assert outcome.failed and only(outcome.taken).error.startswith("p.zip: damaged"), size
    (desk.inbox / "p.zip").write_bytes(raw)
    assert not desk.merge().failed and ids(desk) == ["1"]


# A file that is still being written.


def half(desk, name, *rows, size=None):
    """A file whose last line is cut."""
    path = desk.put(name, *rows)
    raw = path.read_bytes()
    path.write_bytes(raw[: size or -20])
    return path


def test_half_a_last_line_is_taken_when_it_is_whole_nothing_lost_nor_doubled(new_desk):
    desk, undisturbed = new_desk(), new_desk("undisturbed")
    rows = [row(n, f"{n}杯目のコーヒー", f"{DAY}T0{n}:00:00") for n in range(5)]
    half(desk, "p.jsonl", *rows[:3])
    assert not desk.merge().failed
    assert ids(desk) == ["0", "1"] and [one["line"] for one in quarantined(desk)] == [3]
    for one in (desk, undisturbed):
        one.put("p.jsonl", *rows, mtime=1_700_000_000)
        assert only(one.merge().taken).rows == 5
    assert ids(desk) == ["0", "1", "2", "3", "4"] and quarantined(desk) == []
    assert desk.bytes("posts", "collected", "quarantine") == undisturbed.bytes("posts", "collected", "quarantine")
    assert desk.merge().taken == []


def test_a_sheet_without_ids_gives_no_post_twice_when_its_half_row_is_whole(desk):
    path, text = desk.inbox / "p.csv", "投稿者,日時,本文\na,2024-01-01 01:00,おはよう\nb,2024-01-01 02:00,こんにちは\n"
    for cut in (-5, None):
        path.write_bytes(text.encode()[:cut])
        desk.merge()
    assert [post["text"] for post in desk.posts()] == ["おはよう", "こんにちは"]


def test_a_file_that_is_replaced_by_another_keeps_what_the_first_gave(desk):
    desk.put("latest.jsonl", row(1), row(2))
    desk.merge()
    desk.put("latest.jsonl", row(3), row(4), row(5))
    desk.merge()
    assert ids(desk) == ["1", "2", "3", "4", "5"]


def test_what_a_copy_of_the_shorter_file_holds_is_not_taken_away_from_it(desk):
    path = desk.put("a.jsonl", row(1))
    shutil.copyfile(path, desk.inbox / "b.jsonl")
    desk.merge()
    desk.put("b.jsonl", row(1), row(2))
    for expected in (["b.jsonl"], []):
        assert [one.path.name for one in desk.merge().taken] == expected
        assert ids(desk) == ["1", "2"]


@pytest.mark.parametrize("size", [500, 1 << 20], ids=["in parts", "at once"])
def test_a_file_that_grows_while_it_is_read_is_named_and_the_rest_comes_next(new_desk, monkeypatch, capsys, size):
    monkeypatch.setattr("pipeline.ingest.parts.cut.__defaults__", (size,))
    desk, undisturbed = new_desk(), new_desk("undisturbed")
    rows = [row(n, when=f"{DAY}T{n % 24:02}:00:00") for n in range(60)]
    path = desk.put("p.jsonl", *rows[:30])
    content = inboxes.Inbox._content

    def growing(self, of):
        found = content(self, of)
        with path.open("ab") as file:  # a collector goes on writing, here to the middle of a line
            file.write(undisturbed.put("p.jsonl", *rows).read_bytes()[path.stat().st_size :][:1000])
        return found

    with monkeypatch.context() as patch:
        patch.setattr(inboxes.Inbox, "_content", growing)
        outcome = desk.merge()
    taken = only(outcome.taken)
    assert taken.growing and not outcome.failed
    capsys.readouterr()
    terminal.Printer(None).file(taken)
    assert capsys.readouterr().out == "still being written: p.jsonl; what is added comes with the next run\n"
    assert 30 <= len(ids(desk)) < 60
    for one in (desk, undisturbed):
        one.put("p.jsonl", *rows, mtime=1_700_000_000)
        assert not only(one.merge().taken).growing
    assert desk.bytes("posts", "quarantine") == undisturbed.bytes("posts", "quarantine")
    assert len(list((desk.store / "collected").rglob("*.parquet"))) == 1


def test_a_file_that_goes_away_while_it_is_read_is_named(desk, monkeypatch):
    path = desk.put("p.jsonl", row(1))
    content = inboxes.Inbox._content

    def gone(self, of):
        found = content(self, of)
        path.unlink()
        return found

    monkeypatch.setattr(inboxes.Inbox, "_content", gone)
    outcome = desk.merge()
    assert outcome.failed and "p.jsonl: cannot be read" in only(outcome.taken).error


# Lines and values.


def test_a_line_too_long_is_one_row_in_quarantine_wherever_it_stands(desk, monkeypatch):
    monkeypatch.setattr("pipeline.ingest.lines.split.__defaults__", (1 << 16, 0))
    monkeypatch.setattr("pipeline.ingest.detect.LONGEST", 1 << 16)
    monkeypatch.setattr("pipeline.ingest.recognise.LONGEST", 1 << 16)
    monkeypatch.setattr("pipeline.ingest.recognise._ASCII_HEAD", 1 << 16)
    for place in (0, 1, 3):
        lines = [json.dumps(row(f"{place}-{n}")) for n in range(3)]
        lines.insert(place, json.dumps(row("long", "a" * 1_000_000)))
        (desk.inbox / f"{place}.jsonl").write_text("\n".join(lines) + "\n")
    assert not desk.merge().failed
    assert ids(desk) == [f"{place}-{n}" for place in (0, 1, 3) for n in range(3)]
    assert sorted(one["line"] for one in quarantined(desk)) == [1, 2, 4]
    assert all("longer than" in one["reason"] and len(one["raw"]) <= 2_000 for one in quarantined(desk))


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_row_of_a_sheet_too_long_is_one_row_in_quarantine(desk, quote, place):
    rows = [f"{n},a,2024-01-01 0{n}:00,朝" for n in range(2)]
    rows.insert(place, f"9,b,2024-01-01 05:00,{quote}{'a' * 3_000_000}{quote}")
    (desk.inbox / "p.csv").write_text("id,author,created_at,text\n" + "\n".join(rows) + "\n")
    assert not desk.merge().failed
    assert [post["post_id"] for post in desk.posts()] == ["sheet:0", "sheet:1"]
    assert [(one["line"], one["reason"]) for one in quarantined(desk)] == [(place + 2, "longer than 1 MiB")]


BAD = {
    "NaN": b'{"id": "x", "created_at": "2024-01-01T00:00:00Z", "text": "x", "score": NaN}',
    "Infinity": b'{"id": "x", "created_at": "2024-01-01T00:00:00Z", "text": "x", "score": -Infinity}',
    "duplicate keys": b'{"id": "x", "id": "y", "created_at": "2024-01-01T00:00:00Z", "text": "x"}',
    "deep nesting": b'{"id": "x", "created_at": "2024-01-01T00:00:00Z", "text": "x", "a": ' + b"[" * 100_000,
    "deep and closed": b'{"id": "x", "text": "x", "a": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001,
    "5,000 digits": b'{"id": "x", "created_at": "2024-01-01T00:00:00Z", "text": "x", "n": ' + b"9" * 5_000 + b"}",
    "id of 5,000 digits": b'{"id": ' + b"9" * 5_000 + b', "created_at": "2024-01-01T00:00:00Z", "text": "x"}',
    "time of 5,000 digits": b'{"id": "x", "created_at": "' + b"9" * 5_000 + b'", "text": "x"}',
    "exponent": b'{"id": "x", "created_at": 1e400, "text": "x"}',
    "a raw control": b'{"id": "x", "created_at": "2024-01-01T00:00:00Z", "text": "a\x00b"}',
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_is_no_json_is_quarantined_with_its_reason_and_the_rest_is_kept(desk, bad):
    good = [json.dumps(row(n)).encode() for n in range(4)]
    (desk.inbox / "p.jsonl").write_bytes(b"\n".join([*good[:2], bad, *good[2:]]) + b"\n")
    assert not desk.merge().failed
    assert ids(desk) == ["0", "1", "2", "3"]
    kept = only(quarantined(desk))
    assert kept["line"] == 3 and kept["reason"] and kept["raw"].startswith('{"id"')


ODD = {
    "nul": "朝\0の\0雨",
    "lone": "朝\ud83dの雨",
    "controls": "".join(map(chr, range(32))) + "朝の雨\x7f\x80\x9b2J",
    "bidi": "\u202e朝の雨\u202c \u2066朝\u2069",
    "zalgo": "朝" + "\u0301\u0335\u0489" * 200 + "の雨",
    "spaces": "\u200b\u2060\ufeff\u3164\u00ad朝の雨",
    "tags": "朝\U000e0041\U000e007fの雨\ufe0f\ufe0f",
    "unassigned": "朝\U000fffff\uffff\ufdd0の雨",
    "nothing": "",
    "blank": "　\n\t ",
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("odd"), Here(), **PLAIN)
    lines = [json.dumps(row(key, text)) for key, text in ODD.items()]  # \u-escapes, as a lone surrogate has no UTF-8
    (desk.inbox / "p.jsonl").write_text("\n".join([*lines, json.dumps(row("plain", "朝の雨"))]))
    shutil.copy(FORMATS / "hostile.jsonl", desk.inbox)
    desk.outcome = desk.run()
    return desk


def test_odd_characters_cost_no_post_and_no_run(odd):
    assert not odd.outcome.failed
    found = {post["post_id"].removeprefix("jsonl:"): post for post in odd.posts() if post["day"] == DAY}
    assert found.keys() == {*ODD, "plain"}
    assert found["nul"]["text"] == ODD["nul"]  # kept as it was written
    assert (found["lone"]["text"], found["lone"]["flags"]) == ("朝\ufffdの雨", ["text=repaired"])
    words = odd.read("tokens", DAY)
    posts = odd.read("posts", DAY)["post_id"].tolist()
    for key in ("controls", "bidi", "zalgo", "spaces", "plain"):
        surfaces = words[words["post"] == posts.index(f"jsonl:{key}")]["surface"].tolist()
        assert "雨" in surfaces, (key, surfaces)


def test_odd_characters_reach_no_output(odd):
    acting = {chr(n) for n in [*range(9), *range(11, 13), *range(14, 32), *range(127, 160), *range(0xD800, 0xE000)]}
    tables = [*(odd.store / "tables").rglob("*.csv"), *(odd.store / "quarantine").rglob("*.jsonl")]
    pages = list((odd.store / "reports").rglob("*.html"))
    assert len(tables) > 3 and len(pages) == 3
    for path in [*tables, *pages]:
        assert not acting & set(path.read_bytes().decode("utf-8-sig")), path
    for path in tables:  # a page shows a post's own directions, each kept within its post
        assert not set("\u202e\u2066\ufeff") & set(path.read_bytes().decode("utf-8-sig")), path


# The same post, and too many rows that are none.


def test_the_same_file_under_another_name_changes_no_byte(desk):
    path = desk.put("a.jsonl", row(1), row(2))
    desk.merge()
    before = desk.bytes("posts", "collected", "quarantine")
    for name in ("b.jsonl", "folder/a.jsonl", "0.jsonl.txt"):
        (desk.inbox / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(path, desk.inbox / name)
        assert desk.merge().taken == []
        assert desk.bytes("posts", "collected", "quarantine") == before


def test_an_edited_post_is_its_last_edit_in_any_order_of_files(new_desk):
    versions = [
        ([row(1, "はじめ"), row(2, "そのまま")], 1_704_100_000),
        ([row(1, "直した", edited_at=f"{DAY}T05:00:00Z")], 1_704_200_000),
        ([row(1, "はじめ")], 1_704_300_000),  # an old copy, collected last
    ]
    stores = []
    for order in itertools.permutations(range(3)):
        desk = new_desk("".join(map(str, order)))
        for n in order:
            desk.put(f"{n}.jsonl", *versions[n][0], mtime=versions[n][1])
            desk.merge()
        assert [post["text"] for post in desk.posts()] == ["直した", "そのまま"]
        stores.append(desk.bytes("posts"))
    assert all(store == stores[0] for store in stores)


def unreadable(count):
    return [{"id": f"bad-{n}", "author": "a", "created_at": "31.12.2023 12:00", "text": "x"} for n in range(count)]


def test_a_file_of_too_many_unusable_rows_is_refused_before_anything_of_it_is_published(desk):
    desk.put("good.jsonl", row("good"))
    desk.put("half.jsonl", *(row(n) for n in range(20)), *unreadable(6))  # 6 of 26 are more than a fifth
    outcome = desk.run()
    assert outcome.failed
    refused = next(one for one in outcome.taken if one.path.name == "half.jsonl")
    assert (
        "6 of 26 rows are unusable (6 of them: created_at: no usable time), so nothing of it is taken" in refused.error
    )
    assert "ingest.most_unusable" in refused.error and refused.rows == 0
    assert ids(desk) == ["good"] and desk.report(DAY)["totals"]["posts"] == 1
    assert len(quarantined(desk)) == 6  # to be looked at
    assert desk.merge().failed  # said again until it is mended, or allowed
    desk.settings = desk.settings.model_copy(
        update={"ingest": desk.settings.ingest.model_copy(update={"most_unusable": 0.25})}
    )
    assert not desk.merge().failed and len(ids(desk)) == 21


def test_a_refused_file_changes_no_report_whenever_it_comes(new_desk):
    stores = []
    for first in ("good", "bad"):
        desk = new_desk(first)
        for name in (first, "bad" if first == "good" else "good"):
            rows = [row("good")] if name == "good" else [row("1"), *unreadable(9)]
            desk.put(f"{name}.jsonl", *rows, mtime=10**9)
            desk.run()
        assert desk.report(DAY)["quarantine"] == [] and len(quarantined(desk)) == 9
        stores.append(desk.bytes("reports"))
    assert stores[0] == stores[1]


def test_few_unusable_rows_refuse_nothing(desk):
    desk.put("small.jsonl", row(1), *unreadable(5))
    desk.put("large.jsonl", *(row(n) for n in range(2, 26)), *unreadable(6))  # 6 of 30: a fifth, not more
    assert not desk.merge().failed
    assert len(ids(desk)) == 25 and len(quarantined(desk)) == 11


def test_a_file_that_grows_into_too_many_unusable_rows_keeps_what_it_gave(desk):
    desk.put("p.jsonl", row(1))
    desk.merge()
    desk.put("p.jsonl", row(1), *unreadable(9))
    assert desk.merge().failed and ids(desk) == ["1"]


def test_reading_ends_where_a_million_rows_are_unusable(desk, monkeypatch):
    monkeypatch.setattr(collect, "MOST_REJECTED", 50)
    (desk.inbox / "p.jsonl").write_text(json.dumps(row(1)) + "\n" + "x\n" * 1_000)
    outcome = desk.merge()
    assert outcome.failed and "more than 50 rows are unusable" in only(outcome.taken).error
    assert len(quarantined(desk)) == 51 and ids(desk) == []
