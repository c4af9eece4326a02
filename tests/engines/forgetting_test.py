"""Posts and authors forgotten: nothing of them is left, nothing brings them back, the days are as if without them."""

import datetime as dt
import json
import os
from collections import Counter

import pyarrow as pa
import pytest
import xlsxwriter
from desk import QUICK, Desk, Here, Silent

from pipeline import files, sealed
from pipeline.engines import forgetting, forgotten, labelling, local
from pipeline.engines.forgetting import Asked
from pipeline.errors import InputError, SettingsError, StoreDamaged
from pipeline.models import labels
from pipeline.models.labels import Answer
from pipeline.store import parquet
from pipeline.store.layout import Layout
from pipeline.tables import TRIALS

ONE, TWO = "2024-01-01", "2024-01-02"
SECRET = "秘密の温泉旅館に泊まっています。とても静かで嬉しい朝です"
COPY = "秘密の温泉旅館に泊まっています。とても静かで嬉しい朝です！"


def post(key, author, text, at=f"{ONE}T10:00:00", **more):
    return {"id": key, "author": author, "created_at": f"{at}+09:00", "text": text, **more}


ROWS = (
    post("1", "ann", SECRET),
    post("2", "bob", "駅伝を家族みんなで見ています"),
    post("3", "cat", f"RT @ann: {SECRET}", repost_of="1"),
    post("4", "cat", "それは本当に羨ましい話です", at=f"{TWO}T09:00:00", reply_to="1"),
    post("5", "ann", "翌日も雪でとても寒い一日でした", at=f"{TWO}T10:00:00"),
)


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path, Here(), **QUICK)
    desk.put("a.jsonl", *ROWS)
    with (desk.inbox / "a.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "1", "author": "ann", "text": "時刻のない行"}\n')
    return desk


def forget(desk, *posts, authors=()):
    asked = Asked(list(enumerate(posts, 1)), list(enumerate(authors, 1)))
    return forgetting.forget(desk.project(), asked, desk.pool, Silent())


def ids(desk):
    return [one["post_id"].removeprefix("jsonl:") for one in desk.posts()]


def skipped(desk, name):
    """Rows of a file that were left out, by rule."""
    notes = [json.loads(path.read_bytes()) for path in (desk.store / "manifests" / "files").glob("*.json")]
    found = Counter()
    for tally in next(note for note in notes if note["name"] == name)["days"].values():
        found.update(tally["skipped"])
    return found


def holding(desk, *strings):
    """The files of the store that hold a string plainly or in Parquet."""
    from pipeline.store.search import Search, Strings, files

    look = Search(Strings(strings))
    return [str(path.relative_to(desk.store)) for path in files(desk.store) if look.file(path)]


def test_a_post_goes_from_every_file_with_its_repost_and_references(desk):
    desk.run()
    assert len(holding(desk, SECRET[:14])) > 5  # collected, posts, tokens, summary, reports
    done = forget(desk, "jsonl:1")
    assert ids(desk) == ["2", "4", "5"]
    assert holding(desk, SECRET[:14], "jsonl:1") == []
    assert {one["reply_to"] for one in desk.posts()} == {None}
    assert done.removed == {"rows of posts": 2, "references": 1, "rejected rows": 1}
    assert done.days == [ONE, TWO]
    assert (done.proof.clean, done.proof.found, done.proof.left_out) == (True, {}, 0)
    assert done.proof.texts > 0
    assert desk.report(ONE)["totals"]["posts"] == 1
    assert not Layout(desk.store).forgetting.exists()
    assert Layout(desk.store).forgotten.exists()
    assert [(line, file) for _, line, file in done.inbox] == [(1, "a.jsonl"), (3, "a.jsonl"), (6, "a.jsonl")]
    assert desk.run().days == []  # nothing is out of date


def test_later_days_are_compared_with_what_is_left(desk):
    desk.run()
    before = {row[1]: row[-1] for row in desk.report(TWO)["tables"]["adjectives"]["rows"]}
    assert before["寒い"] is None
    desk.put("b.jsonl", post("6", "dan", "昨日は寒い寒い夜でした"))
    desk.run()
    assert next(r for r in desk.report(TWO)["tables"]["adjectives"]["rows"] if r[1] == "寒い")[-1] is not None
    forget(desk, "jsonl:6")
    assert next(r for r in desk.report(TWO)["tables"]["adjectives"]["rows"] if r[1] == "寒い")[-1] is None


def test_the_first_copy_goes_and_the_second_counts_for_itself(desk):
    desk.put("b.jsonl", post("7", "dan", COPY, at=f"{ONE}T11:00:00"))
    desk.merge()
    assert next(p for p in desk.posts() if p["post_id"] == "jsonl:7")["duplicate_of"] == "jsonl:1"
    done = forget(desk, "jsonl:1")
    assert next(p for p in desk.posts() if p["post_id"] == "jsonl:7")["duplicate_of"] is None
    assert (done.proof.clean, done.proof.left_out) == (True, 2)  # another says the same: proved by ids alone


def test_a_file_that_brings_it_again_gives_nothing_and_is_counted(desk):
    desk.run()
    forget(desk, "jsonl:1")
    desk.put("again.jsonl", *ROWS, post("8", "eve", "新しい投稿をひとつ書きました"))
    desk.run()
    assert ids(desk) == ["2", "8", "4", "5"]
    assert holding(desk, SECRET[:14], "jsonl:1") == []
    file = next(one for one in desk.report(ONE)["files"] if one["name"] == "again.jsonl")
    assert (file["read"], file["kept"] + file["repeated"], file["skipped"]) == (4, 2, {"forgotten": 2})


def test_the_file_that_held_it_is_counted_as_a_new_one_would_be(desk, tmp_path):
    desk.run(through="count")
    forget(desk, "jsonl:1")
    other = Desk(tmp_path / "other", Here(), **QUICK)
    other.salted_like(desk)
    Layout(other.store).forgotten.write_bytes(Layout(desk.store).forgotten.read_bytes())
    (other.inbox / "a.jsonl").write_bytes((desk.inbox / "a.jsonl").read_bytes())
    os.utime(other.inbox / "a.jsonl", ns=(0, (desk.inbox / "a.jsonl").stat().st_mtime_ns))
    other.run(through="count")
    kinds = ("collected", "posts", "tokens", "counts", "quarantine", "manifests/files")
    assert desk.bytes(*kinds) == other.bytes(*kinds) != {}


@pytest.mark.parametrize("line", ["ann", "@ann", "jsonl:ann", "＠ann", "HASH"])
def test_an_author_goes_and_is_skipped_from_then_on(desk, line):
    desk.merge()
    hashed = next(p["author"] for p in desk.posts() if p["post_id"] == "jsonl:1")
    done = forget(desk, authors=[line.replace("HASH", hashed)])
    assert ids(desk) == ["2", "4"]
    assert (done.posts, done.authors, done.unknown, done.proof.clean) == (3, 1, [], True)
    assert holding(desk, SECRET[:14], hashed) == ["forgotten.parquet"]  # the tombstone
    desk.put("b.jsonl", post("9", "ann", "また来ました"), post("10", "dan", "RT @ann: また来ました", repost_of="9"))
    desk.merge()
    assert ids(desk) == ["2", "4"]
    assert skipped(desk, "b.jsonl") == {"forgotten": 2}


def test_an_author_by_plain_name(tmp_path):
    desk = Desk(tmp_path, Here(), privacy={"authors": "plain"}, **QUICK)
    desk.put("a.jsonl", *ROWS)
    desk.merge()
    forget(desk, authors=["ann"])
    assert ids(desk) == ["2", "4"]
    desk.put("b.jsonl", post("9", "ann", "また来ました"))
    desk.merge()
    assert ids(desk) == ["2", "4"]
    assert parquet.read(Layout(desk.store).forgotten)["kind"].to_pylist().count("author") == 1


def test_what_is_not_in_the_store_is_kept_out_all_the_same(desk):
    desk.merge()
    done = forget(desk, "x:99", authors=["zoe"])
    assert done.unknown == ["x:99", "zoe"]
    desk.put("b.jsonl", post("11", "zoe", "はじめまして"))
    desk.merge()
    assert "11" not in ids(desk)


def test_a_line_that_names_nothing_or_two_changes_nothing(new_desks):
    desk = new_desks(ingest={"sources": [{"match": "b*", "network": "other"}]})
    desk.put("a.jsonl", *ROWS)
    desk.put("b.jsonl", *ROWS, post("20", "bob", "別の網の投稿"))
    desk.merge()
    before = desk.bytes(".")
    with pytest.raises(SettingsError, match="line 2: 77 is no post_id"):
        forget(desk, "jsonl:1", "77")
    with pytest.raises(SettingsError, match="line 1: 1 names jsonl:1 and other:1"):
        forget(desk, "1")
    with pytest.raises(SettingsError, match="line 1: ann names jsonl:ann and other:ann"):
        forget(desk, authors=["ann"])
    assert desk.bytes(".") == before
    forget(desk, authors=["other:ann"])
    assert [p["post_id"] for p in desk.posts() if p["post_id"].endswith(":1")] == ["jsonl:1"]


@pytest.fixture
def new_desks(tmp_path):
    return lambda **settings: Desk(tmp_path / "desk", Here(), **QUICK, **settings)


@pytest.mark.parametrize(("content", "reason"), [(b"", "empty"), (b"\xff\xfe", "not UTF-8"), (None, "cannot be read")])
def test_a_file_of_names_that_cannot_be_used(tmp_path, content, reason):
    path = tmp_path / "ids"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=reason):
        forgetting.read_lines(path)


def test_lines_are_read_with_their_numbers(tmp_path):
    (tmp_path / "ids").write_bytes("\ufeffx:1\r\n\r\n  x:2  \n".encode())
    assert forgetting.read_lines(tmp_path / "ids") == [(1, "x:1"), (3, "x:2")]


# What people and models made of posts.


def test_labels_queues_and_cards_lose_it_and_models_are_named(desk):
    desk.merge()
    layout = Layout(desk.store)
    when = dt.datetime(2024, 1, 3, tzinfo=dt.UTC)
    given = [Answer(f"jsonl:{n}", "mood", "good", "me", when, labels.GOLD, "", 1) for n in (1, 2)]
    labelling.save(layout, "mood", labels.merge(labels.as_table([]), given))
    queue = layout.queue(dt.date(2024, 1, 1))
    queue.mkdir(parents=True)
    for name, key in (("mood", "1"), ("topic", "2")):
        (queue / f"{name}.csv").write_text(f"post_id,text\r\njsonl:{key},あ\r\n", encoding="utf-8-sig")
        (queue / f"{name}.html").write_text(SECRET if key == "1" else "別")
        (queue / f"{name}.xlsx").write_bytes(b"")
    version = desk.store / "models" / "mood" / "versions" / "0001"
    version.mkdir(parents=True)
    (version / "version.json").write_bytes(sealed.dumps({}))
    forgotten.remember(layout, "mood", 1, [SECRET, "他の文"])
    assert layout.learned("mood", 1).stat().st_mode & 0o777 == 0o600
    card = layout.cards("mood", 1)
    row = {"part": "train", "label": "good", "origin": "gold", "learned": True}
    rows = [{"post_id": f"jsonl:{n}", **row} for n in (1, 2)]
    parquet.write(desk.store, card / "posts.parquet", TRIALS, [pa.Table.from_pylist(rows, TRIALS)])
    flips = [{"post_id": f"jsonl:{n}", "text": text} for n, text in ((1, SECRET), (2, "駅伝"))]
    (card / "card.json").write_text(json.dumps({"flips": flips}))
    body = "".join(f'<tr><td class="post-text" lang="ja">{one["text"]}</td><td>x</td></tr>\n' for one in flips)
    (card / "card.html").write_text(f"<table><tbody>{body}</tbody></table>")

    done = forget(desk, "jsonl:1")
    assert done.models == {"mood/0001": 1}
    assert labelling.load(layout, "mood")["post_id"].to_pylist() == ["jsonl:2"]
    assert sorted(path.name for path in queue.iterdir()) == ["topic.csv", "topic.html", "topic.xlsx"]
    assert parquet.read(card / "posts.parquet")["post_id"].to_pylist() == ["jsonl:2"]
    assert [flip["post_id"] for flip in json.loads((card / "card.json").read_bytes())["flips"]] == ["jsonl:2"]
    assert (card / "card.html").read_text().count("<tr>") == 1
    assert done.proof.clean
    assert "駅伝" in (card / "card.html").read_text()


@pytest.mark.parametrize("left", [".csv", ".html", ".xlsx"])
def test_a_queue_is_known_by_any_of_its_files_and_however_somebody_saved_it(desk, left):
    desk.merge()
    queue = Layout(desk.store).queue(dt.date(2024, 1, 1))
    queue.mkdir(parents=True)
    if left == ".xlsx":
        book = xlsxwriter.Workbook(queue / "mood.xlsx")
        book.add_worksheet().write("A2", "jsonl:1")
        book.close()
    else:
        (queue / f"mood{left}").write_bytes("post_id,本文\r\njsonl:1,温泉\r\n".encode("cp932"))  # as Excel may save it
    (queue / "topic.csv").write_bytes(b"post_id,text\r\njsonl:11,x\r\n")
    done = forget(desk, "jsonl:1")
    assert [path.name for path in queue.iterdir()] == ["topic.csv"]
    assert done.proof.clean and done.removed["label queues"] == 1


def test_nothing_is_changed_where_a_sweep_could_not_be_ended(desk):
    desk.run()
    [piece] = (desk.store / "collected" / f"date={TWO}").iterdir()
    data = bytearray(piece.read_bytes())
    data[len(data) // 2] ^= 1
    piece.write_bytes(data)
    before = desk.bytes("collected", "posts", "manifests")
    with pytest.raises(StoreDamaged, match=rf"collected/date={TWO}.*hibi doctor"):
        forget(desk, "jsonl:1")
    assert desk.bytes("collected", "posts", "manifests") == before
    assert not Layout(desk.store).forgetting.exists()
    desk.run(verify=True)
    assert forget(desk, "jsonl:1").proof.clean


def test_standard_input_that_was_kept_goes(desk):
    spool = desk.store / "stdin"
    spool.mkdir(parents=True)
    (spool / "stdin-1").write_bytes((desk.inbox / "a.jsonl").read_bytes())
    desk.run(inbox=spool, until=dt.date(1, 1, 1))
    done = forget(desk, "jsonl:1")
    assert list(spool.iterdir()) == []
    assert done.removed["standard input"] == 1
    assert done.inbox == []


def test_a_deletion_notice_says_no_more_than_the_tombstone(tmp_path):
    desk = Desk(tmp_path, Here(), **QUICK)
    day = 1_704_100_000
    delete = {"operation": "delete", "collection": "app.bsky.feed.post", "rkey": "a1"}
    notice = {"did": "did:plc:ann", "time_us": day * 1_000_000, "kind": "commit", "commit": delete}
    create = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": "a1"}
    record = {"createdAt": f"{ONE}T12:00:00+09:00", "text": SECRET}
    made = {"did": "did:plc:ann", "time_us": day * 1_000_000, "kind": "commit", "commit": create | {"record": record}}
    desk.put("a.jsonl", made, notice)
    desk.merge()
    [name] = parquet.read(next((desk.store / "removals").glob("*.parquet")))["post_id"].to_pylist()
    assert holding(desk, SECRET[:14])  # what a network's notice hides is still collected
    done = forget(desk, name)
    assert (done.posts, done.removed["deletion notices"], done.proof.clean) == (1, 1, True)
    assert not list((desk.store / "removals").glob("*"))
    assert not list((desk.store / "exclusions").glob("*"))


# The proof.


def test_the_proof_finds_what_is_left_and_does_not_call_it_done(desk):
    import gzip

    desk.merge()
    (desk.store / "notes.txt.gz").write_bytes(gzip.compress(f"写し：{SECRET}".encode()))
    (desk.store / "labels").mkdir()
    (desk.store / "labels" / "mine.txt").write_text("see jsonl:1, please")
    done = forget(desk, "jsonl:1")
    assert not done.proof.clean
    assert set(done.proof.found) == {"notes.txt.gz", "labels/mine.txt"}
    assert Layout(desk.store).forgetting.exists()
    (desk.store / "notes.txt.gz").unlink()
    (desk.store / "labels" / "mine.txt").unlink()
    again = forget(desk)
    assert again.proof.clean and again.posts == 2
    assert not Layout(desk.store).forgetting.exists()


def test_links_in_other_peoples_words_stay_and_are_told(desk):
    desk.put("b.jsonl", post("12", "dan", "これを見て https://example.jp/p/17745795818107 すごい"))
    desk.put("c.jsonl", post("17745795818107", "ann2", SECRET + "二度目の滞在"))
    desk.merge()
    done = forget(desk, "jsonl:17745795818107")
    assert done.proof.elsewhere == ["17745795818107"]
    assert done.proof.clean
    assert "12" in ids(desk)


# Killed.


class Killed(BaseException):
    """Stands for SIGKILL: no handler of errors sees it."""


def test_killed_after_any_write_a_second_one_ends_it(tmp_path, monkeypatch):
    def kill(_process, _signal):
        raise Killed

    whole = Desk(tmp_path / "whole", Here())
    whole.put("a.jsonl", *ROWS, mtime=1_704_300_000)
    whole.merge()
    forget(whole, "jsonl:1")
    kinds = ("collected", "posts", "forgotten.parquet", "manifests/files", "manifests/days")
    wanted, number, killed = whole.bytes(*kinds), 0, True
    monkeypatch.setattr(files.os, "kill", kill)
    while killed:
        number += 1
        desk = Desk(tmp_path / f"{number}", Here())
        desk.salted_like(whole)
        desk.put("a.jsonl", *ROWS, mtime=1_704_300_000)
        desk.merge()
        monkeypatch.setattr(files, "_numbers", iter(range(1, 10_000)))
        monkeypatch.setattr(files, "_fault", f"renamed:{number}")
        try:
            forget(desk, "jsonl:1")
            killed = False
        except Killed:
            pass
        monkeypatch.setattr(files, "_fault", "")
        done = forget(desk, "jsonl:1")
        assert done.proof.clean, number
        assert holding(desk, SECRET[:14]) == [], number
        assert desk.bytes(*kinds) == wanted, number
    assert number > 8


def test_a_run_after_a_kill_shows_nothing_of_it(desk, monkeypatch):
    desk.merge()

    def killed(*_):
        raise Killed

    monkeypatch.setattr(local, "refresh", killed)
    with pytest.raises(Killed):
        forget(desk, "jsonl:1")
    monkeypatch.undo()
    desk.merge()
    assert ids(desk) == ["2", "4", "5"]
    assert holding(desk, SECRET[:14]) == []  # the plan writes its texts as escapes
    done = forget(desk)
    assert done.proof.clean and done.posts == 2


def test_days_are_made_anew_as_far_as_they_were(desk):
    desk.run(through="count")
    done = forget(desk, "jsonl:1")
    assert done.days == [ONE, TWO]
    assert not (desk.store / "reports" / ONE).exists()
    assert ids(desk) == ["2", "4", "5"]
