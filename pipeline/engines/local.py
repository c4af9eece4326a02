"""The engine of one machine: takes in what is new, then brings each day up to date on all cores."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import structlog

from pipeline import files, stages
from pipeline.engines import exclusions, last_run, publishing
from pipeline.engines.days import Book, DayWork
from pipeline.engines.inbox import Inbox, Taken
from pipeline.engines.pool import Pool
from pipeline.engines.project import Project, save_lists
from pipeline.errors import PipelineError
from pipeline.stages import Stage
from pipeline.store import lock
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
    reports: bool = True
    """Whether to go on to tables, pictures and reports: a model may have to be trained before."""

    def holds(self, day: Day) -> bool:
        """Tell whether a day is wanted."""
        return day <= self.until and (self.since is None or day >= self.since)


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
    with lock.held(layout):
        files.clear_staging(layout.root)
        save_lists(project)
        last_run.remember(project, inboxes)
        taken = _ingest(project, inboxes, wanted.force == "ingest", pool, watcher)
        book = Book(project, {day: DayManifest(layout, day) for day in layout.days()})
        publishing.share_fonts(layout)
        results = _Days(book, wanted, pool, watcher).run()
        if wanted.reports:
            publishing.publish(project, book.days, results)
    return Outcome(taken, results, [day for day in book.days if not wanted.holds(day)])


def _ingest(project: Project, inboxes: Sequence[Path], force: bool, pool: Pool, watcher: Watcher) -> list[Taken]:
    inbox, taken = Inbox(project.settings, project.layout, pool.map, force=force), []
    for one in inbox.take(inboxes):
        taken.append(one)
        watcher.file(one)
        log.info("file", name=one.path.name, rows=one.rows, error=one.error)
    exclusions.update(project.layout, (one.key for one in taken), everything=inbox.dropped)
    return taken


class _Days:
    """Runs the stages of the wanted days: first what needs its own day alone, then what looks at days before."""

    def __init__(self, book: Book, wanted: Wanted, pool: Pool, watcher: Watcher) -> None:
        self.book, self.wanted, self.pool, self.watcher = book, wanted, pool, watcher
        self.results = {day: DayResult(day) for day in book.days if wanted.holds(day)}

    def run(self) -> list[DayResult]:
        some = stages.STAGES if self.wanted.reports else stages.ANALYSE
        stale = [day for day in self.results if self._stale(day, some)]
        self.watcher.days(len(stale))
        self._each(stale, lambda day: self._stages(day, stages.ANALYSE))
        if not self.wanted.reports:
            self._each(stale, self._told)
            return [result for result in self.results.values() if result.ran or result.error]
        # what was analysed may have put later days out of date
        late = [d for d, r in self.results.items() if r.ran or r.error or self._stale(d, stages.PRESENT)]
        self._each(late, self._present)
        return [result for result in self.results.values() if result.ran or result.error]

    def _stale(self, day: Day, some: Iterable[Stage]) -> bool:
        return any(stage.name == self.wanted.force or self.book.stale(stage, day) for stage in some)

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
        if result.error:
            return
        work = DayWork(self.book, day, self.pool)
        try:
            result.ran += work.run_all(some, self.wanted.force, together=_rows(self.book, day) < _LARGE)
        except PipelineError as error:
            result.error = str(error)
        except Exception as error:  # a defect costs its day, not the others
            log.exception("day failed", day=str(day))
            result.error = f"{type(error).__name__}: {error}"

    def _present(self, day: Day) -> None:
        self._stages(day, stages.PRESENT)
        self._told(day)

    def _told(self, day: Day) -> None:
        result = self.results[day]
        log.info("day", day=str(day), ran=result.ran, error=result.error)
        self.watcher.day(result, self.book.days[day])


def _rows(book: Book, day: Day) -> int:
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(path).num_rows for path in book.project.layout.pieces(day))


def last_closed_day(project: Project, now: dt.datetime) -> Day:
    """Tell the last day that is over in the store's zone."""
    return now.astimezone(project.settings.zone).date() - dt.timedelta(days=1)
