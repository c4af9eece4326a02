"""The commands that look after a store: status, doctor."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pipeline import terminal
from pipeline.cli_options import FAILED, Json, SettingsPath, StorePath, answer, open_store
from pipeline.errors import SettingsError

if TYPE_CHECKING:
    from rich.status import Status

    from pipeline.settings import Settings
    from pipeline.store.layout import Layout

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def status(store: StorePath = None, settings: SettingsPath = None, as_json: Json = False) -> None:
    """Tell what is up to date, what failed and why, what it takes on disk, and which models answer."""
    from pipeline.engines import inspection

    chosen, layout = open_store(settings, store, of_run=True)
    answer(inspection.status(chosen, layout), as_json, inspection.status_lines)


@app.command()
def doctor(store: StorePath = None, settings: SettingsPath = None, as_json: Json = False) -> None:
    """Check machine, settings, clock, disk, models and every stored file, and say what to do."""
    from pipeline.engines import doctor as engine

    checks, spinner = [], Spinner()
    try:
        for check in engine.examine(*_opened(settings, store), spinner.show):
            spinner.hide()
            checks.append(check)
            if not as_json:
                typer.echo(terminal.printable(engine.line(check)))
    finally:
        spinner.hide()
    if as_json:
        terminal.print_json(checks)
    if not all(check["ok"] for check in checks):
        raise typer.Exit(FAILED)


def _opened(settings: Path | None, store: Path | None) -> tuple[Settings | SettingsError, Layout | None]:
    """Open the store; of settings that cannot be read, the error, and the store only where it is named."""
    try:
        return open_store(settings, store, of_run=True)
    except SettingsError as error:
        from pipeline.store.layout import Layout

        return error, Layout(store) if store else None


class Spinner:
    """Shows on a terminal what is being checked, and nothing elsewhere."""

    def __init__(self) -> None:
        self._shown: Status | None = None
        if sys.stderr.isatty():
            from rich.console import Console

            self._shown = Console(stderr=True).status("")

    def show(self, name: str) -> None:
        """Name what is being checked."""
        if self._shown:
            self._shown.update(f"checking {name}")
            self._shown.start()

    def hide(self) -> None:
        """Leave the line to what is printed."""
        if self._shown:
            self._shown.stop()
