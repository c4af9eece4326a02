"""Training a recipe: examples are split and numbered, its networks are trained, and what they learned is given back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pipeline.errors import ModelError
from pipeline.models import backend, baseline, checkpoint, inputs, vectors
from pipeline.models.baseline import Linear
from pipeline.models.checkpoint import State
from pipeline.models.examples import Examples, label_names, label_numbers, wanted_texts
from pipeline.models.heads import Shape
from pipeline.models.loop import Loop, Progress
from pipeline.models.network import Network, sizes
from pipeline.models.recipe import Recipe
from pipeline.models.units import Units, in_pieces
from pipeline.models.vectors import Table
from pipeline.models.vocabulary import Vocabulary
from pipeline.text.lexicon import Lexicon


@dataclass(frozen=True)
class Fitted:
    """A trained network in plain values: what a bundle stores."""

    recipe: Recipe
    weights: dict[str, np.ndarray]
    vocabularies: dict[str, list[str]]
    labels: list[str]
    data: str
    """Fingerprint of recipe, training and dev examples."""
    linear: Linear | None = None
    """The linear model beside networks of labels; it has a part in the answer where the recipe is wide."""
    history: list[dict[str, float]] = field(default_factory=list)
    """member, epoch, loss, dev_loss, score, seconds, texts a second."""


@dataclass(frozen=True)
class Start:
    """Weights and vocabularies of another model to begin with: a language model, or an earlier version."""

    weights: dict[str, np.ndarray]
    vocabularies: dict[str, list[str]]


def fit(
    recipe: Recipe, train: Examples, dev: Examples, folder: Path, *,
    lexicon: Lexicon | None = None, start: Start | Fitted | None = None,
    watch: Callable[[Progress], None] | None = None,
) -> Fitted:  # fmt: skip
    """Train a recipe; where ``folder`` holds the state of the same training, go on from there.

    Raises InputError where the examples are not what the head wants, TrainingDiverged where the loss is no number any
    more, ModelError where even the smallest batch does not fit into memory.
    """
    if not len(train) or not len(dev):
        raise ModelError("training wants examples to train on and others to measure by")
    folder.mkdir(parents=True, exist_ok=True)
    backend.prepare()
    tables = vectors.of_branches(recipe)
    units, dev_units = (_units(recipe, part, lexicon) for part in (train, dev))
    known = inputs.choose(recipe, units, vectors.words_of(tables), start.vocabularies if start else {})
    labels = labels_of(recipe, train)
    prepared = inputs.prepare(recipe, train, units, known, labels)
    dev = replace(dev, votes=None)  # a score counts labels
    measured = inputs.prepare(recipe, dev, dev_units, known, labels)
    data = fingerprint(recipe, train, dev)
    begun = _with_its_beginning(data, known, lexicon, tables, start)
    state = checkpoint.load(folder, begun) or State(begun)
    shape = Shape({n: sizes(recipe, n, known[n], units[n], tables, start) for n in known}, len(labels))
    if recipe.head.kind == "next":
        learned = shape.sizes["encoder"].learned
        prepared, measured = replace(prepared, learned=learned), replace(measured, learned=learned)
    loop = Loop(recipe, prepared, measured, folder, state, watch)
    for member in range(state.member, recipe.training.members):
        network = Network(recipe, shape, recipe.training.seed + member)
        network.begin(known, units, tables, start)
        loop.run(network, member)
    checkpoint.remove(folder)
    words = {name: list(vocabulary.units) for name, vocabulary in known.items()}
    return Fitted(recipe, loop.weights(), words, labels, data, linear_model(recipe, train, labels), state.history)


def _units(recipe: Recipe, examples: Examples, lexicon: Lexicon | None) -> dict[str, Units]:
    """Split texts; a language model learns from what is beyond the recipe's ``longest``, too."""
    found = inputs.split(recipe, examples, lexicon)
    if recipe.head.kind != "next":
        return found
    return {name: in_pieces(part, recipe.encoder.longest)[0] for name, part in found.items()}


def linear_model(recipe: Recipe, train: Examples, labels: list[str]) -> Linear | None:
    """Fit the linear model that stands beside every network of labels, on further texts of the examples, too."""
    if recipe.head.kind != "labels" or recipe.head.each:
        return None
    train = train.enlarged()
    words, gold = recipe.head.grams == "words", label_numbers(train, labels)
    return baseline.fit(train.texts, gold, len(labels), strength=recipe.head.strength, words=words)


def labels_of(recipe: Recipe, train: Examples) -> list[str]:
    """Name what the head answers with; nothing for heads without labels."""
    if recipe.head.kind != "labels":
        return []
    if recipe.head.each:
        return sorted(set().union(*wanted_texts(train)))
    return label_names(train)


def fingerprint(recipe: Recipe, *parts: Examples) -> str:
    """Identify a recipe and the examples it is trained on."""
    digest = hashlib.sha256(recipe.model_dump_json().encode())
    for part in parts:
        gold = part.gold.tobytes() if isinstance(part.gold, np.ndarray) else repr(part.gold).encode()
        digest.update(b"" if part.votes is None else part.votes.tobytes())
        told = (part.texts, part.labels) if part.also is None else (part.texts, part.labels, part.also)
        digest.update(repr(told).encode("utf-8", "surrogatepass") + gold)
    return digest.hexdigest()[:16]


def _with_its_beginning(
    data: str, known: Mapping[str, Vocabulary], lexicon: Lexicon | None, tables: Mapping[str, list[Table]],
    start: Start | Fitted | None,
) -> str:  # fmt: skip
    """Identify a training by what its first epoch rests on, too: how words are split, vectors, another's weights."""
    units = {name: vocabulary.units for name, vocabulary in known.items()}
    told = repr((data, lexicon.fingerprint if lexicon else None, units))
    digest = hashlib.sha256(told.encode("utf-8", "surrogatepass"))
    for listed in tables.values():
        for table in listed:
            digest.update(table.matrix.tobytes())
    for name, weight in sorted(start.weights.items()) if start else ():
        digest.update(name.encode() + weight.tobytes())
    return digest.hexdigest()[:16]
