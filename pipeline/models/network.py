"""A network with its optimiser: weights in and out by name, one step, logits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from pipeline.errors import BundleMismatch, ModelError
from pipeline.models import backend, heads
from pipeline.models.backend import keras
from pipeline.models.batches import Inputs
from pipeline.models.encoders import Sizes
from pipeline.models.heads import Shape
from pipeline.models.inputs import branches
from pipeline.models.recipe import Recipe
from pipeline.models.units import Units
from pipeline.models.vectors import Table
from pipeline.models.vocabulary import END, START, Vocabulary

Arrays = dict[str, np.ndarray]


class Trained(Protocol):
    """What another model gives to begin with."""

    @property
    def weights(self) -> Arrays:
        """Arrays by MEMBER/PATH."""
        ...

    @property
    def vocabularies(self) -> dict[str, list[str]]:
        """The units known, by branch."""
        ...


def sizes(
    recipe: Recipe, name: str, known: Vocabulary, units: Units, tables: Mapping[str, list[Table]], start: Trained | None
) -> Sizes:
    """Tell how large a branch's embedding is: units that only have pretrained vectors are not learned."""
    vectors = tuple((len(table.matrix) + 1, table.matrix.shape[1]) for table in tables.get(name, []))
    learned = known.size
    if vectors and start is None:
        seen = {*units.kinds, START, END}
        learned = 2 + next((i for i, unit in enumerate(known.units) if unit not in seen), len(known.units))
    if start and (table := start.weights.get(f"0/{name}_embedding/learned/embeddings")) is not None:
        learned = min(known.size, len(table))
    return Sizes(known.size, learned, vectors)


def sizes_of_weights(
    recipe: Recipe, weights: Mapping[str, np.ndarray], known: Mapping[str, Vocabulary]
) -> dict[str, Sizes]:
    """Read sizes off the weights of the first member. Raises BundleMismatch where they are not those of the recipe."""
    found = {}
    for name, branch in branches(recipe).items():
        tables = sorted(key for key in weights if key.startswith(f"0/{name}_embedding/vectors_"))
        learned = weights.get(f"0/{name}_embedding/learned/embeddings")
        if branch.embedding and learned is None:
            raise BundleMismatch(f"the weights lack the embedding of {name}: not a network of this recipe")
        rows = known[name].size if learned is None else len(learned)
        found[name] = Sizes(known[name].size, rows, tuple((len(weights[key]), weights[key].shape[1]) for key in tables))
    return found


def _not_compiled(*batch: Any) -> float:
    raise RuntimeError("compile the network before training it")


class Network:
    """One network of a recipe."""

    def __init__(self, recipe: Recipe, shape: Shape, seed: int = 0) -> None:
        keras.utils.set_random_seed(seed)
        keras.config.set_dtype_policy(backend.dtype_policy(recipe.training.precision))
        self.recipe, self.shape = recipe, shape
        self.model = self.trained = heads.build(recipe, shape)
        keras.config.set_dtype_policy("float32")
        self._answer = backend.answer(self.model)
        self._train: Callable[..., float] = _not_compiled

    def compile(self, optimiser: keras.optimizers.Optimizer) -> None:
        """Get ready for training."""
        jit: Any = "auto" if backend.fixed_shapes() else False
        loss = heads.loss(self.recipe)
        self.trained = heads.for_training(self.recipe, self.model)
        self.trained.compile(optimiser, loss, jit_compile=jit)
        self.trained.optimizer.build(self.model.trainable_variables)
        self._train = backend.train_step(self.trained, loss)

    def step(self, given: Inputs, wanted: np.ndarray, weights: np.ndarray) -> float:
        """Train on one batch, and return its loss."""
        return self._train(given, wanted, weights)

    def logits(self, given: Inputs) -> np.ndarray:
        """Answer for one batch; float32."""
        return np.asarray(self._answer(given), np.float32)

    def weights(self) -> Arrays:
        """Return the weights by path."""
        return {weight.path: backend.array(weight) for weight in self.model.weights}

    def learned(self) -> Arrays:
        """Return the weights that training changes, by path."""
        return {weight.path: backend.array(weight) for weight in self.model.trainable_weights}

    def load(self, weights: Mapping[str, np.ndarray]) -> None:
        """Set the weights. Raises BundleMismatch where they are not those of this network."""
        mine = {weight.path: weight for weight in self.model.weights}
        if mine.keys() != weights.keys():
            strange = sorted(mine.keys() ^ weights.keys())
            raise BundleMismatch(f"the weights are not those of this recipe: {strange[0]}")
        for path, weight in mine.items():
            if tuple(weight.shape) != weights[path].shape:
                raise BundleMismatch(f"{path}: shape {weights[path].shape} where the recipe has {tuple(weight.shape)}")
            weight.assign(weights[path])

    def current(self) -> Arrays:
        """Return all variables, those of random generators too, by place."""
        return {f"{number:05}": backend.array(value) for number, value in enumerate(self.model.variables)}

    def optimiser(self) -> Arrays:
        """Return the optimiser's variables by place."""
        return {f"{number:05}": backend.array(value) for number, value in enumerate(self.trained.optimizer.variables)}

    def restore(self, variables: Mapping[str, np.ndarray], optimiser: Mapping[str, np.ndarray]) -> None:
        """Set what :meth:`current` and :meth:`optimiser` gave."""
        for owner, saved in ((self.model, variables), (self.trained.optimizer, optimiser)):
            for (_, array), variable in zip(sorted(saved.items()), owner.variables, strict=True):
                variable.assign(array)

    def begin(
        self, known: Mapping[str, Vocabulary], units: Mapping[str, Units], tables: Mapping[str, list[Table]],
        start: Trained | None,
    ) -> None:  # fmt: skip
        """Set what is known before training: pretrained vectors, and weights of another model where they fit."""
        mine = {weight.path: weight for weight in self.model.weights}
        for name, listed in tables.items():
            forms = dict(zip(units[name].kinds, zip(*units[name].forms, strict=True), strict=False))
            for number, table in enumerate(listed):
                rows = np.concatenate([np.zeros(2, np.int32), table.rows_of(known[name].units, forms)])
                matrix = np.vstack([np.zeros((1, table.matrix.shape[1]), np.float32), table.even()])
                mine[f"{name}_embedding/rows_{number}"].assign(rows)
                mine[f"{name}_embedding/vectors_{number}"].assign(matrix)
        if start:
            taken = 0
            for path, weight in mine.items():
                theirs = start.weights.get(f"0/{path}")
                if theirs is not None and theirs.shape == tuple(weight.shape) and not path.startswith("output/"):
                    weight.assign(theirs)
                    taken += 1
            if not taken:
                raise ModelError("nothing of the model to start from fits the recipe: units, cells or sizes differ")
