"""The commands about the versions of models: list, show, promote, rollback; and which are retrained."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline import terminal
from pipeline.cli_options import Csv, Json, ModelName, SettingsPath, StorePath, answer, open_store

app = typer.Typer(
    help="List, show, promote and roll back the versions of models.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Why = Annotated[str, typer.Option("--why", help="Kept in the model's history.")]


@app.command("list")
def list_(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One model. [default: all]")] = None,
    store: StorePath = None,
    settings: SettingsPath = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """List the versions of models, which answers, and their scores on dev."""
    from pipeline.engines import versions

    _, layout = open_store(settings, store, of_run=True)
    rows = versions.listed(layout, name)
    terminal.print_rows(rows, versions.COLUMNS, as_json, as_csv)


@app.command()
def retrainable(store: StorePath = None, settings: SettingsPath = None, as_json: Json = False) -> None:
    """Name the models of the settings that `hibi retrain` trains, one a line."""
    from pipeline.engines import learning

    chosen, _ = open_store(settings, store, of_run=True)
    answer(learning.retrainable(chosen), as_json, list)


@app.command()
def show(
    name: ModelName,
    number: Annotated[int | None, typer.Argument(metavar="[VERSION]", help="[default: the one in service]")] = None,
    store: StorePath = None,
    settings: SettingsPath = None,
    as_json: Json = False,
) -> None:
    """Tell of a version: labels, scores, recipe; and what was promoted, refused and rolled back, when and why."""
    from pipeline.engines import versions

    _, layout = open_store(settings, store, of_run=True)
    answer(versions.shown(layout, name, number), as_json, versions.lines)


@app.command("promote")
def promote_(
    name: ModelName,
    number: Annotated[int, typer.Argument(metavar="VERSION", help="As `hibi models list` tells.")],
    why: Why = "by hand",
    store: StorePath = None,
    settings: SettingsPath = None,
    as_json: Json = False,
) -> None:
    """Put a version into service."""
    from pipeline.engines import versions

    chosen, layout = open_store(settings, store, of_run=True)
    _now(versions.promote(chosen, layout, name, number, why).label, as_json)


@app.command()
def rollback(
    name: ModelName, why: Why = "by hand", store: StorePath = None, settings: SettingsPath = None, as_json: Json = False
) -> None:
    """Put back the version that answered before."""
    from pipeline.engines import versions

    chosen, layout = open_store(settings, store, of_run=True)
    _now(versions.rollback(chosen, layout, name, why).label, as_json)


def _now(version: str, as_json: bool) -> None:
    answer({"served": version}, as_json, lambda told: [f"{told['served']} answers now"])
