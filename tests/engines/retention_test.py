"""Posts that are kept for some days: what goes with them, what stays, and that later days are as they were."""

import datetime as dt
import json

import pytest
from desk import QUICK, Desk, Here

from pipeline import files
from pipeline.engines import forgetting, integrity, retention
from pipeline.engines.forgetting import Asked
from pipeline.store.layout import Layout

ONE, TWO, THREE = "2024-01-01", "2024-01-02", "2024-01-03"
FIRST = "初日の出がとても嬉しい一日でした"


@pytest.fixture
def now(monkeypatch):
    """Says what day it is."""
    told = {"day": dt.date(2024, 1, 3)}
    monkeypatch.setattr(retention, "today", lambda _book: told["day"])
    return told


@pytest.fixture
def desk(tmp_path, now):
    desk = Desk(tmp_path, Here(), privacy={"keep_days": 1}, **QUICK)
    rows = [(str(n), f"{day}T09:00:00", text) for n, (day, text) in enumerate(
        [(ONE, FIRST), (TWO, "二日目は寒い雪の中を歩きました"), (THREE, "三日目も寒いので家にいました")]
    )]  # fmt: skip
    desk.put("a.jsonl", *rows)
    with (desk.inbox / "a.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "9", "author": "zoe", "text": "時刻のない行"}\n')
    return desk


def kinds(desk, day):
    """The tables that still have the day."""
    return {path.parent.parent.name for path in desk.store.glob(f"*/date={day}/*.parquet")}


KEPT = {"counts"}
RAW = {"collected", "posts", "tokens", "word_authors", "summary", "counts"}


def test_posts_go_and_counts_and_the_report_stay(desk):
    desk.run()
    assert (kinds(desk, ONE), kinds(desk, TWO), kinds(desk, THREE)) == (KEPT, RAW, RAW)
    page = (desk.store / "reports" / ONE / "index.html").read_text(encoding="utf-8")
    assert FIRST not in page and "嬉しい" in page
    assert desk.report(ONE)["totals"]["posts"] == 1
    assert desk.report(ONE)["summary"] == []
    assert FIRST not in json.dumps(desk.report(ONE), ensure_ascii=False)
    assert [row[1] for row in desk.report(ONE)["tables"]["adjectives"]["rows"]] == ["嬉しい"]
    assert (desk.store / "pictures" / ONE).exists() and (desk.store / "tables" / ONE / "adjectives.csv").exists()
    assert desk.report(TWO)["summary"] != []


def test_later_days_are_not_made_again_for_it(desk, now):
    now["day"] = dt.date(2024, 1, 2)
    desk.run()
    reports = desk.bytes(f"reports/{TWO}", f"reports/{THREE}")
    now["day"] = dt.date(2024, 1, 4)
    assert desk.run().days == []
    assert (kinds(desk, ONE), kinds(desk, TWO), kinds(desk, THREE)) == (KEPT, KEPT, RAW)
    assert desk.bytes(f"reports/{THREE}").items() <= reports.items()
    assert desk.run(force="report").days[0].day == dt.date(2024, 1, 3)  # and no day before
    assert desk.run(verify=True).failed is False


def test_a_later_post_of_such_a_day_is_left_out_and_counted(desk):
    desk.run()
    desk.put(
        "b.jsonl", ("20", f"{ONE}T10:00:00", "遅れて届いた投稿です"), ("21", f"{THREE}T10:00:00", "三日目の投稿です")
    )
    before = desk.bytes(f"reports/{ONE}", f"counts/date={ONE}")
    outcome = desk.run()
    assert [str(one.day) for one in outcome.days] == [THREE]
    assert desk.bytes(f"reports/{ONE}", f"counts/date={ONE}") == before
    notes = [json.loads(path.read_bytes()) for path in (desk.store / "manifests" / "files").glob("*.json")]
    assert next(n for n in notes if n["name"] == "b.jsonl")["days"][ONE] == {
        "rows": 0, "quarantined": 0, "skipped": {"expired": 1},
    }  # fmt: skip


def test_reading_all_files_again_brings_nothing_back(desk):
    desk.run()
    desk.run(force="ingest")
    assert kinds(desk, ONE) == KEPT
    assert desk.report(ONE)["totals"]["posts"] == 1


def test_a_day_that_was_not_reported_is_kept(desk):
    desk.run(until=dt.date(2024, 1, 1), since=dt.date(2024, 1, 1))
    assert kinds(desk, ONE) == KEPT
    desk.run(through="count")
    assert kinds(desk, TWO) >= {"posts", "tokens"}


def test_without_the_setting_all_is_kept(tmp_path, now):
    now["day"] = dt.date(2034, 1, 1)
    desk = Desk(tmp_path, Here(), **QUICK)
    desk.put("a.jsonl", ("1", f"{ONE}T09:00:00", FIRST))
    desk.run()
    assert kinds(desk, ONE) == RAW


def test_killed_between_it_is_ended_by_the_next_run(desk, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(layout, day):
        files.remove(layout.partition("posts", day))
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(retention, "_remove", killed)
        desk.run()
    assert kinds(desk, ONE) == RAW - {"posts"}
    assert desk.run().days == []
    assert kinds(desk, ONE) == KEPT


def test_what_is_left_of_such_a_day_can_still_be_forgotten(desk):
    desk.run()
    done = forgetting.forget(desk.project(), Asked(posts=[(1, "jsonl:1")]), desk.pool, desk.watcher)
    assert done.proof.clean and done.days == [TWO, THREE]
    assert kinds(desk, ONE) == KEPT
    assert Layout(desk.store).expired(dt.date(2024, 1, 1))


def test_standard_input_goes_once_all_its_days_are_over(desk, now):
    spool = desk.store / "stdin"
    spool.mkdir(parents=True)
    for name, days in (("stdin-1", (ONE,)), ("stdin-2", (ONE, THREE))):
        lines = [desk.line((f"{name}-{day}", f"{day}T09:00:00", FIRST)) for day in days]
        (spool / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    desk.run(inbox=spool)
    assert [path.name for path in spool.iterdir()] == ["stdin-2"]
    now["day"] = dt.date(2024, 1, 5)
    desk.run()
    assert list(spool.iterdir()) == []


def test_a_damaged_manifest_of_such_a_day_is_left_for_a_backup_to_be_put_back(desk):
    desk.run()
    path = Layout(desk.store).day_manifest(dt.date(2024, 1, 1))
    whole = path.read_bytes()
    path.write_bytes(b"damaged")
    desk.run()
    assert path.read_bytes() == b"damaged"
    [damage] = [one for one in integrity.damaged(Layout(desk.store)) if one.path == path]
    assert "backup" in damage.do
    path.write_bytes(whole)
    assert integrity.damaged(Layout(desk.store)) == []
