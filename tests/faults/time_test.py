"""Clocks and calendars that are not as one thinks: missed runs, a clock set back, other zones, midnight, 1970, 2099."""

import datetime as dt
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from desk import QUICK, Desk, Here

from pipeline.engines import local

TESTS = Path(__file__).resolve().parent.parent
KEPT = ("posts", "tokens", "counts", "word_authors", "tables", "summary", "reports", "pictures")
ONE, TWO = "2024-01-01", "2024-01-02"


@pytest.fixture
def new_desk(tmp_path):
    def make(name="desk", **settings):
        return Desk(tmp_path / name, Here(), **(QUICK | {"privacy": {"authors": "plain"}} | settings))

    return make


@pytest.fixture
def desk(new_desk):
    return new_desk()


def nightly(desk, iso, **wanted):
    """A run as the command does it at a moment: up to the last day that is over in Japan."""
    now = dt.datetime.fromisoformat(iso)
    last = local.last_closed_day(desk.project(), now)
    return desk.run(until=last, closed=last, **wanted)


def put_day(desk, day):
    texts = ("雨の朝に傘がない", "楽しい雪の夜", f"{day.day}日の静かな昼")
    rows = [
        (f"{day}-{n}", f"{day}T{hour:02}:30:00", text)
        for n, (hour, text) in enumerate(zip((0, 9, 23), texts, strict=True))
    ]
    desk.put(f"{day}.jsonl", *rows, mtime=1_704_000_000 + 86_400 * day.day)


def test_runs_missed_for_three_days_are_made_good_by_the_next(new_desk):
    days = [dt.date(2024, 1, n) for n in range(1, 6)]
    nights = [f"2024-01-0{n + 1}T03:00:00+09:00" for n in range(1, 6)]
    each, missed = new_desk("each"), new_desk("missed")
    for n, (day, night) in enumerate(zip(days, nights, strict=True)):
        for one in (each, missed):
            put_day(one, day)
        nightly(each, night)
        if n in (0, 4):  # the nights of the 2nd, 3rd and 4th are missed
            outcome = nightly(missed, night)
            assert not outcome.failed
    assert [str(result.day) for result in outcome.days] == [str(day) for day in days[1:]]
    assert missed.bytes(*KEPT) == each.bytes(*KEPT)
    assert nightly(missed, nights[-1]).days == []


def test_a_clock_set_back_takes_nothing_away_and_a_right_one_goes_on(desk):
    for n in (1, 2):
        put_day(desk, dt.date(2024, 1, n))
    nightly(desk, "2024-01-03T03:00:00+09:00")
    before = desk.bytes(*KEPT)
    put_day(desk, dt.date(2024, 1, 3))
    back = nightly(desk, "2020-05-05T03:00:00+09:00")
    assert not back.failed and back.days == [] and len(back.open_days) == 3
    assert desk.bytes(*KEPT) == before
    right = nightly(desk, "2024-01-04T03:00:00+09:00")
    assert [str(result.day) for result in right.days] == ["2024-01-03"] and not right.failed


def test_a_file_older_than_what_it_follows_is_new_all_the_same(desk):
    put_day(desk, dt.date(2024, 1, 1))
    desk.merge()
    desk.put("late.jsonl", ("late", f"{ONE}T05:00:00", "遅れた"), mtime=1)  # written while the clock stood at 1970
    desk.merge()
    late = next(post for post in desk.posts() if post["post_id"] == "jsonl:late")
    assert late["day"] == ONE and len(desk.posts()) == 4


RUN = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from desk import QUICK, Desk, Here
folder = Path(sys.argv[2])
desk = Desk.__new__(Desk)
from pipeline.settings import Settings
desk.pool, desk.inbox, desk.store = Here(), Path(sys.argv[3]), folder / "store"
desk.settings = Settings.model_validate(QUICK)
outcome = desk.run()
assert not outcome.failed, outcome
print(time.tzname[0], len(desk.posts()))
"""


def test_the_zone_of_the_machine_changes_no_byte(tmp_path):
    """Posts at both sides of midnight in Japan, with and without an offset, in lines, sheet, archive and board."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    edges = [f"{ONE}T00:00:00", f"{ONE}T08:59:59", f"{ONE}T09:00:00", f"{ONE}T23:59:59", f"{TWO}T00:00:00"]
    naive = [{"id": f"n{n}", "author": "a", "created_at": when, "text": f"朝{n}"} for n, when in enumerate(edges)]
    told = [
        {"id": f"o{n}", "author": "b", "created_at": f"{when}+09:00", "text": f"夜{n}"} for n, when in enumerate(edges)
    ]
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in naive + told)
    (inbox / "p.jsonl").write_text(lines, encoding="utf-8")
    sheet = "".join(f"s{n},c,{when.replace('T', ' ')},昼{n}\n" for n, when in enumerate(edges))
    (inbox / "p.csv").write_text("id,author,created_at,text\n" + sheet, encoding="utf-8")
    with zipfile.ZipFile(inbox / "p.zip", "w") as archive:  # its members' times have no zone
        archive.writestr(
            zipfile.ZipInfo("z.jsonl", (2024, 1, 3, 0, 0, 0)), lines.replace('"n', '"z').replace('"o', '"y')
        )
    moments = ((1, "23:59:59"), (2, "00:00:00"))
    board = "".join(f"名無し<>sage<>2024/01/0{d}(月) {t}.00 ID:x<> 板{d} <>\n" for d, t in moments)
    (inbox / "1704034799.dat").write_bytes(board.encode("cp932"))
    for path in inbox.iterdir():
        os.utime(path, (1_704_300_000, 1_704_300_000))
    stores, names = [], []
    for zone in ("America/Los_Angeles", "Pacific/Kiritimati"):
        folder = tmp_path / zone.replace("/", "-")
        (folder / "store").mkdir(parents=True)
        (folder / "store" / ".salt").write_bytes(b"s" * 32)
        code = [sys.executable, "-c", RUN, str(TESTS), str(folder), str(inbox)]
        environment = os.environ | {"TZ": zone, "PYTHONPATH": str(TESTS.parent)}
        done = subprocess.run(code, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        names.append(done.stdout.splitlines()[-1])
        root = folder / "store"
        stores.append({str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()})
    # 5 + 5 lines, 5 rows, 10 lines of the archive, 2 of the board.
    assert names == ["PST 27", "+14 27"]
    clock = {"manifests/runs.json"}  # the one file that tells the clock
    assert stores[0].keys() == stores[1].keys()
    assert {name for name, data in stores[0].items() if data != stores[1][name]} <= clock


def test_midnight_in_tokyo_parts_the_days_to_the_microsecond(desk):
    moments = {
        "last": "2024-01-01T23:59:59.999999+09:00",
        "same": "2024-01-01T14:59:59Z",
        "first": "2024-01-02T00:00:00+09:00",
        "also": "2024-01-01T15:00:00Z",
        "far": "2024-01-01T05:00:00-10:00",  # 15:00 UTC
    }
    desk.put(
        "p.jsonl", *({"id": key, "author": "a", "created_at": when, "text": "朝"} for key, when in moments.items())
    )
    desk.merge()
    found = {post["post_id"].removeprefix("jsonl:"): post["day"] for post in desk.posts()}
    assert found == {"last": ONE, "same": ONE, "first": TWO, "also": TWO, "far": TWO}


def test_a_leap_second_and_hours_beyond_midnight_are_quarantined_not_guessed(desk):
    desk.put(
        "p.jsonl",
        ("1", f"{ONE}T01:00:00", "朝"),
        ("2", "2016-12-31T23:59:60", "うるう"),
        ("3", f"{ONE}T25:00:00", "深夜"),
    )
    desk.merge()
    assert [post["post_id"] for post in desk.posts()] == ["jsonl:1"]


def test_posts_of_the_future_wait_for_their_day_and_count_to_no_other(desk):
    put_day(desk, dt.date(2024, 1, 1))
    desk.put("future.jsonl", ("f", "2099-12-31T12:00:00", "未来の投稿"))
    outcome = nightly(desk, "2024-01-02T03:00:00+09:00")
    assert not outcome.failed and [str(result.day) for result in outcome.days] == [ONE]
    assert [str(day) for day in outcome.open_days] == ["2099-12-31"]
    assert desk.report(ONE)["totals"]["posts"] == 3
    assert "2099" not in (desk.store / "reports" / "index.html").read_text("utf-8")
    assert not (desk.store / "reports" / "2099-12-31").exists()
    desk.run()  # with --until far ahead it is shown, on its own day
    assert desk.report("2099-12-31")["totals"]["posts"] == 1


@pytest.mark.parametrize("when", [0, "1", "1970-01-01T00:00:00Z", "1970-01-01T09:00:00+09:00", "0001-01-01"])
def test_posts_of_1970_are_quarantined_as_their_time_is_a_zero(desk, when):
    desk.put("p.jsonl", ("1", f"{ONE}T01:00:00", "朝"), {"id": "zero", "author": "a", "created_at": when, "text": "零"})
    assert not desk.merge().failed
    assert [(post["post_id"], post["day"]) for post in desk.posts()] == [("jsonl:1", ONE)]
    (path,) = (desk.store / "quarantine").rglob("*.jsonl")
    assert json.loads(path.read_text())["reason"] == "created_at: no usable time"


def test_late_posts_go_to_their_own_day_however_old(new_desk):
    late, whole = new_desk("late"), new_desk("whole")
    old = ("old", f"{ONE}T05:00:00", "一年遅れた投稿")
    for one, rows in ((late, ()), (whole, (old,))):
        one.put("a.jsonl", ("1", f"{ONE}T01:00:00", "朝"), *rows, mtime=1_704_100_000)
        one.put("b.jsonl", ("2", "2025-01-01T01:00:00", "一年後"), mtime=1_704_100_000)
        nightly(one, "2025-01-02T03:00:00+09:00")
    late.put("late.jsonl", old, mtime=1_704_100_000)
    outcome = nightly(late, "2025-01-03T03:00:00+09:00")
    assert [str(result.day) for result in outcome.days] == [ONE]  # nothing of 2025 looks so far back
    assert late.bytes("tokens", "counts", "tables", "summary") == whole.bytes("tokens", "counts", "tables", "summary")
    assert [post["post_id"] for post in late.posts()] == ["jsonl:1", "jsonl:old", "jsonl:2"]
