"""What all reports share: the calendar of days, and the font that shows them everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import __version__, files
from pipeline.engines.project import Project
from pipeline.reports import document
from pipeline.reports.model import DayCard
from pipeline.store.layout import Day, Layout
from pipeline.store.manifest import DayManifest

if TYPE_CHECKING:
    from pipeline.engines.local import DayResult


def publish(project: Project, days: Mapping[Day, DayManifest], results: Sequence[DayResult]) -> None:
    """Write ``reports/index.html`` where something changed."""
    from pipeline.reports import index

    layout = project.layout
    page = layout.reports / "index.html"
    if results or not page.exists():
        failed = {result.day for result in results if result.error}
        cards = [card(days[day], day in failed) for day in sorted(days, reverse=True)]
        text = index.render([c for c in cards if c], project.settings.report.language, "hibi 日々")
        files.write(layout.root, page, text.encode())


def share_fonts(layout: Layout, folder: Path | None = None) -> None:
    """Put the fonts beside the pages: before the first page, so that none is read without them."""
    for name in (document.FONT, document.EMOJI_FONT):
        font = (folder or layout.reports / "assets") / name
        if not font.exists():
            files.write(layout.root, font, _web_font(name))


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
