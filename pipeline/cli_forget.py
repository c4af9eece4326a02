"""The command that forgets posts and authors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline import logs, terminal
from pipeline.cli_options import FAILED, Json, SettingsPath, StorePath, Workers, answer, open_store
from pipeline.errors import SettingsError
from pipeline.machine import cores

if TYPE_CHECKING:
    from pipeline.engines.forgetting import Forgotten, Proof

_SHOWN = 10
"""Lines of a kind that a person is told; --json tells all."""

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def forget(
    posts: Annotated[Path | None, typer.Option("--posts", help="File with a post_id a line.")] = None,
    authors: Annotated[
        Path | None, typer.Option("--authors", help="File with an author a line: name or id as collected, or its hash.")
    ] = None,
    store: StorePath = None,
    settings: SettingsPath = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Remove posts for good from every table, report and label, and prove it. Without a file: end what was killed."""
    from pipeline.engines import forgetting, project
    from pipeline.engines.forgetting import Asked
    from pipeline.engines.pool import Pool, collect_seldom

    chosen, layout = open_store(settings, store, of_run=True)
    asked = Asked(*(forgetting.read_lines(path) if path else () for path in (posts, authors)))
    if not (posts or authors or layout.forgetting.exists()):
        raise SettingsError("nothing to forget: name a file with --posts or --authors")
    collect_seldom()
    logs.begin("forget")
    opened = project.open_project(chosen, layout.root, settings)
    printer = terminal.Printer(layout, quiet=as_json)
    with Pool(workers or cores()) as pool:
        try:
            done = forgetting.forget(opened, asked, pool, printer)
        finally:
            printer.close(None)
    answer(asdict(done), as_json, lambda _: list(_lines(done)))
    if done.failed or not done.proof.clean:
        raise typer.Exit(FAILED)


def _lines(done: Forgotten) -> Iterator[str]:
    authors = f" and {done.authors:,} author(s)" if done.authors else ""
    yield f"forgotten: {done.posts:,} post(s){authors}; they are not taken in again"
    yield from (f"  {count:,} {kind} taken out" for kind, count in done.removed.items())
    yield from _some([f"not in the store (kept out from now on): {line}" for line in done.unknown])
    if done.days:
        yield f"made anew: {len(done.days)} day(s), {done.days[0]} to {done.days[-1]}"
    yield from (f"FAILED: {day}: {error}" for day, error in done.failed.items())
    yield from _proof(done.proof)
    yield from _models(done.models)
    yield from _inbox(done.inbox)


def _proof(proof: Proof) -> Iterator[str]:
    yield (
        f"searched: {proof.files:,} files, {proof.stored:,} bytes, and {proof.unpacked:,} bytes packed in them,"
        f" for {proof.ids:,} ids and {proof.texts:,} pieces of text"
    )
    yield f"found: {sum(map(len, proof.found.values())):,}"
    yield from _some([f"  STILL THERE: {path}: {', '.join(held[:3])}" for path, held in proof.found.items()])
    yield from _some([f"  could not be looked into: {path}" for path in proof.unread])
    if proof.left_out:
        yield f"  {proof.left_out:,} post(s) are too short, or said by others in the same words: proved by their ids"
    yield from _some([f"  other people's posts name it, and stay: {name}" for name in proof.elsewhere])


def _models(models: dict[str, int]) -> Iterator[str]:
    if models:
        yield "trained on some of them, which stays in their weights until they are trained again:"
    for label, count in models.items():
        name = label.partition("/")[0]
        yield f"  {label} learned from {count:,}: `hibi retrain {name}` (or pretrain, train --promote), then remove it"


def _inbox(found: list[tuple[str, int, str]]) -> Iterator[str]:
    if found:
        yield f"{len(found):,} place(s) in files of yours still hold them; hibi reads such files and never writes them:"
    places = (f"  {path}, line {line}{_member(path, member)}" for path, line, member in found)
    yield from _some(list(places))


def _member(path: str, member: str) -> str:
    return "" if Path(path).name == member else f" of {member}"


def _some(lines: list[str]) -> Iterator[str]:
    yield from lines[:_SHOWN]
    if len(lines) > _SHOWN:
        yield f"  and {len(lines) - _SHOWN:,} more (--json tells all)"
