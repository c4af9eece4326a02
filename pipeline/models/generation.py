"""A language model that speaks: how likely texts are, and new ones unit by unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pipeline.errors import ModelError
from pipeline.models import backend, batches, inputs
from pipeline.models.backend import keras
from pipeline.models.batches import Plan
from pipeline.models.examples import Examples
from pipeline.models.inputs import Prepared, targets
from pipeline.models.network import Network
from pipeline.models.recipe import Branch, Recipe
from pipeline.models.serving import Model
from pipeline.models.units import in_pieces
from pipeline.models.vocabulary import END, PADDING, START, UNKNOWN

_ROOM = 1 << 22
"""Scores (units of the batch times units of the vocabulary) held at a time."""
_NO_SPACE_BEFORE = frozenset(",.!?;:%)]}'’")


def joined(units: Sequence[str], language: str, unit: str) -> str:
    """Put units together to a text as it is written."""
    if unit == "character" or language == "ja":
        return "".join(units)
    spaced = [word if not n or word[0] in _NO_SPACE_BEFORE else f" {word}" for n, word in enumerate(units)]
    return "".join(spaced)


def likelihoods(model: Model, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the log-likelihood of each text read forwards, float64 (n,), and its units with the end, int64 (n,).

    A long text is read in pieces, each with an end, as in training. The perplexity of a text is
    exp(-likelihood / units); that of many is exp of the same of their sums.
    """
    recipe = model.recipe
    _wants(recipe, "next")
    units = inputs.split(recipe, Examples(list(texts)), model.lexicon)["encoder"]
    pieces, owners = in_pieces(units, recipe.encoder.longest)
    data = inputs.number(recipe, {"encoder": pieces}, model.vocabularies)["encoder"]
    asked = Prepared({"encoder": data}, learned=model.shape.sizes["encoder"].learned)
    found = np.zeros(len(data))
    plan = Plan(max(64, _ROOM // model.shape.sizes["encoder"].learned), 256, backend.fixed_shapes())
    for rows in batches.in_length_order(data.lengths, plan):
        batch = batches.lay_out({"encoder": data}, rows, plan)
        given, wanted, weights = targets(recipe, asked, batch)
        logits = np.mean([network.logits(given)[:, :, 0] for network in model.members], 0)
        top = logits.max(-1, keepdims=True)
        all_units = top[..., 0] + np.log(np.exp(logits - top).sum(-1))
        chosen = np.take_along_axis(logits, wanted[:, :, :1].astype(np.int64), 2)[..., 0]
        found[rows] = ((chosen - all_units) * weights[:, :, 0]).sum(1)[: len(rows)]
    likelihood, read = (np.bincount(owners, part, len(texts)) for part in (found, data.lengths - 1))
    return likelihood, read.astype(np.int64)


def generate(
    model: Model, prompt: str = "", count: int = 1, longest: int = 60, temperature: float = 0.8, nucleus: float = 0.95,
    seed: int = 1,
) -> list[str]:  # fmt: skip
    """Continue a prompt ``count`` times; a text ends by itself or after ``longest`` units.

    Each unit is drawn from the likeliest ones that have ``nucleus`` of the probability (Holtzman et al. 2020).
    Unknown units of the prompt stay in the text; none is ever made.
    """
    _wants(model.recipe, "next")
    branch, vocabulary = model.recipe.encoder, model.vocabularies["encoder"]
    start, end = (vocabulary.numbers()[mark] for mark in (START, END))
    given = model.number([prompt])["encoder"]
    begin = given.values[: int(given.lengths[0]) - 1] if prompt else np.array([start], np.int32)
    stepper, states = backend.answer(_Stepper(model.members[0])), _states(model.members[0], count)
    logits: Any = None
    for unit in begin:
        logits, *states = _step(stepper, np.full(count, unit, np.int32), states)
    generator = np.random.default_rng(seed)
    made: list[list[int]] = [[] for _ in range(count)]
    done = np.zeros(count, bool)
    for _ in range(longest):
        logits[:, [PADDING, UNKNOWN, start]] = -np.inf
        chosen = np.array([_draw(row, temperature, nucleus, generator) for row in logits], np.int32)
        done |= chosen == end
        if done.all():
            break
        for row in np.flatnonzero(~done):
            made[row].append(int(chosen[row]))
        logits, *states = _step(stepper, chosen, states)
    texts = [[vocabulary.units[number - 2] for number in row] for row in made]
    return [_after(prompt, joined(text, branch.language, branch.unit), branch) for text in texts]


def _after(prompt: str, text: str, branch: Branch) -> str:
    spaced = branch.language == "en" and branch.unit == "word" and prompt and text and text[0] not in _NO_SPACE_BEFORE
    return f"{prompt} {text}" if spaced else prompt + text


def _wants(recipe: Recipe, kind: str) -> None:
    if recipe.head.kind != kind:
        raise ModelError(f"the model's head is {recipe.head.kind!r}; this wants {kind!r}")


def _cells(network: Network) -> list[Any]:
    """Return the cells of the forward direction, bottom first."""
    branch, found = network.recipe.encoder, []
    for number in range(branch.layers):
        layer = network.model.get_layer(f"encoder_{'forward' if branch.apart else 'recurrent'}_{number}")
        found.append((layer.forward_layer if branch.bidirectional and not branch.apart else layer).cell)
    return found


def _sizes(cell: Any) -> list[int]:
    return list(cell.state_size) if isinstance(cell.state_size, (list, tuple)) else [cell.state_size]


def _states(network: Network, rows: int) -> list[np.ndarray]:
    return [np.zeros((rows, size), np.float32) for cell in _cells(network) for size in _sizes(cell)]


class _Stepper(keras.Model):  # type: ignore[misc]
    """One step: unit numbers (n,) and states -> logits (n, units) and new states."""

    def __init__(self, network: Network) -> None:
        super().__init__(name="stepper")
        self.cells = _cells(network)
        layer, narrow = network.model.get_layer, ["encoder_project"] if network.recipe.encoder.project else []
        self.below = [layer(name) for name in ("encoder_embedding", *narrow)]
        self.above = [layer(name) for name in ("project_0", "output")]

    def call(self, given: list[Any]) -> list[Any]:
        """Read one unit more."""
        unit, *states = given
        numbers, after = unit, []
        for layer in self.below:
            numbers = layer(numbers)
        for cell in self.cells:
            size = len(_sizes(cell))
            mine, states = states[:size], states[size:]
            numbers, left = cell(numbers, mine)
            after += list(left) if isinstance(left, (list, tuple)) else [left]
        for layer in self.above:
            numbers = layer(numbers)
        return [numbers, *after]


def _step(stepper: Callable[[Any], Any], units: np.ndarray, states: list[np.ndarray]) -> list[np.ndarray]:
    return [np.array(value) for value in stepper([units, *states])]


def _draw(logits: np.ndarray, temperature: float, nucleus: float, generator: np.random.Generator) -> int:
    if temperature <= 0:
        return int(logits.argmax())
    odds = np.exp((logits - logits.max()).astype(np.float64) / temperature)
    odds /= odds.sum()
    order = np.argsort(-odds, kind="stable")
    kept = order[: int(np.searchsorted(np.cumsum(odds[order]), nucleus)) + 1]
    return int(generator.choice(kept, p=odds[kept] / odds[kept].sum()))
