"""The commands about labels: what to label, taking labels in, and training again on all of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline import logs, terminal
from pipeline.cli_options import Json, SettingsPath, StorePath, Until, day_of, open_store

if TYPE_CHECKING:
    from pipeline.engines.asking import Asked
    from pipeline.engines.contest import Retrained
    from pipeline.engines.labelling import FileTaken, Imported, TaskLabels

PARTLY = 3
_SHOWN = 10
"""Lines of a kind that a person is told; --json tells all."""

app = typer.Typer(pretty_exceptions_enable=False)
label = typer.Typer(
    help="Choose posts to label, and take labels in.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(label, name="label")


@label.command("queue")
def queue(
    store: StorePath = None,
    settings: SettingsPath = None,
    date: Annotated[str | None, typer.Option("--date", help="The day. [default: the last one that has posts]")] = None,
    task: Annotated[str | None, typer.Option("--task", help="One task. [default: all]")] = None,
    size: Annotated[int, typer.Option("--size", min=1, max=1000, help="Posts a task.")] = 30,
    as_json: Json = False,
) -> None:
    """Choose the day's posts that teach most, and write them as a page, CSV and XLSX to be filled in."""
    from pipeline.engines import asking, project

    chosen, layout = open_store(settings, store, of_run=True)
    opened = project.open_project(chosen, layout.root)
    found = asking.ask(opened, day_of(date, chosen), task, size)
    if as_json:
        terminal.print_json([asdict(one) for one in found])
    else:
        _say(line for one in found for line in _asked_lines(one))


@label.command("import")
def import_(
    given: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV, XLSX or JSON with answers.")],
    store: StorePath = None,
    settings: SettingsPath = None,
    task: Annotated[str | None, typer.Option("--task", help="The task, where a file does not say it.")] = None,
    who: Annotated[str, typer.Option("--who", help="Who answered, where a file does not say it.")] = "",
    as_json: Json = False,
) -> None:
    """Take answers in: the queue's files, or a table with post_id and a column a task."""
    from pipeline.engines import labelling

    chosen, layout = open_store(settings, store, of_run=True)
    done = labelling.take(chosen, layout, given, task, who)
    if as_json:
        terminal.print_json(asdict(done))
    else:
        _say(_imported_lines(done))
    for failure in done.failed:
        typer.echo(f"hibi: {terminal.printable(failure)}", err=True)
    if done.failed:
        raise typer.Exit(PARTLY)


@app.command()
def retrain(
    name: Annotated[str, typer.Argument(help="The task: a name of [[models]].")],
    store: StorePath = None,
    settings: SettingsPath = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Train on all labels, compare with the model in service, and put the new one there only if it is as good."""
    from pipeline.engines import project, retraining

    chosen, layout = open_store(settings, store, of_run=True)
    logs.begin("retrain")
    opened = project.open_project(chosen, layout.root)
    with terminal.TrainingBar() as bar:
        done = retraining.retrain(opened, name, day_of(until, chosen), when=dt.datetime.now(dt.UTC), watch=bar)
    terminal.log_retrained(done)
    if as_json:
        terminal.print_json(asdict(done))
    else:
        _say(_retrained_lines(done))


def _say(lines: Iterator[str]) -> None:
    for line in lines:
        typer.echo(terminal.printable(line))


def _asked_lines(asked: Asked) -> Iterator[str]:
    why = ", ".join(f"{count} {name}" for name, count in asked.why.items())
    yield f"{asked.task}  {asked.date}: {asked.posts} posts{f' ({why})' if why else ': nothing to ask'}"
    yield from (f"  {path}" for path in asked.paths)
    yield from (f"  {note}" for note in asked.notes)


def _imported_lines(done: Imported) -> Iterator[str]:
    for one in done.files:
        yield from _file_lines(one)
    for task in done.tasks:
        yield from _task_lines(task)


def _file_lines(one: FileTaken) -> Iterator[str]:
    yield (
        f"{one.file}  {one.task}: {one.answers:,} answers, {one.new:,} of them new;"
        f" {one.unanswered:,} not answered, {len(one.unusable):,} unusable"
    )
    if one.unnamed:
        yield f"  {one.unnamed:,} do not say who answered; name them with --who"
    for bad in one.unusable[:_SHOWN]:
        yield f"  line {bad.line}: {bad.post_id or '(no post)'}: {bad.reason}"
    if len(one.unusable) > _SHOWN:
        yield f"  and {len(one.unusable) - _SHOWN:,} more"


def _task_lines(task: TaskLabels) -> Iterator[str]:
    counts = ", ".join(f"{label} {count:,}" for label, count in task.labels.items())
    shown = f" ({counts})" if counts else ""
    yield f"{task.task}: {task.posts:,} posts have a label{shown}; people disagree on {len(task.disagreements):,}"
    for one in task.disagreements[:_SHOWN]:
        said = ", ".join(f"{who or 'somebody'} says {answer}" for who, answer in one.answers)
        yield f"  {one.post_id}: {said}; {f'settled as {one.settled}' if one.settled else 'not settled: left out'}"
    if len(task.disagreements) > _SHOWN:
        yield f"  and {len(task.disagreements) - _SHOWN:,} more"


def _retrained_lines(done: Retrained) -> Iterator[str]:
    if done.version is None:
        yield f"{done.task}: nothing new to learn{f'; {done.champion} stays' if done.champion else ''}"
        yield from (f"  {note}" for note in done.notes)
        return
    verdict = "promoted" if done.promoted else f"not promoted; {done.champion} stays"
    yield f"{done.version}: {verdict}"
    yield from (f"  {'ok  ' if passed else 'FAIL'}  {words}" for passed, words in done.reasons)
    for part, roles in done.scores.items():
        told = ", ".join(f"{role} {one['macro_f1']['value']:.3f}" for role, one in roles.items())
        yield f"  macro F1 on {roles['challenger']['posts']:,} {part} posts: {told}"
    yield from (f"  {note}" for note in done.notes)
    yield f"  {done.card}"
