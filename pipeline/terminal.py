"""What the command line prints: progress and a line a day, tables, JSON, CSV. Nothing else of hibi prints."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from pipeline.engines.inbox import Taken
    from pipeline.engines.local import DayResult, Outcome
    from pipeline.models.training import Progress as Step
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
            page = self.layout.reports / "index.html"
            typer.echo(f"{done} day(s){f'; open {page}' if page.exists() else ''}")


class TrainingBar:
    """Tells how a training goes: a bar on a terminal, and a line an epoch."""

    def __init__(self) -> None:
        self._bar: tuple[Progress, TaskID] | None = None

    def __enter__(self) -> TrainingBar:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            progress = Progress(*columns, console=Console(stderr=True), transient=True)
            progress.start()
            self._bar = (progress, progress.add_task("getting ready", total=None))
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar[0].stop()
            self._bar = None

    def __call__(self, now: Step) -> None:
        """Show where it stands."""
        network = f"network {now.member + 1}, " if now.member else ""
        if now.score is not None:
            line = f"{network}epoch {now.epoch}: loss {now.loss:.4f}, score on dev {now.score:.4f}"
            if self._bar:
                self._bar[0].console.print(line, markup=False, highlight=False)
            else:
                typer.echo(line, err=True)
        elif self._bar:
            self._bar[0].update(
                self._bar[1], description=f"{network}epoch {now.epoch}", completed=now.step, total=now.steps
            )


def day_line(layout: Layout, result: DayResult, manifest: DayManifest) -> str:
    """Say what a day holds and where its report lies."""
    facts = manifest.stages["merge"].facts
    quarantined = sum(source["quarantined"] for source in facts["files"]) + manifest.stages["tokenise"].facts["lost"]
    counts = (
        f"{facts['posts']:,} posts, {facts['authors']:,} authors, {facts['reposts']:,} reposts,"
        f" {facts['copies']:,} copies, {quarantined:,} quarantined"
    )
    report = layout.folder("reports", result.day) / "index.html" if "report" in manifest.stages else "no report yet"
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
        print_csv(rows, columns)
    elif rows:
        _print_table(rows)
    else:
        typer.echo("nothing found", err=True)


def print_csv(rows: Iterable[dict[str, Any]], columns: Sequence[str] | None = None) -> None:
    """Print rows as CSV; the first row names the columns where they are not given."""
    import csv

    from pipeline.reports.csv_tables import inert

    writer, header = csv.writer(sys.stdout, lineterminator="\n"), columns
    if header:
        writer.writerow(header)
    for row in rows:
        if header is None:
            header = list(row)
            writer.writerow(map(inert, header))
        writer.writerow([inert(v) if isinstance(v, str) else v for v in row.values()])


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
