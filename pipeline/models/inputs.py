"""Examples -> what a network is given: numbered units, and targets with their weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from pipeline.errors import InputError
from pipeline.models import units as splitting
from pipeline.models import vocabulary as vocabularies
from pipeline.models.batches import Batch, Inputs
from pipeline.models.examples import Examples, label_names, label_numbers, wanted_numbers, wanted_texts
from pipeline.models.recipe import Branch, Recipe
from pipeline.models.units import Units
from pipeline.models.vocabulary import UNKNOWN, Ragged, Vocabulary
from pipeline.text.lexicon import Lexicon


@dataclass(frozen=True)
class Prepared:
    """Numbered examples."""

    texts: dict[str, Ragged]
    """Of each branch, and of ``target``."""
    targets: np.ndarray | Ragged | None = None
    """float32 (n, labels) or (n, 1); numbered labels of every unit; None where the texts themselves are predicted."""
    weights: np.ndarray | None = None
    """float32 (n,)"""
    kinds: int = 0
    """Labels that a unit may have, where each has one."""
    learned: int | None = None
    """Next token: units from this number on have pretrained vectors alone; to be predicted, they are unknown."""

    def __len__(self) -> int:
        return len(next(iter(self.texts.values())))


def branches(recipe: Recipe) -> dict[str, Branch]:
    """Name everything that is split into units: the branches, and the target of a sequence."""
    return recipe.branches | ({"target": recipe.target} if recipe.target else {})


def bounded(recipe: Recipe, name: str) -> bool:
    """Tell whether a branch's texts stand between START and END: those that are to be produced."""
    return name == "target" or recipe.head.kind == "next"


def split(recipe: Recipe, examples: Examples, lexicon: Lexicon | None) -> dict[str, Units]:
    """Split texts as each branch reads them."""
    found = {name: splitting.split(examples.texts, branch, lexicon) for name, branch in recipe.branches.items()}
    if recipe.target:
        found["target"] = splitting.split(wanted_texts(examples), recipe.target, lexicon)
    return found


def number(recipe: Recipe, units: Mapping[str, Units], known: Mapping[str, Vocabulary]) -> dict[str, Ragged]:
    """Number the units of each branch."""
    wanted = branches(recipe)
    return {name: known[name].encode(part, wanted[name].longest, bounded(recipe, name)) for name, part in units.items()}


def prepare(
    recipe: Recipe, examples: Examples, units: Mapping[str, Units], known: Mapping[str, Vocabulary], labels: list[str]
) -> Prepared:
    """Number texts and targets. Raises InputError where a target is not what the head wants."""
    texts = number(recipe, units, known)
    head = recipe.head
    if head.kind in {"next", "sequence"}:
        return Prepared(texts)
    if head.kind == "number":
        return Prepared(texts, wanted_numbers(examples).astype(np.float32)[:, None])
    if head.each:
        each = _labels_of_units(examples, labels, texts["encoder"], recipe.encoder.longest)
        return Prepared(texts, each, kinds=len(labels))
    numbers = label_numbers(examples, labels)
    if head.several:
        if numbers.ndim == 1:
            raise InputError("several labels a text need a column of 0 and 1 for each label")
        return Prepared(texts, numbers.astype(np.float32))
    if numbers.ndim != 1:
        raise InputError("the recipe wants one label a text; set head.several = true")
    wanted = np.eye(len(labels), dtype=np.float32)[numbers]
    if head.votes and examples.votes is not None and label_names(examples) == labels:
        wanted = head.votes * examples.votes + np.float32(1 - head.votes) * wanted
    return Prepared(texts, wanted, _balance(recipe, numbers, len(labels)))


def _labels_of_units(examples: Examples, labels: list[str], texts: Ragged, longest: int) -> Ragged:
    place = {label: number for number, label in enumerate(labels)}
    wanted = wanted_texts(examples)
    strange = sorted(set().union(*wanted) - place.keys())
    if strange:
        raise InputError(f"label {strange[0]!r} is none of {', '.join(labels)}")
    rows = [[place[label] for label in each[:longest]] for each in wanted]
    lengths = np.fromiter(map(len, rows), np.int32, len(rows))
    if not np.array_equal(lengths, texts.lengths):
        raise InputError("the label must have a character for each unit of the text")
    return Ragged(np.concatenate([np.array(row, np.int32) for row in rows]), lengths)


def _balance(recipe: Recipe, numbers: np.ndarray, labels: int) -> np.ndarray | None:
    if not recipe.head.balanced:
        return None
    counts = np.maximum(np.bincount(numbers, minlength=labels), 1)
    weights = np.sqrt(len(numbers) / (labels * counts))[numbers]
    return np.asarray(weights / weights.mean(), np.float32)


def targets(recipe: Recipe, data: Prepared, batch: Batch) -> tuple[Inputs, np.ndarray, np.ndarray]:
    """Return inputs, targets and weights of one batch, as the loss wants them."""
    if recipe.head.kind == "next":
        return _neighbours(recipe, batch, data.learned)
    if recipe.head.kind == "sequence":
        return _shifted(batch)
    missing = len(batch.weights) - len(batch.rows)
    if isinstance(data.targets, Ragged):
        width = batch.inputs["encoder"].shape[1]
        inside = np.arange(width) < data.targets.lengths[batch.rows, None]
        wanted = np.eye(data.kinds, dtype=np.float32)[data.targets.padded(batch.rows, width)]
        return (
            batch.inputs,
            np.pad(wanted, ((0, missing), (0, 0), (0, 0))),
            np.pad(inside, ((0, missing), (0, 0))).astype(np.float32),
        )
    assert data.targets is not None
    weights = batch.weights
    if data.weights is not None:
        weights = weights * np.pad(data.weights[batch.rows], (0, missing))
    return batch.inputs, np.pad(data.targets[batch.rows], ((0, missing), (0, 0))), weights


def _neighbours(recipe: Recipe, batch: Batch, learned: int | None) -> tuple[Inputs, np.ndarray, np.ndarray]:
    """Ask for the unit after each (forwards), and for the unit before each (backwards)."""
    units, lengths = batch.inputs["encoder"], batch.inputs["encoder_lengths"][:, None]
    place = np.arange(units.shape[1])
    real = batch.weights[:, None]
    wanted, weights = [np.roll(units, -1, 1)], [(place < lengths - 1) * real]
    if recipe.encoder.bidirectional:
        wanted.append(np.roll(units, 1, 1))
        weights.append(((place > 0) & (place < lengths)) * real)
    units = np.stack(wanted, 2)
    if learned is not None:
        units = np.where(units < learned, units, UNKNOWN).astype(np.int32)
    return batch.inputs, units, np.stack(weights, 2).astype(np.float32)


def _shifted(batch: Batch) -> tuple[Inputs, np.ndarray, np.ndarray]:
    """Give the target up to a unit, and ask for that unit."""
    full, lengths = batch.inputs["target"], batch.inputs["target_lengths"]
    given = batch.inputs | {"target": full[:, :-1], "target_lengths": np.maximum(lengths - 1, 1)}
    weights = (np.arange(1, full.shape[1]) < lengths[:, None]) * batch.weights[:, None]
    return given, full[:, 1:], weights.astype(np.float32)


def choose(
    recipe: Recipe, units: Mapping[str, Units], more: Mapping[str, list[str]], given: Mapping[str, list[str]]
) -> dict[str, Vocabulary]:
    """Choose each branch's vocabulary from training texts, or take the one given; then add words with vectors only."""
    found = {}
    for name, branch in branches(recipe).items():
        if name in given:
            found[name] = vocabularies.restore(given[name], branch)
            continue
        known = vocabularies.build(units[name], branch, bounded(recipe, name))
        seen = set(known.units)
        extra = tuple(word for word in more.get(name, []) if word not in seen)
        found[name] = replace(known, units=known.units + extra)
    return found
