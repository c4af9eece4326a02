"""What all reports share: the calendar of days, and the font that shows them everywhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import __version__, files
from pipeline.engines.project import Project
from pipeline.errors import StoreDamaged
from pipeline.reports import document
from pipeline.reports.model import DayCard
from pipeline.store.layout import Layout
from pipeline.store.manifest import DayManifest, read, sha256, whole, write

if TYPE_CHECKING:
    from pipeline.engines.book import Book
    from pipeline.engines.local import DayResult


_SHOWN = ("merge", "tabulate", "report")
"""Stages whose results the calendar shows, or whether there are any."""


def publish(project: Project, book: Book, results: Sequence[DayResult]) -> None:
    """Write ``reports/index.html`` where something changed, since it was written or before a run that was killed."""
    from pipeline.reports import index

    layout = project.layout
    page = layout.reports / "index.html"
    told = {
        str(day): {name: one.outputs for name, one in manifest.stages.items() if name in _SHOWN}
        for day, manifest in book.days.items()
    }
    made_of = {"days": told, "language": project.settings.report.language, "hibi": __version__}
    fingerprint = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
    known = _shared(layout)
    if results or known.get("calendar") != fingerprint or not _whole(layout, known, page):
        cards = [card(book.days[day], day in book.failed) for day in sorted(book.days, reverse=True)]
        text = index.render([c for c in cards if c], project.settings.report.language, "hibi 日々")
        files.write(layout.root, page, text.encode())
        _keep(layout, [page], calendar=fingerprint)


def share_fonts(layout: Layout, folder: Path | None = None, *, check: bool = False) -> None:
    """Put the fonts beside the pages: before the first page, so that none is read without them.

    ``check`` reads them whole; else it is enough that they are there.
    """
    known, put = _shared(layout), []
    for name in (document.FONT, document.EMOJI_FONT):
        font = (folder or layout.reports / "assets") / name
        named = layout.relative(font) in known.get("files", {})
        if not (named and font.exists()) or (check and not _whole(layout, known, font)):
            files.write(layout.root, font, _web_font(name))
            put.append(font)
    if put:
        _keep(layout, put)


def _shared(layout: Layout) -> dict[str, Any]:
    try:
        return read(layout.shared)
    except StoreDamaged:
        return {}  # what it tells of is made anew


def _whole(layout: Layout, known: dict[str, Any], path: Path) -> bool:
    return whole(path, known.get("files", {}).get(layout.relative(path), ""))


def _keep(layout: Layout, paths: Sequence[Path], **more: str) -> None:
    """Note what files are that no day's manifest names."""
    known = _shared(layout)
    there = known.get("files", {}) | {layout.relative(path): sha256(path) for path in paths}
    write(layout.root, layout.shared, {"version": 1} | known | more | {"files": there})


def card(manifest: DayManifest, failed: bool) -> DayCard | None:
    """Make a day's place in the calendar; None for a day that never ran."""
    from pipeline.pictures import charts

    merged, tables = manifest.stages.get("merge"), manifest.stages.get("tabulate")
    if failed or merged is None or tables is None or "report" not in manifest.stages:
        return DayCard(manifest.day, None, None, failed=True) if failed else None
    facts = merged.facts
    spark = charts.sparkline(facts["hours"], title=str(manifest.day))
    words = tuple(dict.fromkeys((*tables.facts["top"]["adjectives"][:2], *tables.facts["top"]["nouns_adjectives"][:3])))
    return DayCard(manifest.day, facts["posts"], facts["authors"], words, spark)


def _web_font(name: str) -> bytes:
    """Make a web font, some seconds of work, once a machine."""
    from pipeline.engines.project import cache_folder
    from pipeline.pictures import fonts

    known = cache_folder() / "fonts" / __version__ / name
    if not known.exists():
        made = fonts.emoji_web_font() if name == document.EMOJI_FONT else fonts.web_font()
        files.write(cache_folder(), known, made)
    return known.read_bytes()
