"""Deleted and moved posts: what is left of the days, whatever the order in which files came."""

import itertools

import pytest
from desk import NEVER, Desk, Here

from pipeline.engines.exclusions import update
from pipeline.store import parquet
from pipeline.store.layout import Layout

ONE, TWO, THREE = "2024-01-01", "2024-01-02", "2024-01-03"
EARLY, LATE = 1_704_300_000, 1_704_400_000  # when files were collected, after all of the days


@pytest.fixture
def new_desk(tmp_path):
    def make(name="desk", **settings):
        return Desk(tmp_path / name, Here(), privacy={"authors": "plain"}, **settings)

    return make


def event(did, second, **more):
    return {"did": f"did:plc:{did}", "time_us": (1_704_100_000 + second) * 1_000_000, **more}


def commit(operation, key, **record):
    found = {"operation": operation, "collection": "app.bsky.feed.post", "rkey": key}
    return {"kind": "commit", "commit": found | ({"record": record} if record else {})}


def skeet(did, key, second=0, at=f"{ONE}T12:00:00+09:00"):
    return event(did, second, **commit("create", key, createdAt=at, text=f"{did}の{key}"))


def deletion(did, key, second=900):
    return event(did, second, **commit("delete", key))


def account_gone(did, status="deleted", second=950):
    return event(did, second, kind="account", account={"active": False, "status": status})


def left(desk):
    """(day, last part of the id) of all posts."""
    return [(post["day"], post["post_id"].rpartition(":")[2].rpartition("/")[2]) for post in desk.posts()]


def excluded(desk):
    return {
        (path.stem.removeprefix("date="), row["post_id"].rpartition("/")[2], row["reason"])
        for path in (desk.store / "exclusions").glob("*.parquet")
        for row in parquet.read(path).to_pylist()
    }


def test_a_deleted_account_loses_its_posts_of_all_days_and_files(new_desk):
    desk = new_desk()
    desk.put("a.jsonl", skeet("ann", "a1"), skeet("bob", "b1"))
    desk.put("b.jsonl", skeet("ann", "a2", at=f"{TWO}T01:00:00+09:00"), skeet("bob", "b2", at=f"{TWO}T02:00:00+09:00"))
    desk.merge()
    assert left(desk) == [(ONE, "a1"), (ONE, "b1"), (TWO, "a2"), (TWO, "b2")]
    desk.put("c.jsonl", account_gone("ann"))
    desk.merge()
    assert left(desk) == [(ONE, "b1"), (TWO, "b2")]
    assert excluded(desk) == {(ONE, "a1", "deleted"), (TWO, "a2", "deleted")}


def test_posts_that_come_after_the_notice_are_deleted_too(new_desk):
    desk = new_desk()
    desk.put("a.jsonl", account_gone("ann"), deletion("bob", "b1"))
    desk.merge()
    desk.put("b.jsonl", skeet("ann", "a1"), skeet("bob", "b1"), skeet("bob", "b2"))
    desk.merge()
    assert left(desk) == [(ONE, "b2")]


@pytest.mark.parametrize(("status", "stays"), [("deleted", False), ("takendown", False), ("deactivated", True)])
def test_an_account_that_only_sleeps_keeps_its_posts(new_desk, status, stays):
    desk = new_desk()
    desk.put("a.jsonl", skeet("ann", "a1"), skeet("bob", "b1"), account_gone("ann", status))
    desk.merge()
    assert ((ONE, "a1") in left(desk)) is stays


def test_hashed_authors_are_deleted_as_well(tmp_path):
    desk = Desk(tmp_path, Here())
    desk.put("a.jsonl", skeet("ann", "a1"), skeet("bob", "b1"))
    desk.put("b.jsonl", account_gone("ann"))
    desk.merge()
    assert left(desk) == [(ONE, "b1")]


def test_what_was_deleted_is_counted_for_its_file(new_desk):
    desk = new_desk()
    desk.put("a.jsonl", skeet("ann", "a1"), skeet("bob", "b1"), skeet("bob", "b2"), deletion("bob", "b1"))
    desk.run()
    [file] = desk.report(ONE)["files"]
    assert (file["read"], file["kept"], file["skipped"]) == (4, 2, {"deleted": 1, "notice": 1})
    assert desk.report(ONE)["totals"]["posts"] == 2


def test_a_post_counts_to_the_day_of_its_latest_version_alone(new_desk):
    desk = new_desk()
    desk.put("a.jsonl", ("1", f"{ONE}T23:00:00", "一日"), ("2", f"{ONE}T23:00:00", "残る"), mtime=EARLY)
    desk.put(
        "b.jsonl",
        ("1", f"{TWO}T01:00:00", "二日"),
        ("4", f"{TWO}T02:00:00", "残る"),
        ("3", f"{THREE}T01:00:00", "残る"),
        mtime=LATE,
    )
    desk.merge()
    assert left(desk) == [(ONE, "2"), (TWO, "1"), (TWO, "4"), (THREE, "3")]
    assert excluded(desk) == {(ONE, "jsonl:1", "moved")}
    # an older version that comes later changes nothing
    desk.put("c.jsonl", ("1", f"{THREE}T01:00:00", "三日"), mtime=EARLY - 100)
    desk.merge()
    assert left(desk) == [(ONE, "2"), (TWO, "1"), (TWO, "4"), (THREE, "3")]
    # a newer one takes it further, and back
    desk.put("d.jsonl", ("1", f"{THREE}T02:00:00", "三日"), mtime=LATE + 100)
    desk.merge()
    assert left(desk) == [(ONE, "2"), (TWO, "4"), (THREE, "3"), (THREE, "1")]
    desk.put("e.jsonl", ("1", f"{ONE}T02:00:00", "一日"), mtime=LATE + 200)
    desk.merge()
    assert left(desk) == [(ONE, "1"), (ONE, "2"), (TWO, "4"), (THREE, "3")]
    assert excluded(desk) == {(TWO, "jsonl:1", "moved"), (THREE, "jsonl:1", "moved")}


def test_an_edit_outweighs_a_later_collection(new_desk):
    desk = new_desk()
    post = {"id": "1", "author": "ann", "text": "版"}
    edited = {"created_at": f"{TWO}T01:00:00+09:00", "edited_at": f"{TWO}T02:00:00+09:00"}
    desk.put("a.jsonl", post | edited, ("2", f"{TWO}T05:00:00", "残る"), mtime=EARLY)
    desk.put("b.jsonl", post | {"created_at": f"{ONE}T01:00:00+09:00"}, ("3", f"{ONE}T05:00:00", "残る"), mtime=LATE)
    desk.merge()
    assert left(desk) == [(ONE, "3"), (TWO, "1"), (TWO, "2")]


def test_the_order_of_three_files_does_not_matter(new_desk):
    files = {
        "a.jsonl": (skeet("ann", "a1"), skeet("bob", "b1"), skeet("cat", "c1"), skeet("dan", "d1")),
        # a1 has moved to the next day; b1 is deleted, as is all of cat
        "b.jsonl": (skeet("ann", "a1", 300, f"{TWO}T01:00:00+09:00"), deletion("bob", "b1"), account_gone("cat")),
        "c.jsonl": (skeet("cat", "c2", 500), skeet("bob", "b1", 990, f"{TWO}T01:00:00+09:00"), skeet("eve", "e1", 7)),
    }
    results = []
    for order in itertools.permutations(files):
        desk = new_desk("".join(order))
        for name in order:
            desk.put(name, *files[name], mtime=EARLY)
            desk.run(until=NEVER)
        desk.merge()
        results.append((desk.bytes("exclusions", "collected", "removals"), desk.posts()))
        assert left(desk) == [(ONE, "d1"), (ONE, "e1"), (TWO, "a1")]
    assert all(result == results[0] for result in results)


def test_all_at_once_gives_what_one_by_one_gives(new_desk):
    once, one_by_one = new_desk("once"), new_desk("one")
    rows = [
        (skeet("ann", "a1"), skeet("bob", "b1"), skeet("cat", "c1")),
        (skeet("ann", "a1", 60, f"{TWO}T01:00:00+09:00"),),
        (deletion("bob", "b1"),),
    ]
    for n, some in enumerate(rows):
        for desk in (once, one_by_one):
            desk.put(f"{n}.jsonl", *some, mtime=EARLY)
        one_by_one.run(until=NEVER)
    once.merge()
    one_by_one.merge()
    assert once.bytes("exclusions") == one_by_one.bytes("exclusions") != {}
    assert once.posts() == one_by_one.posts()


# A file that is read again under other rules.


def moving(new_desk):
    """A post of the first day, which another file, read as UTC, has on the second."""
    desk = new_desk(ingest={"sources": [{"match": "b.jsonl", "timezone": "UTC"}]})
    desk.put("a.jsonl", ("1", f"{ONE}T23:00:00", "一日"), ("2", f"{ONE}T23:00:00", "残る"), mtime=EARLY)
    naive = {"id": "1", "author": "a-1", "created_at": f"{ONE}T23:00:00", "text": "時差"}
    desk.put("b.jsonl", naive, ("3", f"{TWO}T23:00:00", "残る"), mtime=LATE)
    desk.merge()
    assert left(desk) == [(ONE, "2"), (TWO, "1"), (TWO, "3")]
    return desk


def reread(desk, **source):
    changed = {"sources": [{"match": "b.jsonl", **source}]}
    desk.settings = type(desk.settings).model_validate(desk.settings.model_dump() | {"ingest": changed})
    desk.merge()


def test_a_moved_post_comes_back_when_the_other_file_is_read_as_tokyo(new_desk):
    desk = moving(new_desk)
    reread(desk, timezone="Asia/Tokyo")
    assert left(desk) == [(ONE, "1"), (ONE, "2"), (TWO, "3")]
    assert excluded(desk) == set()


def test_a_moved_post_comes_back_when_the_other_file_turns_out_to_be_of_another_network(new_desk):
    desk = moving(new_desk)
    reread(desk, network="elsewhere")
    assert (ONE, "1") in left(desk)
    assert {post["post_id"] for post in desk.posts()} == {"jsonl:1", "jsonl:2", "elsewhere:1", "elsewhere:3"}


def test_a_moved_post_comes_back_when_the_other_file_has_no_times_any_more(new_desk):
    desk = moving(new_desk)
    reread(desk, time_format="%d.%m.%Y")
    assert left(desk) == [(ONE, "1"), (ONE, "2")]


def test_nothing_new_leaves_what_there_is(new_desk):
    desk = moving(new_desk)
    before = desk.bytes("exclusions")
    update(Layout(desk.store), [])
    update(Layout(desk.store), ["0123456789abcdef"])
    assert desk.bytes("exclusions") == before != {}


def test_a_day_that_loses_all_its_posts_is_an_empty_day(new_desk):
    desk = new_desk()
    desk.put("a.jsonl", skeet("ann", "a1"), skeet("bob", "b1", at=f"{TWO}T01:00:00+09:00"))
    desk.put("b.jsonl", deletion("ann", "a1"))
    outcome = desk.run()
    assert [(str(day.day), day.error) for day in outcome.days] == [(ONE, None), (TWO, None)]
    assert desk.report(ONE)["totals"]["posts"] == 0
    assert left(desk) == [(TWO, "b1")]


@pytest.mark.parametrize("name", ["collected", "exclusions it's", "date=1999-01-01"])
def test_the_name_of_the_stores_folder_does_not_matter(new_desk, name):
    desk = new_desk(name)
    desk.put("a.jsonl", skeet("ann", "a1"), skeet("bob", "b1"))
    desk.put("b.jsonl", deletion("ann", "a1"))
    desk.run()
    assert left(desk) == [(ONE, "b1")]
    assert excluded(desk) == {(ONE, "a1", "deleted")}
