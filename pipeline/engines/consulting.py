"""Asking the models of a store about texts that are given by hand."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from pipeline.engines import example_files, learning, project
from pipeline.engines.evaluating import Asked
from pipeline.errors import InputError, ModelError
from pipeline.ingest import encoding, lines
from pipeline.models import bundle as bundles
from pipeline.models import calibration, evaluation, registry
from pipeline.models.bundle import Bundle
from pipeline.settings import Settings
from pipeline.store.layout import Layout

if TYPE_CHECKING:
    from pipeline.models.serving import Model

Row = dict[str, Any]

_TOGETHER = 4096
"""Texts answered at a time, so that a pipe gets its answers early."""


def open_model(settings: Settings, layout: Layout, name: str, number: int | None = None) -> tuple[Asked, list[str]]:
    """Load the version in service, or one by number; also what a person should know of it.

    Raises NoModel, BundleDamaged, BundleMismatch, ModelError.
    """
    learning.require_keras()
    registry.versions(layout.root, name)
    lexicon = project.lexicon_of(settings)
    if number is None:
        served = registry.serve(layout.root, name, lexicon.fingerprint)
        version, bundle, notes = served.version, served.bundle, served.notes
    else:
        version = registry.version(layout.root, name, number)
        bundle, notes = bundles.load(version.folder, lexicon.fingerprint), []
    from pipeline.models.serving import Model

    return Asked(version.label, bundle, Model.of(bundle, lexicon)), notes


def texts_of(path: Path, column: str | None) -> Iterator[str]:
    """Read texts: a column of a table, or one text a line of any other file, as Japanese programs save them.

    An empty line is an empty text. Raises InputError naming a line that cannot be read.
    """
    if path.suffix.lower() in example_files.FORMATS:
        if column is None:
            raise InputError(f"{path}: a table; name its column with --text")
        yield from example_files.read(path, column).texts
        return
    try:
        with path.open("rb") as file:
            yield from _lines(file, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error


def lines_of(stream: BinaryIO, name: str) -> Iterator[str]:
    """Read one text a line, each as it comes. Raises InputError naming a line that is not UTF-8."""
    for number, line in enumerate(stream, 1):
        yield _decoded(line.rstrip(b"\r\n"), name, number)


def _lines(file: BinaryIO, path: Path) -> Iterator[str]:
    head = file.read(encoding.HEAD)
    code = encoding.detect(head, len(head) < encoding.HEAD)
    if code is None:
        raise InputError(f"{path}: no text")
    chunks = chain([head], iter(partial(file.read, encoding.HEAD), b""))
    for number, line in lines.split(encoding.utf8(chunks, code), sys.maxsize):
        text = _decoded(line, str(path), number)
        if code != "utf-8" and "\ufffd" in text:
            raise InputError(f"{path}, line {number}: a character that cannot be read; save the file as UTF-8")
        yield text


def _decoded(line: bytes, name: str, number: int) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{name}, line {number}: not UTF-8") from error


def predict(asked: Asked, texts: Iterable[str]) -> Iterator[Row]:
    """Answer for each text, in order. Raises ModelError where the model produces texts instead."""
    kind = asked.model.recipe.head.kind
    if kind == "sequence":
        raise ModelError(f"{asked.label} translates: ask it with `hibi translate`")
    for part in _parts(texts):
        yield from (
            {"text": text} | row for text, row in zip(part, _answers(asked.model, asked.bundle, part), strict=True)
        )


def _answers(model: Model, bundle: Bundle, texts: list[str]) -> Iterator[Row]:
    head = model.recipe.head
    if head.kind == "number":
        yield from ({"number": float(number)} for number in model.numbers(texts))
    elif head.kind == "next":
        from pipeline.models.generation import likelihoods

        found, units = likelihoods(model, texts)
        yield from ({"perplexity": float(value)} for value in np.exp(-found / np.maximum(units, 1)))
    elif head.each:
        yield from ({"labels": answer} for answer in model.labels_of_units(texts))
    else:
        yield from _labels(model, bundle, texts)


def _labels(model: Model, bundle: Bundle, texts: list[str]) -> Iterator[Row]:
    found = model.probabilities(texts)
    chosen = evaluation.decide(found, bundle.several)
    vague = calibration.unsure(found, bundle.threshold, bundle.several)
    for row, answer, doubt in zip(found, chosen, vague, strict=True):
        odds = {label: round(float(value), 6) for label, value in zip(bundle.labels, row, strict=True)}
        if bundle.several:
            yes = [label for label, one in zip(bundle.labels, answer, strict=True) if one]
            yield {"labels": yes, "unsure": bool(doubt.any()), "probabilities": odds}
        else:
            label = bundle.labels[int(answer)]
            yield {"label": label, "probability": odds[label], "unsure": bool(doubt), "probabilities": odds}


def generate(
    asked: Asked, prompt: str, count: int, longest: int, temperature: float, nucleus: float, seed: int
) -> list[str]:
    """Let a language model continue a prompt. Raises ModelError where the model is none."""
    from pipeline.models import generation

    return generation.generate(asked.model, prompt, count, longest, temperature, nucleus, seed)


def translate(asked: Asked, texts: Iterable[str], beams: int) -> Iterator[tuple[str, str]]:
    """Translate each text, in order: the text and its translation. Raises ModelError where the model does not."""
    from pipeline.models import beam

    for part in _parts(texts, 256):
        yield from zip(part, beam.translate(asked.model, part, beams), strict=True)


def _parts(texts: Iterable[str], size: int = _TOGETHER) -> Iterator[list[str]]:
    rest = iter(texts)
    while part := list(islice(rest, size)):
        yield part


def flat(row: Row) -> Row:
    """Put an answer into cells: lists joined by |, a column a label's probability."""
    odds = {f"p_{label}": value for label, value in row.get("probabilities", {}).items()}
    cells = {name: "|".join(v) if isinstance(v, list) else v for name, v in row.items() if name != "probabilities"}
    return cells | odds
