"""The command that analyses all days of a store anew, after the dictionary changed."""

from __future__ import annotations

import datetime as dt

import typer

from pipeline import logs, terminal
from pipeline.cli_options import FAILED, PARTLY, SettingsPath, StorePath, Workers, open_store, settings_of
from pipeline.machine import cores

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def retokenise(
    store: StorePath = None,
    settings: SettingsPath = None,
    workers: Workers = None,
) -> None:
    """Analyse all days anew with the dictionary as it is now."""
    from pipeline.engines import project, retokenising
    from pipeline.engines.pool import Pool, collect_seldom

    collect_seldom()
    logs.begin("retokenise")
    chosen, layout = open_store(settings, store, of_run=True)
    with Pool(workers or cores()) as pool:
        pool.start()
        opened = project.open_project(chosen, layout.root, settings or settings_of(store))
        printer = terminal.Printer(layout)
        outcome, code = None, FAILED
        try:
            outcome = retokenising.retokenise(opened, pool, printer, dt.datetime.now(dt.UTC))
            code = PARTLY if outcome.failed else 0
        finally:
            printer.close(outcome, code)
    raise typer.Exit(code)
