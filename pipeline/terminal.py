"""What the command line prints: progress and a line a day, tables, JSON, CSV. Nothing else of hibi prints."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from pipeline.engines.inbox import Taken
    from pipeline.engines.local import DayResult, Outcome
    from pipeline.store.layout import Layout
    from pipeline.store.manifest import DayManifest


class Printer:
    """Tells of a run: a progress bar on a terminal, and a line for each file that failed and each day."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._bar: tuple[Progress, TaskID] | None = None

    def file(self, taken: Taken) -> None:
        """Name a file that is not posts, or could not be read."""
        if taken.error:
            self._line(f"{'not posts' if taken.foreign else 'FAILED'}: {printable(taken.error)}", err=not taken.foreign)

    def days(self, total: int) -> None:
        """Start the bar."""
        if total and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("days"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            progress = Progress(*columns, console=Console(stderr=True), transient=True)
            progress.start()
            self._bar = (progress, progress.add_task("days", total=total))

    def day(self, result: DayResult, manifest: DayManifest) -> None:
        """Print a day's line."""
        if self._bar:
            self._bar[0].advance(self._bar[1])
        if result.error:
            self._line(f"{result.day}  FAILED: {printable(result.error)}", err=True)
        elif result.ran:
            self._line(day_line(self.layout, result, manifest))

    def _line(self, text: str, err: bool = False) -> None:
        if self._bar:
            self._bar[0].console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            typer.echo(text, err=err)

    def close(self, outcome: Outcome | None) -> None:
        """End the bar and say what was done in all."""
        if self._bar:
            self._bar[0].stop()
            self._bar = None
        if outcome is None:
            return
        done = sum(not d.error for d in outcome.days)
        failed = [str(d.day) for d in outcome.days if d.error] + [
            t.path.name for t in outcome.taken if t.error and not t.foreign
        ]
        if not outcome.days and not failed:
            typer.echo("up to date: nothing to do")
        if outcome.open_days:
            typer.echo(f"waiting: {len(outcome.open_days)} day(s) outside the span, such as {outcome.open_days[-1]}")
        if failed:
            typer.echo(f"failed: {', '.join(map(printable, failed))}", err=True)
        if done:
            typer.echo(f"{done} day(s); open {self.layout.reports / 'index.html'}")


def day_line(layout: Layout, result: DayResult, manifest: DayManifest) -> str:
    """Say what a day holds and where its report lies."""
    facts = manifest.stages["merge"].facts
    quarantined = sum(source["quarantined"] for source in facts["files"]) + manifest.stages["tokenise"].facts["lost"]
    counts = (
        f"{facts['posts']:,} posts, {facts['authors']:,} authors, {facts['reposts']:,} reposts,"
        f" {facts['copies']:,} copies, {quarantined:,} quarantined"
    )
    report = layout.folder("reports", result.day) / "index.html"
    return f"{result.day}  {counts}  {report}  ({', '.join(result.ran)})"


def printable(text: str) -> str:
    """Replace what could move a terminal's cursor."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def print_json(content: Any) -> None:
    """Print JSON."""
    import json

    typer.echo(json.dumps(content, ensure_ascii=False, indent=1, default=str))


def print_rows(rows: list[dict[str, Any]], columns: Sequence[str], as_json: bool, as_csv: bool) -> None:
    """Print rows as a table, JSON or CSV."""
    if as_json:
        print_json(rows)
    elif as_csv:
        import csv

        from pipeline.reports.csv_tables import inert

        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([inert(v) if isinstance(v, str) else v for v in row.values()] for row in rows)
    elif rows:
        _print_table(rows)
    else:
        typer.echo("nothing found", err=True)


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name, value in rows[0].items():
        right = isinstance(value, (int, float)) or name == "left"
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else 200, highlight=False).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else printable(str(value))


def spool(folder: Path) -> Path:
    """Keep standard input as a file named by its content, so that it is read like any other."""
    import hashlib
    import shutil
    import tempfile

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as draft:
        shutil.copyfileobj(sys.stdin.buffer, draft)
    with Path(draft.name).open("rb") as file:
        name = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    return Path(draft.name).replace(folder / f"stdin-{name}")
