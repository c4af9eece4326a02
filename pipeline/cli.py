"""The command line: arguments in, lines out. Everything else is elsewhere, and is loaded only when asked for."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from pipeline import cli_labels, cli_learning, terminal
from pipeline.cli_options import (
    Csv,
    Json,
    SettingsPath,
    Since,
    StorePath,
    Top,
    Until,
    answer,
    day_of,
    open_store,
    settings_here,
)
from pipeline.errors import PipelineError, SettingsError, StoreBusy

if TYPE_CHECKING:
    from pipeline.engines.pool import Pool
    from pipeline.store.layout import Layout

FAILED, USAGE, PARTLY, BUSY = 1, 2, 3, 75

app = typer.Typer(
    help="hibi 日々: a daily text-mining pipeline for Japanese posts. Files in, a report a day out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def main() -> NoReturn:
    """Run the command and exit with its code."""
    try:
        app(standalone_mode=True)
    except StoreBusy as error:
        _stop(error, BUSY)
    except SettingsError as error:
        _stop(error, USAGE)
    except PipelineError as error:
        _stop(error, FAILED)
    except KeyboardInterrupt:
        _stop("interrupted; run again to go on", 130)
    sys.exit(0)


def _stop(reason: object, code: int) -> NoReturn:
    typer.echo(f"hibi: {reason}", err=True)
    sys.exit(code)


@app.command()
def run(
    inbox: Annotated[
        list[Path] | None,
        typer.Option("--inbox", help="Folder or file of posts, or - for standard input; may be repeated."),
    ] = None,
    store: StorePath = None,
    settings: SettingsPath = None,
    date: Annotated[str | None, typer.Option("--date", help="One day, 2024-01-31, or today.")] = None,
    since: Since = None,
    until: Until = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes. [default: all cores]")] = None,
    force: Annotated[str | None, typer.Option("--force", help="Run this stage even where it is current.")] = None,
    no_report: Annotated[
        bool, typer.Option("--no-report", help="Take in and count only, so that a model can be trained first.")
    ] = False,
) -> None:
    """Take in what is new and bring every day up to date."""
    from pipeline.engines.pool import Pool, collect_seldom

    collect_seldom()
    with Pool(workers or _cores()) as pool:
        pool.start()  # first of all: workers load while this process does
        raise typer.Exit(_run(pool, inbox or [], store, settings, (date, since, until), force, not no_report))


def _run(
    pool: Pool,
    inbox: list[Path],
    store: Path | None,
    settings: Path | None,
    days: tuple[str | None, str | None, str | None],
    force: str | None,
    reports: bool,
) -> int:
    from pipeline import stages
    from pipeline.engines import local, project

    date, since, until = days
    settings = settings or settings_here()
    chosen, layout = open_store(settings, store)
    if date and (since or until):
        raise SettingsError("--date goes without --since and --until")
    names = ["ingest", *(stage.name for stage in stages.STAGES)]
    if force is not None and force not in names:
        raise SettingsError(f"--force {force}: no such stage; one of {', '.join(names)}")
    _log()
    opened = project.open_project(chosen, layout.root, settings)
    last = local.last_closed_day(opened, dt.datetime.now(dt.UTC))
    wanted = local.Wanted(day_of(date or until, chosen) or last, day_of(date or since, chosen), force, reports)
    printer = terminal.Printer(layout)
    outcome = None
    try:
        outcome = local.run(opened, _inboxes(inbox or list(chosen.inbox), layout), wanted, pool, printer)
    finally:
        printer.close(outcome)
    return PARTLY if outcome.failed else 0


def _inboxes(inboxes: list[Path], layout: Layout) -> list[Path]:
    if not inboxes:
        raise SettingsError("no inbox: name one with --inbox or in hibi.toml")
    return [terminal.spool(layout.root / "stdin") if str(path) == "-" else path for path in inboxes]


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _log() -> None:
    """Log to standard error: lines for people on a terminal from warnings on, JSON lines elsewhere."""
    import logging

    import structlog

    people = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@app.command()
def status(store: StorePath = None, settings: SettingsPath = None, as_json: Json = False) -> None:
    """Tell what is up to date, what is not, and what was taken in."""
    from pipeline.engines import inspection

    chosen, layout = open_store(settings, store, of_run=True)
    answer(inspection.status(chosen, layout), as_json, inspection.status_lines)


@app.command()
def doctor(store: StorePath = None, settings: SettingsPath = None, as_json: Json = False) -> None:
    """Check environment, dictionary, font, settings and every stored file, and say what to do."""
    from pipeline.engines import inspection

    chosen, layout = open_store(settings, store)
    checks = inspection.doctor(chosen, layout)
    answer(checks, as_json, inspection.doctor_lines)
    if any(not check["ok"] for check in checks):
        raise typer.Exit(FAILED)


@app.command()
def words(
    store: StorePath = None,
    settings: SettingsPath = None,
    since: Since = None,
    until: Until = None,
    pos: Annotated[
        list[str] | None,
        typer.Option("--pos", help="noun, verb, adjective, adverb, or UniDic's name; may be repeated."),
    ] = None,
    top: Top = 50,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Rank the words of a span of days."""
    from pipeline.engines import explore

    chosen, layout = open_store(settings, store)
    rows = explore.words(layout, day_of(since, chosen), day_of(until, chosen), pos or [], top)
    terminal.print_rows(rows, explore.WORDS, as_json, as_csv)


@app.command()
def kwic(
    word: Annotated[str, typer.Argument(help="A word in any of its forms, or a string.")],
    store: StorePath = None,
    settings: SettingsPath = None,
    since: Since = None,
    until: Until = None,
    top: Top = 50,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Show a word in its posts (keyword in context)."""
    from pipeline.engines import explore

    chosen, layout = open_store(settings, store)
    rows = explore.kwic(layout, day_of(since, chosen), day_of(until, chosen), word, top)
    zone = chosen.zone
    for row in rows:
        row["time"] = f"{row['time'].astimezone(zone):%H:%M}"
    terminal.print_rows(rows, explore.KWIC, as_json, as_csv)


@app.command()
def trend(
    asked: Annotated[list[str], typer.Argument(metavar="WORD...", help="Words in their dictionary form.")],
    store: StorePath = None,
    settings: SettingsPath = None,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Count words day by day."""
    from pipeline.engines import explore

    chosen, layout = open_store(settings, store)
    rows = explore.trend(layout, day_of(since, chosen), day_of(until, chosen), asked)
    terminal.print_rows(rows, explore.TREND, as_json, as_csv)


app.add_typer(cli_learning.app)
app.add_typer(cli_labels.app)
