"""What the command line prints: progress and a line a day, tables, JSON, CSV. Nothing else of hibi prints."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import typer

from pipeline import logs

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from pipeline.engines.contest import Retrained
    from pipeline.engines.inbox import Taken
    from pipeline.engines.local import DayResult, Outcome
    from pipeline.models.loop import Progress as Step
    from pipeline.store.layout import Layout
    from pipeline.store.manifest import DayManifest


class Printer:
    """Tells of a run: a progress bar on a terminal, and a line for each file that failed and each day."""

    def __init__(self, layout: Layout, quiet: bool = False) -> None:
        """``quiet`` tells of failures alone."""
        self.layout, self.quiet = layout, quiet
        self._bar: tuple[Progress, TaskID] | None = None
        self._began = monotonic()

    def file(self, taken: Taken) -> None:
        """Name a file that is not posts, gave none, or could not be read."""
        if taken.error and taken.foreign:
            self._line(f"not posts: {printable(taken.error)}")
        elif taken.error:
            self._failed(f"FAILED: {printable(taken.error)}", "file failed", file=taken.path.name, error=taken.error)
        elif not taken.rows:
            self._line(f"no posts: {printable(taken.path.name)}; `hibi status` tells what its rows were")
        if taken.growing:
            self._line(f"still being written: {printable(taken.path.name)}; what is added comes with the next run")

    def days(self, total: int) -> None:
        """Start the bar."""
        if total and sys.stderr.isatty():
            self._bar = _started("days", total)

    def day(self, result: DayResult, manifest: DayManifest) -> None:
        """Print a day's line."""
        if self._bar:
            self._bar[0].advance(self._bar[1])
        if result.error:
            told = f"{result.day}  FAILED: {printable(result.error)}"
            self._failed(told, "day failed", day=str(result.day), error=result.error)
        elif result.ran and not self.quiet:
            self._line(day_line(self.layout, result, manifest))

    def _failed(self, text: str, event: str, **told: str) -> None:
        """Say to people, or log for machines, what failed."""
        if logs.for_machines():
            _log().error(event, **told)
        else:
            self._line(text, err=True)

    def _line(self, text: str, err: bool = False) -> None:
        if self._bar and (err or sys.stdout.isatty()):
            self._bar[0].console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            typer.echo(text, err=err)

    def close(self, outcome: Outcome | None, code: int = 0) -> None:
        """End the bar and say what was done in all; ``code`` is the one that the command exits with."""
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
            taken = sum(not one.error for one in outcome.taken)
            typer.echo(f"{taken} file(s) taken in" if taken else "up to date: nothing to do")
        if outcome.open_days:
            typer.echo(f"waiting: {len(outcome.open_days)} day(s) outside the span, such as {outcome.open_days[-1]}")
        if logs.for_machines():
            seconds = round(monotonic() - self._began, 3)
            log = _log().warning if failed else _log().info
            log("run ended", exit=code, days=done, failed=failed, seconds=seconds)
        elif failed:
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
            self._bar = _started("getting ready", None)
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
            elif logs.for_machines():
                _log().info("epoch", network=now.member + 1, epoch=now.epoch, loss=now.loss, score=now.score)
            else:
                typer.echo(line, err=True)
        elif self._bar:
            self._bar[0].update(
                self._bar[1], description=f"{network}epoch {now.epoch}", completed=now.step, total=now.steps
            )


def _started(told: str, total: int | None) -> tuple[Progress, TaskID]:
    """Show a bar below what is printed; it leaves nothing behind."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    progress.start()
    return progress, progress.add_task(told, total=total)


def log_retrained(done: Retrained) -> None:
    """Tell machines what came of a retraining."""
    if logs.for_machines():
        told = {"model": done.task, "version": done.version, "champion": done.champion, "promoted": done.promoted}
        reasons = [("ok  " if passed else "no  ") + words for passed, words in done.reasons]
        _log().info("retrain ended", exit=0, **told, reasons=reasons, notes=done.notes)


def _log() -> Any:
    import structlog

    return structlog.get_logger()


def day_line(layout: Layout, result: DayResult, manifest: DayManifest) -> str:
    """Say what a day holds and where its report lies; in quarantine are also the posts that broke an analysis off."""
    facts = manifest.stages["merge"].facts
    lost = sum(manifest.stages[name].facts.get("lost", 0) for name in ("merge", "tokenise") if name in manifest.stages)
    quarantined = sum(source["quarantined"] for source in facts["files"]) + lost
    counts = (
        f"{facts['posts']:,} posts, {facts['authors']:,} authors, {facts['reposts']:,} reposts,"
        f" {facts['copies']:,} copies, {quarantined:,} quarantined"
    )
    report = layout.folder("reports", result.day) / "index.html" if "report" in manifest.stages else "no report yet"
    return f"{result.day}  {counts}  {report}  ({', '.join(result.ran)})"


def printable(text: str) -> str:
    """Replace what could move a terminal's cursor."""
    return "".join(c if c.isprintable() or c == "\u3000" else "\N{REPLACEMENT CHARACTER}" for c in text)


def print_json(content: Any) -> None:
    """Print JSON."""
    typer.echo(json_text(content, indent=1))


def json_text(content: Any, indent: int | None = None) -> str:
    """Write JSON in which no character acts on a terminal: the same data, with more of JSON's escapes."""
    import json

    return logs.inert(json.dumps(content, ensure_ascii=False, indent=indent, default=str), keep="\n\u3000")


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

    from pipeline.reports.characters import writable
    from pipeline.reports.csv_tables import inert

    shown = printable if sys.stdout.isatty() else writable
    writer, header = csv.writer(sys.stdout, lineterminator="\n"), columns
    if header:
        writer.writerow(header)
    for row in rows:
        if header is None:
            header = list(row)
            writer.writerow(map(inert, header))
        writer.writerow([inert(shown(v)) if isinstance(v, str) else v for v in row.values()])


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
    """Keep standard input in a folder of a store, named by its content, so that it is read like any other file.

    Raises StoreUnwritable where the disk refuses.
    """
    import hashlib
    import shutil
    import tempfile

    from pipeline import files

    with tempfile.TemporaryFile() as read:  # nameless: a killed run leaves nothing
        shutil.copyfileobj(sys.stdin.buffer, read)
        read.seek(0)
        target = folder / f"stdin-{hashlib.file_digest(read, 'sha256').hexdigest()[:16]}"
        read.seek(0)
        with files.staged(folder.parent, target) as draft, draft.open("xb") as kept:
            shutil.copyfileobj(read, kept)
    return target
