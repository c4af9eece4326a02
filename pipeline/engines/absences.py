"""What a report says of the days before it: those whose run failed, and those that nobody collected."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Iterator, Mapping

from pipeline.reports.strings import long_date, texts
from pipeline.settings import Language
from pipeline.store.layout import Day

_BACK = 27
"""Days before its own that a report looks back on."""
_DAILY = 7
"""Days in a row that have posts where posts are collected every day."""


def failures(failed: Mapping[Day, str], day: Day) -> dict[Day, str]:
    """Name the days that a report looks back on and whose last run failed, with the reasons."""
    return {one: failed[one] for one in sorted(failed) if dt.timedelta(0) < day - one <= dt.timedelta(days=_BACK)}


def missing(days: Collection[Day], day: Day) -> tuple[Day, Day] | None:
    """Give the first and last day just before ``day`` without posts, where the week before them had some every day."""
    if day - dt.timedelta(days=1) in days:
        return None
    before = max((one for one in days if one < day), default=None)
    if before is None:
        return None
    if any(before - dt.timedelta(days=back) not in days for back in range(_DAILY)):
        return None
    return before + dt.timedelta(days=1), day - dt.timedelta(days=1)


def inputs(days: Collection[Day], failed: Mapping[Day, str], day: Day) -> dict[str, str]:
    """Name what :func:`notes` is made of, with fingerprints."""
    told = {
        f"failed {one}": hashlib.sha256(why.encode()).hexdigest()[:16] for one, why in failures(failed, day).items()
    }
    if gap := missing(days, day):
        told["missing"] = " ".join(map(str, gap))
    return told


def notes(days: Collection[Day], failed: Mapping[Day, str], day: Day, language: Language) -> Iterator[str]:
    """Say it in sentences."""
    t = texts(language)
    for one, why in failures(failed, day).items():
        yield t.note_failed.format(date=long_date(one, language), reason=why)
    if gap := missing(days, day):
        first, last = (long_date(one, language) for one in gap)
        yield (t.note_missing_day if gap[0] == gap[1] else t.note_missing).format(first=first, last=last)
