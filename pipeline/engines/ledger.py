"""What became of runs: of the last one, of the last that went well, and of the days whose last run failed.

``STORE/manifests/runs.json`` is the one file of a store that tells the clock; no result is made of it, but for the
notes in reports about days that failed. Written only by the run that holds the store.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline import __version__, logs
from pipeline.errors import PipelineError, SettingsError, StoreError
from pipeline.store.layout import Day, Layout
from pipeline.store.manifest import read, write

DONE, FAILED, USAGE, PARTLY, INTERRUPTED = 0, 1, 2, 3, 130
"""How a run ended, as the command's exit codes."""

_LONGEST = 500
"""Characters of a reason that are kept."""


@dataclass(frozen=True)
class Run:
    """One run; ``exit`` and ``ended`` are None while it goes on, and for ever where it was killed."""

    run: str
    began: str
    hibi: str
    ended: str | None = None
    seconds: float | None = None
    exit: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class Failure:
    """Why the last run of a day failed, and when it first did with no good run since."""

    error: str
    since: str


@dataclass
class Ledger:
    """What is known of runs."""

    last: Run | None = None
    good: str | None = None
    """When the last run ended in which nothing failed."""
    failed: dict[Day, Failure] = field(default_factory=dict)

    def note(
        self, before: Mapping[Day, Failure], errors: Mapping[Day, str], still: Collection[Day], root: Path
    ) -> None:
        """Take in which days failed now, and which of those that failed before this run are not mended yet."""
        failed = {day: before[day] for day in still}
        for day, error in errors.items():
            since = before[day].since if day in before else _now().isoformat(timespec="seconds")
            failed[day] = Failure(_kept(error.replace(f"{root}/", "")), since)
        self.failed = dict(sorted(failed.items()))

    def partly(self) -> None:
        """Say that the run does what it can, though a day or a file failed."""
        if self.last is not None:
            self.last = replace(self.last, exit=PARTLY)

    @property
    def reasons(self) -> dict[Day, str]:
        """Why days failed."""
        return {day: failure.error for day, failure in self.failed.items()}


def recall(layout: Layout) -> Ledger:
    """Read what is known; nothing where no run was, or where the file is damaged: the next run writes it anew."""
    try:
        told = read(layout.runs)
        last = Run(**told["last"]) if told.get("last") else None
        failed = {dt.date.fromisoformat(day): Failure(**one) for day, one in told.get("failed", {}).items()}
        return Ledger(last, told.get("good"), failed)
    except (StoreError, TypeError, ValueError, AttributeError):
        return Ledger()


@contextmanager
def recorded(layout: Layout) -> Iterator[Ledger]:
    """Write that a run began, and how it ended. Call only while holding the store.

    The caller sets :attr:`Ledger.failed`; a run that ends without an error and without failed days and files is good.
    """
    ledger = recall(layout)
    began = _now()
    name = log.run if (log := logs.current()) else began.strftime("%Y%m%dT%H%M%SZ")
    ledger.last = Run(name, began.isoformat(timespec="seconds"), __version__)
    _write(layout, ledger)
    try:
        yield ledger
    except BaseException as error:
        _end(ledger, began, *_why(error))
        with suppress(PipelineError, OSError):  # a full disk: what ended the run says more
            _write(layout, ledger)
        raise
    _end(ledger, began, ledger.last.exit or DONE, None)
    _write(layout, ledger)


def never_began(layout: Layout, error: Exception) -> None:
    """Write that a run failed before it held the store; nothing where there is no store, or it cannot be written."""
    if layout.runs.parent.is_dir():
        with suppress(PipelineError, OSError):
            now, ledger = _now(), recall(layout)
            name = log.run if (log := logs.current()) else now.strftime("%Y%m%dT%H%M%SZ")
            ledger.last = Run(name, now.isoformat(timespec="seconds"), __version__)
            _end(ledger, now, *_why(error))
            _write(layout, ledger)


def _why(error: BaseException) -> tuple[int, str]:
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, "interrupted"
    if isinstance(error, PipelineError):
        return USAGE if isinstance(error, SettingsError) else FAILED, _kept(str(error))
    return FAILED, _kept(f"{type(error).__name__}: {error}")


def _kept(reason: str) -> str:
    """Cut a reason, and make it one that can be written: names of files may not be UTF-8."""
    return reason[:_LONGEST].encode("utf-8", "backslashreplace").decode()


def _end(ledger: Ledger, began: dt.datetime, code: int, error: str | None) -> None:
    now = _now()
    ended, seconds = now.isoformat(timespec="seconds"), round((now - began).total_seconds(), 3)
    assert ledger.last is not None
    ledger.last = replace(ledger.last, ended=ended, seconds=seconds, exit=code, error=error)
    if code == DONE:
        ledger.good = ended


def _write(layout: Layout, ledger: Ledger) -> None:
    content: dict[str, Any] = {
        "version": 1,
        "last": asdict(ledger.last) if ledger.last else None,
        "good": ledger.good,
        "failed": {str(day): asdict(failure) for day, failure in ledger.failed.items()},
    }
    write(layout.root, layout.runs, content)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
