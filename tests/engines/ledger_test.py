"""What became of runs: the last one, the last good one, and days that failed, until they are mended."""

import datetime as dt
import json

import pytest
from desk import QUICK, Desk, Here

from pipeline.engines import ledger
from pipeline.engines.days import DayWork
from pipeline.engines.ledger import Failure, Ledger
from pipeline.errors import SettingsError, StoreUnwritable, WorkError
from pipeline.store import lock
from pipeline.store.layout import Layout

ONE, TWO, THREE = (dt.date(2024, 1, n) for n in (1, 2, 3))


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path, Here(), **QUICK, report={"language": "en"})
    for day in (ONE, TWO, THREE):
        made.put(f"{day}.jsonl", *((f"{day}-{n}", f"{day}T0{n}:00:00", f"{n}時の静かな朝") for n in range(3)))
    return made


@pytest.fixture
def broken(monkeypatch):
    """Let a stage of a day fail."""
    failing: dict[tuple[str, dt.date], str] = {}

    def patch(stage):
        whole = getattr(DayWork, stage)

        def work(self):
            if (stage, self.day) in failing:
                raise WorkError(failing[stage, self.day])
            return whole(self)

        monkeypatch.setattr(DayWork, stage, work)

    for stage in ("tokenise", "draw"):
        patch(stage)
    return failing


def notes(desk, day):
    return desk.report(str(day))["notes"]


def test_a_run_is_remembered(desk):
    before = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    desk.run()
    known = ledger.recall(Layout(desk.store))
    assert (known.last.exit, known.last.error, known.failed) == (0, None, {})
    began, ended = (dt.datetime.fromisoformat(when) for when in (known.last.began, known.last.ended))
    assert before <= began <= ended and known.last.seconds > 0
    assert known.good == known.last.ended


def test_a_day_that_failed_tells_the_reports_that_look_back_on_it(desk, broken):
    desk.run()
    broken["tokenise", ONE] = f"{desk.store}/posts: <b>no\x1b room"
    desk.put("late.jsonl", ("late", f"{ONE}T05:00:00", "遅れた投稿"))
    outcome = desk.run()
    assert {str(d.day): d.error for d in outcome.days if d.error} == {str(ONE): broken["tokenise", ONE]}
    assert notes(desk, ONE) == []
    told = "The run of 1 January 2024 failed (posts: <b>no\x1b room). "
    for day in (TWO, THREE):
        [note] = notes(desk, day)
        assert note.replace("\N{REPLACEMENT CHARACTER}", "\x1b").startswith(told)
    page = (desk.store / "reports" / str(THREE) / "index.html").read_text()
    assert "posts: &lt;b&gt;no" in page and "\x1b" not in page
    known = ledger.recall(Layout(desk.store))
    assert (known.last.exit == 3 and known.good < known.last.ended) or known.good <= known.last.began
    assert list(known.failed) == [ONE]
    since = known.failed[ONE].since

    desk.run()  # fails again, with the same reason: nothing else is made anew
    assert [day for day, ran in desk.watcher.lines if ran] == []
    assert ledger.recall(Layout(desk.store)).failed[ONE].since == since

    broken.clear()
    desk.run()
    assert notes(desk, TWO) == notes(desk, THREE) == []
    assert ledger.recall(Layout(desk.store)).failed == {}


def test_a_failure_after_the_reports_of_later_days_is_told_by_them_too(desk, broken):
    broken["draw", ONE] = "no room"
    desk.run()
    assert [note for note in notes(desk, TWO) if "no room" in note]
    assert [day for day, _ in desk.watcher.lines] == [str(ONE), str(TWO), str(THREE)]  # each is told once
    assert "no room" not in (desk.store / "reports" / "index.html").read_text()
    broken.clear()
    desk.run()
    assert notes(desk, TWO) == [] == notes(desk, ONE)


def test_a_failure_stays_known_while_its_day_is_not_run(desk, broken):
    broken["draw", ONE] = "no room"
    desk.run()
    broken.clear()
    desk.run(since=TWO)
    assert list(ledger.recall(Layout(desk.store)).failed) == [ONE]
    desk.run(through="count")  # not as far as it failed
    assert list(ledger.recall(Layout(desk.store)).failed) == [ONE]
    desk.run()
    assert ledger.recall(Layout(desk.store)).failed == {}


def test_a_run_that_ends_with_an_error_says_so(desk):
    with pytest.raises(SettingsError):
        desk.run(inbox=desk.inbox / "gone")
    known = ledger.recall(Layout(desk.store))
    assert (known.last.exit, known.good) == (2, None)
    assert known.last.error.endswith("gone: no such file or folder; see --inbox")


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (StoreUnwritable("full"), 1, "full"),
        (ValueError("\ud800" + "x" * 600), 1, "ValueError: \\ud800" + "x" * 100),
    ],
)
def test_however_a_run_ends_it_is_told(tmp_path, error, code, told):
    layout = Layout(tmp_path)
    with pytest.raises(type(error)), ledger.recorded(layout):
        assert ledger.recall(layout).last.ended is None  # it goes on
        raise error
    known = ledger.recall(layout).last
    assert known.exit == code and known.error.startswith(told) and len(known.error) < 520


def test_a_full_disk_does_not_hide_what_ended_the_run(tmp_path, monkeypatch):
    def full(*_):
        raise StoreUnwritable("full")

    with pytest.raises(ValueError, match="first"), ledger.recorded(Layout(tmp_path)):
        monkeypatch.setattr(ledger, "write", full)
        raise ValueError("first")


def test_a_run_that_could_not_begin_is_remembered_where_there_is_a_store(tmp_path):
    ledger.never_began(Layout(tmp_path / "none"), WorkError("no dictionary"))
    assert not (tmp_path / "none").exists()
    with ledger.recorded(Layout(tmp_path)):
        pass
    ledger.never_began(Layout(tmp_path), WorkError("no dictionary"))
    known = ledger.recall(Layout(tmp_path))
    assert (known.last.exit, known.last.error) == (1, "no dictionary") and known.good


@pytest.mark.parametrize("content", ["", "{}", '{"version": 1, "last": {"x": 1}}', '{"version": 1, "failed": [1]}'])
def test_a_damaged_record_counts_as_none(tmp_path, content):
    path = Layout(tmp_path).runs
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert ledger.recall(Layout(tmp_path)) == Ledger()


def test_a_failed_day_without_posts_any_more_is_forgotten():
    known = Ledger(failed={ONE: Failure("x", "2024-01-05T00:00:00+00:00")})
    known.note(known.failed, {TWO: "/s/posts: y"}, still=[], root="/s")
    assert known.reasons == {TWO: "posts: y"}


def test_whether_a_run_goes_on_is_seen_without_taking_the_store(tmp_path):
    layout = Layout(tmp_path)
    assert not lock.busy(layout)
    with lock.held(layout):
        assert lock.busy(layout)
    assert not lock.busy(layout)
    assert json.dumps([p.name for p in tmp_path.iterdir()]) == '[".lock"]'
