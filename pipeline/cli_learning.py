"""The commands about models: train, evaluate, predict, generate, translate, pretrain."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline import terminal
from pipeline.cli_options import Csv, Json, ModelName, SettingsPath, Since, StorePath, Until, answer, day_of, open_store
from pipeline.errors import SettingsError

if TYPE_CHECKING:
    from pipeline.engines.evaluating import Asked
    from pipeline.engines.training import Trained
    from pipeline.settings import Settings

app = typer.Typer(pretty_exceptions_enable=False)

Texts = Annotated[
    Path, typer.Argument(metavar="[FILE]", help="One text a line, or a table with --text; - is standard input.")
]
Data = Annotated[Path, typer.Option("--data", help="Examples: .tsv (no quoting), .csv, .xlsx, .jsonl, .parquet.")]
Text = Annotated[str, typer.Option("--text", help="Column of the text; several joined by a newline: title,body.")]
TextOf = Annotated[str | None, typer.Option("--text", help="Column of the text, where FILE is a table.")]
Label = Annotated[
    str | None, typer.Option("--label", help="Column of the label; several of 0 and 1: cough,fever. May be a number.")
]
Recipe = Annotated[
    str | None, typer.Option("--recipe", help="A shipped recipe or a TOML file. [default: as in the settings]")
]
Start = Annotated[str | None, typer.Option("--from", help="Begin with the weights of this model, as `pretrain` made.")]
Seed = Annotated[
    int | None, typer.Option("--seed", min=0, help="Of the network and the split. [default: the recipe's]")
]
Promote = Annotated[bool, typer.Option("--promote", help="Put it into service though another version is.")]
Number = Annotated[int | None, typer.Option("--version", min=1, help="Not the version in service but this one.")]


@app.command()
def train(
    name: ModelName,
    data: Data,
    text: Text,
    label: Label = None,
    dev: Annotated[
        Path | None, typer.Option("--dev", help="Examples to measure on. [default: a tenth of --data]")
    ] = None,
    recipe: Recipe = None,
    start: Start = None,
    votes: Annotated[str | None, typer.Option("--votes", help='Column of judges\' votes as JSON, {"1": 3}.')] = None,
    also: Annotated[
        str | None,
        typer.Option("--also", help="Column of further texts with the same label, for the linear model to learn from."),
    ] = None,
    seed: Seed = None,
    promote: Promote = False,
    store: StorePath = None,
    settings: SettingsPath = None,
    as_json: Json = False,
) -> None:
    """Train a model on labelled texts, beside a linear baseline, and keep it; a killed training goes on."""
    from pipeline.engines import training
    from pipeline.engines.training import Table, Wish

    chosen, layout = open_store(settings, store, of_run=True)
    measured = Table(dev, text, label, votes) if dev else None
    wish = Wish(recipe, start, seed, promote)
    with terminal.TrainingBar() as bar:
        done = training.train(chosen, layout, name, Table(data, text, label, votes, also), measured, wish, bar)
    _told(done, chosen, as_json)


@app.command()
def pretrain(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="The name to keep it under.")] = "language-model",
    recipe: Annotated[str, typer.Option("--recipe", help="The recipe whose encoder is trained.")] = "sentiment",
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="Texts beside the store's: one a line, or a table; may be repeated."),
    ] = None,
    text: TextOf = None,
    only: Annotated[bool, typer.Option("--only-data", help="Leave the posts of the store out.")] = False,
    since: Since = None,
    until: Until = None,
    most: Annotated[int, typer.Option("--most", min=2, help="Posts of the store at the most, the latest.")] = 200_000,
    seed: Seed = None,
    promote: Promote = False,
    store: StorePath = None,
    settings: SettingsPath = None,
    as_json: Json = False,
) -> None:
    """Train a language model on the store's posts, to begin classifiers with: `hibi train ... --from NAME`."""
    from pipeline.engines import consulting, training
    from pipeline.engines.training import Wish

    chosen, layout = open_store(settings, store, of_run=True)
    texts = [one for path in data or [] for one in consulting.texts_of(path, text)]
    if only and not data:
        raise SettingsError("--only-data: name files with --data")
    if not only:
        texts += training.posts_of(layout, day_of(since, chosen), day_of(until, chosen), most)
    with terminal.TrainingBar() as bar:
        done = training.pretrain(chosen, layout, name, texts, Wish(recipe, None, seed, promote), bar)
    _told(done, chosen, as_json)


@app.command()
def evaluate(
    name: ModelName,
    data: Data,
    text: Text,
    label: Label = None,
    version: Number = None,
    store: StorePath = None,
    settings: SettingsPath = None,
    as_json: Json = False,
) -> None:
    """Measure a model on labelled texts, beside the linear baseline that was trained on the same."""
    from pipeline.engines import evaluating, example_files

    found = example_files.read(data, text, label)
    asked = _ask(name, version, store, settings)
    answer(evaluating.evaluate(asked, found), as_json, evaluating.lines)


@app.command()
def predict(
    name: ModelName,
    file: Texts = Path("-"),
    text: TextOf = None,
    version: Number = None,
    store: StorePath = None,
    settings: SettingsPath = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Answer about texts: a JSON object a line, or with --json one list."""
    from pipeline.engines import consulting

    rows = consulting.predict(_ask(name, version, store, settings), _texts(file, text))
    if as_json:
        terminal.print_json(list(rows))
    elif as_csv:
        terminal.print_csv(map(consulting.flat, rows))
    else:
        for row in rows:
            typer.echo(terminal.json_text(row))


@app.command()
def generate(
    name: ModelName,
    prompt: Annotated[str, typer.Argument(metavar="[PROMPT]", help="The beginning.")] = "",
    count: Annotated[int, typer.Option("--count", min=1, max=1000, help="Texts.")] = 1,
    longest: Annotated[int, typer.Option("--longest", min=1, max=1000, help="Words or characters of a text.")] = 60,
    temperature: Annotated[float, typer.Option("--temperature", min=0, help="0: always the likeliest.")] = 0.8,
    nucleus: Annotated[
        float, typer.Option("--nucleus", min=0.01, max=1, help="Draw from the likeliest that have this probability.")
    ] = 0.95,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed, the same texts.")] = 1,
    store: StorePath = None,
    settings: SettingsPath = None,
    as_json: Json = False,
) -> None:
    """Let a language model write."""
    from pipeline.engines import consulting

    asked = _ask(name, None, store, settings)
    found = consulting.generate(asked, prompt, count, longest, temperature, nucleus, seed)
    answer(found, as_json, list)


@app.command()
def translate(
    name: ModelName,
    file: Texts = Path("-"),
    text: TextOf = None,
    beams: Annotated[int, typer.Option("--beams", min=1, max=50, help="Sentences kept at every step.")] = 5,
    version: Number = None,
    store: StorePath = None,
    settings: SettingsPath = None,
    as_json: Json = False,
) -> None:
    """Translate texts, one a line."""
    from pipeline.engines import consulting

    pairs = consulting.translate(_ask(name, version, store, settings), _texts(file, text), beams)
    if as_json:
        terminal.print_json([{"text": source, "translation": target} for source, target in pairs])
    else:
        for _, target in pairs:
            typer.echo(terminal.printable(target))


def _ask(name: str, version: int | None, store: Path | None, settings: Path | None) -> Asked:
    """Load a model, and say so where another version than the chosen one answers."""
    from pipeline.engines import consulting

    chosen, layout = open_store(settings, store, of_run=True)
    asked, notes = consulting.open_model(chosen, layout, name, version)
    for note in notes:
        typer.echo(f"hibi: {terminal.printable(note)}", err=True)
    return asked


def _texts(file: Path, column: str | None) -> Iterator[str]:
    from pipeline.engines import consulting

    if str(file) == "-":
        return consulting.lines_of(sys.stdin.buffer, "standard input")
    return consulting.texts_of(file, column)


def _told(done: Trained, chosen: Settings, as_json: bool) -> None:
    from pipeline.engines import training

    told: dict[str, Any] = training.told(done, chosen)
    answer(told, as_json, training.lines)
