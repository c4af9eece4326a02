"""Which files of an inbox are new, and what a file gives when it is read again."""

import gzip
import io
import json
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from desk import FORMATS, Desk, Here

from pipeline import terminal
from pipeline.engines import inbox
from pipeline.errors import LostWorker, SettingsError
from pipeline.settings import Settings
from pipeline.store.layout import Layout

DAY, NEXT = "2024-01-01", "2024-01-02"
BROKEN = gzip.compress(b'{"id": "9", "text": "a", "created_at": "2024-01-01T00:00:00Z"}\n' * 50)[:-20]


@pytest.fixture
def new_desk(tmp_path):
    def make(name="desk", **settings):
        return Desk(tmp_path / name, Here(), privacy={"authors": "plain"}, **settings)

    return make


def naive(key, when, text="静かな朝"):
    return {"id": key, "author": f"a-{key}", "created_at": when, "text": text}


def ids(desk):
    return [(post["day"], post["post_id"]) for post in desk.posts()]


def names(desk, kind):
    return sorted(path.stem for path in (desk.store / kind).rglob("*") if path.is_file())


def again(desk, **settings):
    """Take in with other settings."""
    desk.settings = Settings.model_validate(desk.settings.model_dump() | settings)
    return desk.merge()


def sources(*rules):
    return {"ingest": {"sources": rules}}


def copy(name, folder):
    shutil.copy(FORMATS / name, folder / name)
    (folder / name).chmod(0o644)
    return folder / name


# Which files are looked at.


def test_files_come_in_order_each_once_and_hidden_ones_not_at_all(tmp_path):
    for name in ("b.jsonl", "a/c.jsonl", ".hidden", ".folder/d.jsonl", "a/.e.jsonl", "a/f"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "b.jsonl")
    found = list(inbox.paths([tmp_path, tmp_path / "a", tmp_path / "b.jsonl"], tmp_path / "store"))
    assert [str(path.relative_to(tmp_path)) for path in found] == ["a/c.jsonl", "a/f", "b.jsonl"]


def test_a_hidden_file_that_is_named_is_read(tmp_path):
    path = tmp_path / ".posts.jsonl"
    path.write_text("")
    assert list(inbox.paths([path], tmp_path / "store")) == [path]


def test_a_store_inside_the_inbox_is_never_taken_for_posts(new_desk):
    desk = new_desk()
    desk.store = desk.inbox / "store"
    desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "読む"), {"id": "x"})
    for number in (1, 0, 0):
        assert len(desk.merge().taken) == number  # not the quarantine, either, which is JSON lines
    assert ids(desk) == [(DAY, "jsonl:1")]


def test_an_inbox_inside_the_store_is_read_and_one_that_is_the_store_is_refused(new_desk):
    desk = new_desk()
    desk.store = desk.inbox.parent
    desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "読む"))
    desk.merge()
    assert ids(desk) == [(DAY, "jsonl:1")]
    with pytest.raises(SettingsError, match="is the store itself"):
        desk.run(inbox=desk.store)


def test_a_name_that_is_no_utf_8_costs_no_post(new_desk):
    desk = new_desk()
    path = desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "読む"), {"id": "x"})
    path.rename(os.fsdecode(os.fsencode(path.parent) + b"/\xff.jsonl"))
    assert not desk.run().failed
    assert ids(desk) == [(DAY, "jsonl:1")]
    assert [file["name"] for file in desk.report(DAY)["files"]] == ["\ufffd.jsonl"]
    assert desk.merge().taken == []


@pytest.mark.parametrize("folder", [".local/share/posts", ".inbox"])
def test_an_inbox_below_a_hidden_folder_is_read(new_desk, folder):
    desk = new_desk()
    desk.inbox = desk.inbox / folder
    desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "読む"))
    desk.put(".b.jsonl", ("2", f"{DAY}T01:00:00", "読まない"))
    desk.merge()
    assert ids(desk) == [(DAY, "jsonl:1")]


def test_a_file_that_cannot_be_opened_for_a_night_is_what_it_was(new_desk, monkeypatch):
    desk = new_desk()
    path = desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "読む"))
    desk.merge()
    with monkeypatch.context() as patch:
        patch.setattr(inbox.Inbox, "_content", shut)
        os.utime(path, (9, 9))
        [taken] = desk.merge().taken
        assert "cannot be read" in taken.error
    desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "読む"), ("2", f"{DAY}T02:00:00", "続く"))
    desk.merge()
    assert len(names(desk, "collected")) == 1  # it grew: what it gave before is not kept beside it


def shut(*_):
    raise PermissionError(13, "Permission denied")


# A file is known by its content.


def test_the_same_content_under_two_names_counts_once(new_desk):
    desk = new_desk()
    for name in ("b.jsonl", "a.jsonl", "folder/c.jsonl"):
        desk.put(name, ("1", f"{DAY}T01:00:00", "一度"))
    taken = desk.merge().taken
    assert [t.path.name for t in taken] == ["a.jsonl"]
    assert ids(desk) == [(DAY, "jsonl:1")]
    assert len(names(desk, "collected")) == 1
    assert desk.merge().taken == []


def test_a_copy_adds_nothing_even_where_its_name_has_other_rules(new_desk):
    desk = new_desk(**sources({"match": "b*", "network": "other"}))
    desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "一度"))
    desk.merge()
    desk.put("b.jsonl", ("1", f"{DAY}T01:00:00", "一度"))
    for _ in range(2):
        assert desk.merge().taken == []
        assert ids(desk) == [(DAY, "jsonl:1")]


def test_a_renamed_file_is_not_read_again(new_desk):
    desk = new_desk()
    path = desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "一度"))
    desk.merge()
    path.rename(path.with_name("b.jsonl"))
    assert desk.merge().taken == []


def test_a_touched_file_is_looked_at_and_found_to_be_known(new_desk):
    desk = new_desk()
    path = desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "一度"))
    desk.merge()
    pieces = desk.bytes("collected")
    os.utime(path, (1, 1))
    assert desk.merge().taken == []
    assert desk.bytes("collected") == pieces


def test_a_file_that_grows_gives_what_is_new_and_what_was_there_once(new_desk):
    desk = new_desk()
    rows = [("1", f"{DAY}T01:00:00", "一"), ("2", f"{DAY}T02:00:00", "二")]
    desk.put("a.jsonl", rows[0])
    desk.merge()
    desk.put("a.jsonl", *rows)
    assert [t.rows for t in desk.merge().taken] == [2]
    assert ids(desk) == [(DAY, "jsonl:1"), (DAY, "jsonl:2")]


def test_a_file_that_goes_away_keeps_what_it_gave(new_desk):
    desk = new_desk()
    desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "一度"))
    desk.merge()
    (desk.inbox / "a.jsonl").unlink()
    assert desk.merge().taken == []
    assert ids(desk) == [(DAY, "jsonl:1")]


def test_forcing_reads_a_file_again_and_gives_the_same(new_desk):
    desk = new_desk()
    desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "一度"))
    desk.merge()
    pieces = desk.bytes("collected")
    assert [t.rows for t in desk.run(force="ingest").taken] == [1]
    assert desk.bytes("collected") == pieces


def test_forcing_reads_one_of_two_copies_again(new_desk):
    desk = new_desk()
    for name in ("a.jsonl", "b.jsonl"):
        desk.put(name, ("1", f"{DAY}T01:00:00", "一度"))
    desk.merge()
    assert [t.path.name for t in desk.run(force="ingest").taken] == ["a.jsonl"]


# A file that fails.


def test_a_damaged_file_is_named_in_each_run_until_it_is_mended(new_desk):
    desk = new_desk()
    path = desk.inbox / "a.jsonl.gz"
    path.write_bytes(BROKEN)
    for _ in range(2):
        outcome = desk.merge()
        assert outcome.failed and [t.path for t in outcome.taken] == [path]
        assert "a.jsonl.gz" in outcome.taken[0].error
    path.write_bytes(gzip.compress(b'{"id": "9", "text": "a", "created_at": "2024-01-01T00:00:00Z"}\n'))
    assert not desk.merge().failed
    assert not desk.merge().failed


def test_a_damaged_file_is_named_in_each_run_even_where_it_lies_there_twice(new_desk):
    desk = new_desk()
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        (desk.inbox / name).write_bytes(BROKEN)
    for _ in range(2):
        assert desk.merge().failed


def test_what_came_before_the_damage_is_kept(new_desk):
    desk = new_desk()
    (desk.inbox / "a.jsonl.gz").write_bytes(BROKEN)
    desk.merge()
    assert ids(desk) == [(DAY, "jsonl:9")]


def test_a_file_that_cannot_be_opened_is_named(new_desk, monkeypatch):
    desk = new_desk()
    refused = desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "一"))
    desk.put("b.jsonl", ("2", f"{DAY}T01:00:00", "二"))
    opened = Path.open

    def guarded(path, *arguments, **named):
        if path == refused:
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", guarded)  # the tests may run as root, whom no right stops
    outcome = desk.merge()
    assert outcome.failed
    assert [(t.path.name, t.error is None) for t in outcome.taken] == [("a.jsonl", False), ("b.jsonl", True)]
    assert "Permission denied" in outcome.taken[0].error
    assert ids(desk) == [(DAY, "jsonl:2")]


# Other settings.


def test_a_source_whose_rules_change_is_read_again_and_its_old_rows_go(new_desk):
    desk = new_desk(**sources({"match": "a*", "timezone": "UTC"}))
    desk.put("a.jsonl", naive("1", f"{DAY}T20:00:00"), naive("2", f"{NEXT}T01:00:00"), naive("3", "never"))
    desk.put("b.jsonl", ("4", f"{DAY}T01:00:00", "他"))
    desk.merge()
    assert ids(desk) == [(DAY, "jsonl:4"), (NEXT, "jsonl:1"), (NEXT, "jsonl:2")]  # 20:00 in London
    before = names(desk, "quarantine")
    outcome = again(desk, **sources({"match": "a*", "timezone": "Asia/Tokyo"}))
    assert [(t.path.name, t.rows) for t in outcome.taken] == [("a.jsonl", 2)]
    assert ids(desk) == [(DAY, "jsonl:4"), (DAY, "jsonl:1"), (NEXT, "jsonl:2")]
    assert len(names(desk, "quarantine")) == len(before) == 1 and names(desk, "quarantine") != before
    assert len(names(desk, "manifests/files")) == 2


def test_old_removals_go_with_the_old_rows(new_desk):
    desk = new_desk(**sources({"match": "a*", "server": "one.example"}))
    copy("bluesky_jetstream.jsonl", desk.inbox).rename(desk.inbox / "a.jsonl")
    desk.merge()
    before = names(desk, "removals")
    again(desk, **sources({"match": "a*", "server": "two.example"}))
    assert len(names(desk, "removals")) == len(before) == 1 and names(desk, "removals") != before


def test_rules_for_other_files_change_nothing(new_desk):
    desk = new_desk()
    desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "一"))
    desk.merge()
    assert again(desk, **sources({"match": "sheet*", "serial_dates": True})).taken == []


def test_private_posts_come_when_they_are_asked_for_and_go_when_not(new_desk):
    desk = new_desk()
    copy("misskey_notes.json", desk.inbox)
    desk.merge()
    public = ids(desk)
    again(desk, ingest={"private": True})
    assert len(ids(desk)) == len(public) + 1
    again(desk, ingest={"private": False})
    assert ids(desk) == public


def test_rows_that_settings_make_readable_leave_quarantine(new_desk):
    desk = new_desk()
    desk.put("a.jsonl", naive("1", f"{DAY}T01:00:00+09:00"), naive("2", "31.12.2023 01:00"))
    desk.put("b.jsonl", ("3", f"{DAY}T01:00:00", "残る"))
    desk.merge()
    assert ids(desk) == [(DAY, "jsonl:1"), (DAY, "jsonl:3")]
    again(desk, **sources({"match": "a*", "time_format": "%d.%m.%Y %H:%M"}))
    assert ids(desk) == [("2023-12-31", "jsonl:2"), (DAY, "jsonl:3")]
    rejected = [json.loads(path.read_text())["line"] for path in (desk.store / "quarantine").rglob("*.jsonl")]
    assert rejected == [1]  # the line that was readable before


def test_authors_are_hashed_anew_when_privacy_changes(new_desk):
    desk = new_desk()
    desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "一"))
    desk.merge()
    assert [post["author"] for post in desk.posts()] == ["a-1"]
    again(desk, privacy={"authors": "hash"})
    assert [len(post["author"]) for post in desk.posts()] == [16]
    assert b"a-1" not in b"".join(desk.bytes("collected", "posts").values())


# Files that change how another is read.

ARCHIVE = ("x_archive_account.js", "x_archive_note_tweet.js")


def authors_and_longest(desk):
    return {post["author"] for post in desk.posts()}, max(len(post["text"]) for post in desk.posts())


def test_an_account_file_that_comes_later_gives_the_author(new_desk):
    desk, whole = new_desk(), new_desk("whole")
    for one in (desk, whole):
        copy("x_archive_tweets.js", one.inbox)
    for name in ARCHIVE:
        copy(name, whole.inbox)
    whole.merge()
    desk.merge()
    assert authors_and_longest(desk)[0] == {None}
    for name in ARCHIVE:
        copy(name, desk.inbox)
        desk.merge()
    assert authors_and_longest(desk) == authors_and_longest(whole)
    assert authors_and_longest(whole)[0] == {"mikan_taro"}
    assert len(desk.posts()) == len(whole.posts()) == 4
    assert len(set(names(desk, "collected"))) == 1


def test_an_account_file_that_comes_later_makes_its_file_be_read_once(new_desk):
    desk = new_desk()
    copy("x_archive_tweets.js", desk.inbox)
    desk.merge()
    copy("x_archive_account.js", desk.inbox)
    assert sorted((t.path.name, t.foreign) for t in desk.merge().taken) == [
        ("x_archive_account.js", True),
        ("x_archive_tweets.js", False),
    ]
    assert desk.merge().taken == []


# Standard input.


def spooled(monkeypatch, folder, data):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    return terminal.spool(folder)


def test_standard_input_is_a_file_named_by_its_content(monkeypatch, tmp_path):
    folder = tmp_path / "store" / "stdin"
    line = json.dumps({"id": "1", "created_at": f"{DAY}T01:00:00+09:00", "text": "一"}).encode() + b"\n"
    first = spooled(monkeypatch, folder, line)
    assert first.read_bytes() == line
    assert spooled(monkeypatch, folder, line) == first
    assert spooled(monkeypatch, folder, line * 2) != first
    assert len(list(folder.iterdir())) == 2  # no drafts are left


def test_standard_input_is_read_like_any_file_and_once(monkeypatch, new_desk):
    desk = new_desk()
    rows = b"".join(json.dumps(naive(str(n), f"{DAY}T0{n}:00:00+09:00")).encode() + b"\n" for n in range(3))
    for data, taken in ((gzip.compress(rows, mtime=0), 1), (gzip.compress(rows, mtime=0), 0)):
        path = spooled(monkeypatch, desk.store / "stdin", data)
        outcome = desk.run(inbox=path)
        assert len(outcome.taken) == taken
    desk.merge()
    assert ids(desk) == [(DAY, f"jsonl:{n}") for n in range(3)]


def test_empty_standard_input_is_no_posts(monkeypatch, new_desk):
    desk = new_desk()
    outcome = desk.run(inbox=spooled(monkeypatch, desk.store / "stdin", b""))
    assert [t.foreign for t in outcome.taken] == [True]


MANY = [(str(n), f"2024-01-0{1 + n % 3}T12:00:00", f"朝の{n}杯目のコーヒー") for n in range(90)]


def test_a_large_file_read_in_parts_gives_the_same_bytes(new_desk, monkeypatch):
    whole = new_desk("whole")
    whole.put("a.jsonl", *MANY, mtime=1_704_300_000)
    whole.merge()
    monkeypatch.setattr("pipeline.ingest.parts.cut.__defaults__", (500,))
    parted = new_desk("parted")
    parted.put("a.jsonl", *MANY, mtime=1_704_300_000)
    parted.merge()
    files = sorted(p.relative_to(whole.store) for p in whole.store.glob("posts/*/*.parquet"))
    assert len(files) == 3
    assert all((parted.store / name).read_bytes() == (whole.store / name).read_bytes() for name in files)


def test_a_part_whose_reader_dies_is_named_and_the_others_are_kept(new_desk, monkeypatch):
    monkeypatch.setattr("pipeline.ingest.parts.cut.__defaults__", (500,))
    desk = new_desk()
    desk.put("a.jsonl", *MANY)

    def spread(job, items):
        return [LostWorker("died") if n == 1 else job(*item) for n, item in enumerate(items)]

    reading = inbox.Inbox(desk.settings, Layout(desk.store), spread)
    [taken] = reading.take([desk.inbox])
    assert taken.error is not None and "a.jsonl: its reader died in the lines after" in taken.error
    assert 0 < taken.rows < len(MANY)
