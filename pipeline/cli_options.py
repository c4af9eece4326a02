"""What the commands share: options, the store and settings they name, days, and how an answer is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline import terminal
from pipeline.errors import SettingsError, StoreDamaged

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from pipeline.store.layout import Layout

FAILED, USAGE, PARTLY, BUSY, INTERRUPTED = 1, 2, 3, 75, 130
"""Exit codes; 0 is done."""

StorePath = Annotated[
    Path | None, typer.Option("--store", help="Folder of the store. [default: store, or as in the settings]")
]
SettingsPath = Annotated[Path | None, typer.Option("--settings", help="hibi.toml. [default: ./hibi.toml, if there]")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Csv = Annotated[bool, typer.Option("--csv", help="Answer in CSV.")]
ModelName = Annotated[str, typer.Argument(metavar="NAME", help="The model, named as its task.")]
Since = Annotated[str | None, typer.Option("--since", help="First day, 2024-01-31.")]
Until = Annotated[str | None, typer.Option("--until", help="Last day; may lie in the future.")]
Top = Annotated[int, typer.Option("--top", min=1, help="Rows at the most.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Processes. [default: all cores]")]


def settings_here() -> Path | None:
    """Find the settings of the folder that one is in."""
    return Path("hibi.toml") if Path("hibi.toml").is_file() else None


def settings_of(store: Path | None) -> Path | None:
    """Find the settings file that a store's last run was done with, unless the folder that one is in has its own."""
    from pipeline.engines import last_run
    from pipeline.settings import load
    from pipeline.store.layout import Layout

    here = settings_here()
    try:
        run = None if store is None and here else last_run.recall(Layout(store or load(None).store))
    except StoreDamaged as error:
        raise SettingsError(
            f"{error.path}: damaged, so the settings of the last run are not known; name them with --settings"
        ) from error
    if run is None:
        return here
    found = Path(run["settings"]) if run["settings"] else None
    if found and not found.is_file():
        raise SettingsError(f"{found}: the settings of the last run are gone; name others with --settings")
    return found


def open_store(settings: Path | None, store: Path | None, of_run: bool = False) -> tuple[Settings, Layout]:
    """Read the settings and name the store; ``of_run``: those of the store's last run, unless others are named.

    Raises SettingsError.
    """
    from pipeline.settings import load
    from pipeline.store.layout import Layout

    chosen = load(settings or (settings_of(store) if of_run else settings_here()))
    layout = Layout(store or chosen.store)
    path = layout.root.absolute().as_posix()
    if any("\ud800" <= sign <= "\udfff" for sign in path) or ("\\" in path and any(sign in path for sign in "*?[")):
        raise SettingsError(f"{path!r}: DuckDB finds no store there: not UTF-8, or a backslash beside *, ? or [")
    return chosen, layout


def day_of(text: str | None, settings: Settings) -> dt.date | None:
    """Read a day: 2024-01-31, today or yesterday. Raises SettingsError."""
    if text is None:
        return None
    today = dt.datetime.now(settings.zone).date()
    if text in ("today", "yesterday"):
        return today if text == "today" else today - dt.timedelta(days=1)
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"{text}: not a day; write 2024-01-31, today or yesterday") from error


def answer(content: Any, as_json: bool, lines: Callable[[Any], list[str]]) -> None:
    """Print an answer as JSON, or as lines."""
    if as_json:
        terminal.print_json(content)
    else:
        for line in lines(content):
            typer.echo(terminal.printable(line))
