"""The command line: arguments in, lines out. Everything else is elsewhere, and is loaded only when asked for."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from pipeline import (
    cli_forget,
    cli_labels,
    cli_learning,
    cli_retokenise,
    cli_schedule,
    cli_upkeep,
    cli_versions,
    logs,
    terminal,
)
from pipeline.cli_options import (
    BUSY,
    FAILED,
    INTERRUPTED,
    PARTLY,
    USAGE,
    Csv,
    Json,
    SettingsPath,
    Since,
    StorePath,
    Top,
    Until,
    Workers,
    day_of,
    open_store,
    settings_here,
)
from pipeline.errors import PipelineError, SettingsError, StoreBusy
from pipeline.machine import cores

if TYPE_CHECKING:
    from pipeline.engines.pool import Pool
    from pipeline.settings import Settings
    from pipeline.store.layout import Layout

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
    except SystemExit as end:  # typer makes one of Ctrl-C, and says nothing
        if end.code == INTERRUPTED:
            _stop("interrupted; run again to go on", INTERRUPTED)
        raise
    except Exception as error:
        if not logs.for_machines():
            raise
        _stop(f"{type(error).__name__}: {error}", FAILED, defect=True)
    sys.exit(0)


def _stop(reason: object, code: int, defect: bool = False) -> NoReturn:
    """Say why a command ends, and exit; how it was called wrongly is said to people in any case."""
    log = logs.current()
    if log and not log.people and code != USAGE:
        import structlog

        structlog.get_logger().error(f"{log.command} ended", exit=code, error=str(reason), exc_info=defect)
    else:
        typer.echo(f"hibi: {terminal.printable(str(reason))}", err=True)
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
    workers: Workers = None,
    force: Annotated[str | None, typer.Option("--force", help="Run this stage even where it is current.")] = None,
    through: Annotated[
        str | None, typer.Option("--through", help="Stop after this stage: ingest, count, predict. [default: report]")
    ] = None,
    no_report: Annotated[
        bool, typer.Option("--no-report", help="As --through predict, so that a model can be trained first.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every stored file, and make anew what is damaged.")
    ] = False,
) -> None:
    """Take in what is new and bring every day up to date."""
    from pipeline.engines.pool import Pool, collect_seldom

    collect_seldom()
    logs.begin("run")
    with Pool(workers or cores()) as pool:
        pool.start()  # first of all: workers load while this process does
        last = through or ("predict" if no_report else "report")
        raise typer.Exit(_run(pool, inbox or [], store, settings, (date, since, until), force, last, verify))


def _run(
    pool: Pool,
    inbox: list[Path],
    store: Path | None,
    settings: Path | None,
    days: tuple[str | None, str | None, str | None],
    force: str | None,
    through: str,
    verify: bool,
) -> int:
    from pipeline import stages
    from pipeline.engines import local, project

    date, since, until = days
    settings = settings or settings_here()
    chosen, layout = open_store(settings, store)
    if date and (since or until):
        raise SettingsError("--date goes without --since and --until")
    names = ["ingest", *(stage.name for stage in stages.STAGES)]
    for option, name in (("--force", force), ("--through", through)):
        if name is not None and name not in names:
            raise SettingsError(f"{option} {name}: no such stage; one of {', '.join(names)}")
    final, first = day_of(date or until, chosen), day_of(date or since, chosen)
    _say_begin(layout, settings, pool)
    try:
        opened = project.open_project(chosen, layout.root, settings)
        inboxes = _inboxes(inbox or list(chosen.inbox), layout)
    except PipelineError as error:
        _record(chosen, layout, error)
        raise
    closed = local.last_closed_day(opened, dt.datetime.now(dt.UTC))
    wanted = local.Wanted(final or closed, first, force, through, verify, closed=closed)
    printer = terminal.Printer(layout)
    outcome, code = None, FAILED
    try:
        outcome = local.run(opened, inboxes, wanted, pool, printer)
        code = PARTLY if outcome.failed else 0
    finally:
        printer.close(outcome, code)
        _record(chosen, layout)
    return code


def _say_begin(layout: Layout, settings: Path | None, pool: Pool) -> None:
    import structlog

    from pipeline import __version__

    told = {"store": str(layout.root.absolute()), "settings": str(settings.absolute()) if settings else None}
    structlog.get_logger().info("run began", hibi=__version__, workers=pool.workers, **told)


def _record(settings: Settings, layout: Layout, error: PipelineError | None = None) -> None:
    """Tell the monitoring of a run that has ended, or of one that could not begin and why."""
    import structlog

    from pipeline.engines import ledger, metrics

    if error is not None:
        ledger.never_began(layout, error)
    if settings.monitoring.textfile is not None:
        try:
            metrics.write(settings.monitoring.textfile, layout)
        except (PipelineError, OSError) as reason:  # the days are done all the same
            path = str(settings.monitoring.textfile)
            structlog.get_logger().warning("textfile not written", path=path, error=str(reason))


def _inboxes(inboxes: list[Path], layout: Layout) -> list[Path]:
    if not inboxes:
        raise SettingsError("no inbox: name one with --inbox or in hibi.toml")
    return [terminal.spool(layout.root / "stdin") if str(path) == "-" else path for path in inboxes]


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
app.add_typer(cli_versions.app, name="models")
app.add_typer(cli_labels.app)
app.add_typer(cli_upkeep.app)
app.add_typer(cli_retokenise.app)
app.add_typer(cli_forget.app)
app.add_typer(cli_schedule.app)
