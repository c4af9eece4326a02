"""A trained model that answers: probabilities, numbers, logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from pydantic import ValidationError

from pipeline.errors import BundleMismatch
from pipeline.models import backend, batches, heads, inputs, memory
from pipeline.models.batches import Plan
from pipeline.models.calibration import scale
from pipeline.models.examples import Examples
from pipeline.models.heads import Shape
from pipeline.models.network import Network, sizes_of_weights
from pipeline.models.recipe import Recipe
from pipeline.models.vocabulary import Ragged, restore
from pipeline.text.lexicon import Lexicon

_PLAN = Plan(16_384, 512)
_CPU_PLAN = Plan(8_192, 512)
"""Smaller, as cores share the batches, and less is padding."""
_TOGETHER = 50_000
"""Texts split and numbered at a time."""


class Stored(Protocol):
    """What a bundle, or a training, gives."""

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """Arrays by MEMBER/PATH."""
        ...

    @property
    def vocabularies(self) -> dict[str, list[str]]:
        """The units known, by branch."""
        ...

    @property
    def labels(self) -> list[str]:
        """What the answers are called, in order."""
        ...


class Model:
    """Networks of one recipe, ready to answer; their logits' probabilities are averaged."""

    def __init__(
        self, recipe: Recipe, stored: Stored, lexicon: Lexicon | None = None, temperature: float = 1.0
    ) -> None:
        backend.prepare()
        self.recipe, self.lexicon, self.temperature = recipe, lexicon, temperature
        self.labels, self.linear = list(stored.labels), getattr(stored, "linear", None)
        wanted = inputs.branches(recipe)
        if wanted.keys() != stored.vocabularies.keys():
            raise BundleMismatch("the vocabularies are not those of the recipe")
        self.vocabularies = {name: restore(stored.vocabularies[name], branch) for name, branch in wanted.items()}
        self.shape = Shape(sizes_of_weights(recipe, stored.weights, self.vocabularies), len(self.labels))
        self.members = [self._member(stored.weights, n) for n in range(recipe.training.members)]

    @classmethod
    def of(cls, bundle: Any, lexicon: Lexicon | None = None) -> Model:
        """Open a Bundle (or what fit gave). Raises BundleMismatch where its recipe is none that this hibi knows."""
        try:
            recipe = bundle.recipe if isinstance(bundle.recipe, Recipe) else Recipe.model_validate(bundle.recipe)
        except ValidationError as error:
            raise BundleMismatch(
                f"not a recipe that this hibi knows ({error.errors()[0]['msg']}); train it again"
            ) from error
        return cls(recipe, bundle, lexicon, getattr(bundle, "temperature", 1.0))

    def _member(self, weights: dict[str, np.ndarray], member: int) -> Network:
        network = Network(self.recipe, self.shape)
        prefix = f"{member}/"
        network.load({k.removeprefix(prefix): w for k, w in weights.items() if k.startswith(prefix)})
        return network

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Return calibrated probabilities; float32 (n, labels)."""
        found = self.raw(texts)
        return found if self.temperature == 1 else scale(found, self.temperature, self.recipe.head.several)

    def raw(self, texts: Sequence[str]) -> np.ndarray:
        """Return probabilities before calibration, what a temperature is fitted to; float32 (n, labels)."""
        found = [np.zeros((0, len(self.labels)), np.float32)]
        for start in range(0, len(texts), _TOGETHER):
            part = texts[start : start + _TOGETHER]
            data = self.number(part)
            deep = [heads.probabilities(self.recipe, logits(network, data)) for network in self.members]
            found.append(self._with_linear(np.mean(deep, 0), part))
        return np.concatenate(found).astype(np.float32)

    def _with_linear(self, deep: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Take the weighted geometric mean with the linear model's answer where the recipe is wide."""
        share = self.recipe.head.wide
        if not share or self.linear is None:
            return deep
        return together(deep, self.linear.probabilities(texts), share, self.recipe.head.several)

    def number(self, texts: Sequence[str]) -> dict[str, Ragged]:
        """Number the units of texts for each branch that reads them."""
        units = inputs.split(self.recipe.model_copy(update={"target": None}), Examples(list(texts)), self.lexicon)
        return inputs.number(self.recipe, units, self.vocabularies)

    def numbers(self, texts: Sequence[str]) -> np.ndarray:
        """Return the number head's answers; float32 (n,)."""
        data = self.number(texts)
        return np.asarray(np.mean([logits(network, data)[:, 0] for network in self.members], 0), np.float32)

    def labels_of_units(self, texts: Sequence[str]) -> list[str]:
        """Return a label for each unit; labels of one character, a string a text."""
        data = self.number(texts)
        plan = _plan()
        answers = [""] * len(texts)
        for rows in batches.in_length_order(data["encoder"].lengths, plan):
            given = batches.lay_out(data, rows, plan)
            found = np.mean([network.logits(given.inputs) for network in self.members], 0).argmax(-1)
            for row, length, answer in zip(rows, data["encoder"].lengths[rows], found, strict=False):
                answers[row] = "".join(self.labels[label] for label in answer[:length])
        return answers


def together(deep: np.ndarray, linear: np.ndarray, share: float, several: bool) -> np.ndarray:
    """Take the geometric mean of two models' probabilities, (n, labels), ``share`` of it the second one's."""
    both = [np.clip(p.astype(np.float64), 1e-9, 1 - 1e-9) for p in (deep, linear)]
    yes = both[0] ** (1 - share) * both[1] ** share
    no = (1 - both[0]) ** (1 - share) * (1 - both[1]) ** share
    return np.asarray(yes / (yes + no) if several else yes / yes.sum(1, keepdims=True), np.float32)


def logits(network: Network, data: dict[str, Ragged]) -> np.ndarray:
    """Return logits for all rows, in their order; float32 (n, outputs).

    Raises ModelError where the device's memory does not suffice even for small batches.
    """
    plan = _plan()
    return memory.fitting(plan, lambda smaller: _logits(network, data, smaller))


def _plan() -> Plan:
    return replace(_CPU_PLAN if backend.prepare() == "cpu" else _PLAN, fixed=backend.fixed_shapes())


def _logits(network: Network, data: dict[str, Ragged], plan: Plan) -> np.ndarray:
    dealt = batches.in_length_order(batches.total_lengths(list(data.values())), plan)
    if not dealt:
        return np.zeros((0, 1), np.float32)

    def answered(rows: np.ndarray) -> np.ndarray:
        return network.logits(batches.lay_out(data, rows, plan).inputs)[: len(rows)]

    first = answered(dealt[0])  # alone: the network is traced, and a lack of memory shows
    found = np.zeros((sum(map(len, dealt)), *first.shape[1:]), np.float32)
    found[dealt[0]] = first
    for rows, answer in zip(dealt[1:], backend.side_by_side(answered, dealt[1:]), strict=True):
        found[rows] = answer
    return found
