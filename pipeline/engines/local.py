"""The engine of one machine: takes in what is new, then brings each day up to date on all cores."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import structlog

from pipeline import files, stages
from pipeline.engines import dictionaries, last_run, ledger, mending, publishing, retention, sweeping
from pipeline.engines.book import Book
from pipeline.engines.days import DayWork
from pipeline.engines.inbox import Inbox, Taken
from pipeline.engines.ledger import Ledger
from pipeline.engines.pool import Pool
from pipeline.engines.project import Project, save_lists
from pipeline.errors import PipelineError, StoreDamaged, StoreUnwritable
from pipeline.stages import Stage
from pipeline.store import lock, parquet
from pipeline.store.layout import Day
from pipeline.store.manifest import DayManifest

log = structlog.get_logger()

_LARGE = 50_000
"""Rows of a day from which it has the machine to itself, so that memory stays bounded."""


@dataclass(frozen=True)
class Wanted:
    """What to bring up to date."""

    until: Day
    since: Day | None = None
    force: str | None = None
    """A stage to run even where it is current; ``ingest`` reads all files again."""
    through: str = "report"
    """The last stage to run: a model may have to be trained before the rest, or another machine does it."""
    verify: bool = False
    """Whether to read all stored files, and not only those that are needed, and make anew what is damaged."""
    anew: bool = False
    """Whether another dictionary than the store's may be taken, as all days are brought up to date."""
    closed: Day | None = None
    """The last day that is over: later ones may wait. Without it, none may."""
    only: frozenset[Day] | None = None
    """These days and no others."""

    def holds(self, day: Day) -> bool:
        """Tell whether a day is wanted."""
        if self.only is not None and day not in self.only:
            return False
        return day <= self.until and (self.since is None or day >= self.since)

    def leaves(self, day: Day) -> bool:
        """Tell whether a day that is over is left as it is."""
        return not self.holds(day) and (self.closed is None or day <= self.closed)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of a day up to the last wanted one; none where only files are taken in."""
        names = [stage.name for stage in stages.STAGES]
        return stages.STAGES[: names.index(self.through) + 1] if self.through in names else ()


@dataclass
class DayResult:
    """What became of a day."""

    day: Day
    ran: list[str] = field(default_factory=list)
    error: str | None = None


@dataclass
class Outcome:
    """What a run did."""

    taken: list[Taken]
    days: list[DayResult]
    open_days: list[Day]
    """Days with posts that are not over yet, or not asked for."""

    @property
    def failed(self) -> bool:
        """Whether a file or a day failed."""
        return any(t.error and not t.foreign for t in self.taken) or any(d.error for d in self.days)


class Watcher(Protocol):
    """Is told of progress."""

    def file(self, taken: Taken) -> None:
        """Hear of a file that was read."""

    def days(self, total: int) -> None:
        """Hear how many days are out of date."""

    def day(self, result: DayResult, manifest: DayManifest) -> None:
        """Hear of a day that is done."""


def run(project: Project, inboxes: Sequence[Path], wanted: Wanted, pool: Pool, watcher: Watcher) -> Outcome:
    """Take in new files and bring the wanted days up to date. Raises StoreBusy where another run holds the store."""
    layout = project.layout
    with lock.held(layout), ledger.recorded(layout) as record:
        dictionaries.agree(project, wanted.leaves, anew=wanted.anew)
        files.clear_staging(layout.root)
        sweeping.resume(layout)
        save_lists(project)
        last_run.remember(project, inboxes)
        intake = _Intake(project, inboxes, pool, watcher)
        taken = intake.take(force=wanted.force == "ingest")
        book = _book(project, record)
        damaged = mending.mend(book, list(filter(wanted.holds, book.days)), wanted.stages, everything=wanted.verify)
        if damaged or layout.unsettled.exists():
            taken += intake.take(damaged=damaged)
            book = _book(project, record)
        publishing.share_fonts(layout, check=wanted.verify)
        results = _Days(book, wanted, pool, watcher, record).run()
        if wanted.stages == stages.STAGES:
            retention.expire(book, pool, retention.today(book))
            publishing.publish(project, book, results)
        outcome = Outcome(taken, results, [day for day in book.days if not wanted.holds(day)])
        if outcome.failed:
            record.partly()
    return outcome


def refresh(project: Project, through: Mapping[str, str], pool: Pool, watcher: Watcher) -> list[DayResult]:
    """Bring days up to date, each as far as it was done: ``through`` names its last stage. Nothing is taken in.

    Call only while holding the store.
    """
    record = ledger.recall(project.layout)
    save_lists(project)
    book, results = _book(project, record), list[DayResult]()
    publishing.share_fonts(project.layout)
    for stage in stages.STAGES:
        days = frozenset(dt.date.fromisoformat(day) for day, last in through.items() if last == stage.name)
        if days:
            results += _Days(book, Wanted(max(days), through=stage.name, only=days), pool, watcher, record).run()
    publishing.publish(project, book, results)
    return results


def _book(project: Project, record: Ledger) -> Book:
    days = project.layout.days()
    return Book(project, {day: DayManifest(project.layout, day) for day in days}, record.reasons)


class _Intake:
    """Takes files in; those that gave something that is damaged a second time, where they are still there."""

    def __init__(self, project: Project, inboxes: Sequence[Path], pool: Pool, watcher: Watcher) -> None:
        self.project, self.inboxes, self.pool, self.watcher = project, inboxes, pool, watcher
        self.named: set[Path] = set()

    def take(self, *, force: bool = False, damaged: Collection[str] = ()) -> list[Taken]:
        """Read what is new, or what is ``damaged`` alone. Raises StoreDamaged for what cannot be read again."""
        layout = self.project.layout
        anew = layout.unsettled.exists()  # a killed run did not settle what it took in
        inbox = Inbox(self.project.settings, layout, self.pool.map, force=force, damaged=damaged)
        taken = [one for one in inbox.take(self.inboxes) if self._told(one)]
        try:
            inbox.settle((one.key for one in taken), anew=anew)
        except StoreDamaged as error:
            key = error.path.stem
            if key in damaged:
                raise
            log.warning("damaged", file=str(error.path), then="its file of posts is read again")
            taken += self.take(damaged={key})
        return taken

    def _told(self, one: Taken) -> bool:
        if one.path in self.named:
            return False
        self.named.add(one.path)
        self.watcher.file(one)
        if not one.error:
            log.info("file", name=one.path.name, rows=one.rows)
        return True


class _Days:
    """Runs the stages of the wanted days: first what needs its own day alone, then what looks at days before."""

    def __init__(self, book: Book, wanted: Wanted, pool: Pool, watcher: Watcher, record: Ledger) -> None:
        self.book, self.wanted, self.pool, self.watcher, self.record = book, wanted, pool, watcher, record
        self.before = dict(record.failed)
        self.heard: set[Day] = set()
        self.results = {
            day: DayResult(day) for day in book.days if wanted.holds(day) and not book.project.layout.expired(day)
        }

    def run(self) -> list[DayResult]:
        some = self.wanted.stages
        analyse, present = ([s for s in some if s in half] for half in (stages.ANALYSE, stages.PRESENT))
        wanting = [day for day in self.results if self._stale(day, some)]
        self.watcher.days(len(wanting))
        self._each(wanting, lambda day: self._stages(day, analyse))
        self._note(hoping=True)
        # what was analysed may have put later days out of date
        late = [d for d, r in self.results.items() if r.ran or r.error or self._stale(d, present)]
        self._each(late, lambda day: self._present(day, present))
        self._note()
        # what failed just now is told by the reports that look back on it
        report = [stage for stage in present if stage.name == "report"]
        telling = [d for d, r in self.results.items() if not r.error and any(self.book.stale(s, d) for s in report)]
        self._each(telling, lambda day: self._present(day, report))
        return [result for result in self.results.values() if result.ran or result.error]

    def _stale(self, day: Day, some: Iterable[Stage]) -> bool:
        return any(stage.name == self.wanted.force or self.book.stale(stage, day) for stage in some)

    def _note(self, *, hoping: bool = False) -> None:
        """Tell the record, and so the reports, which days failed; ``hoping`` that what failed before goes well now."""
        errors = {day: result.error for day, result in self.results.items() if result.error}

        def open_still(day: Day) -> bool:
            return day not in self.results if hoping else any(self.book.stale(one, day) for one in stages.STAGES)

        still = [day for day in self.before if day in self.book.days and open_still(day)]
        self.record.note(self.before, errors, still, self.book.project.layout.root)
        self.book.failed.clear()
        self.book.failed.update(self.record.reasons)

    def _each(self, days: Sequence[Day], work: Callable[[Day], None]) -> None:
        """Do small days side by side, and each large one alone."""
        large = {day for day in days if _rows(self.book, day) >= _LARGE}
        with ThreadPoolExecutor(self.pool.workers) as threads:
            list(threads.map(work, (day for day in days if day not in large)))
        for day in sorted(large):
            work(day)
            pa.default_memory_pool().release_unused()

    def _stages(self, day: Day, some: Sequence[Stage]) -> None:
        result = self.results[day]
        if result.error or not some:
            return
        work = DayWork(self.book, day, self.pool)
        try:
            ran = work.run_all(some, self.wanted.force, together=_rows(self.book, day) < _LARGE)
        except StoreUnwritable:
            raise  # no fault of the day's: what comes after would fail likewise
        except PipelineError as error:
            result.error = str(error)
        except Exception as error:  # a defect costs its day, not the others
            log.exception("defect", day=str(day))
            result.error = f"{type(error).__name__}: {error}"
        else:
            result.ran += [name for name in ran if name not in result.ran]

    def _present(self, day: Day, some: Sequence[Stage]) -> None:
        self._stages(day, some)
        self._told(day)

    def _told(self, day: Day) -> None:
        result = self.results[day]
        if day not in self.heard:
            self.heard.add(day)
            if not result.error:
                log.info("day", day=str(day), ran=result.ran)
            self.watcher.day(result, self.book.days[day])


def _rows(book: Book, day: Day) -> int:
    return sum(map(parquet.rows, book.project.layout.pieces(day)))


def last_closed_day(project: Project, now: dt.datetime) -> Day:
    """Tell the last day that is over in the store's zone."""
    return now.astimezone(project.settings.zone).date() - dt.timedelta(days=1)
