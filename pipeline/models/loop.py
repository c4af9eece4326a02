"""The loop that trains the networks of a recipe: epochs, early stopping, going on after a kill, halving of batches.

It leaves in its folder ``history.csv``, a TensorBoard log, and while it runs the state after the last epoch.
"""

from __future__ import annotations

import csv
import io
import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline import files
from pipeline.errors import TrainingDiverged
from pipeline.models import averaging, backend, batches, checkpoint, inputs, memory
from pipeline.models.averaging import Average
from pipeline.models.backend import keras
from pipeline.models.batches import Plan
from pipeline.models.checkpoint import State
from pipeline.models.inputs import Prepared
from pipeline.models.measuring import measure
from pipeline.models.network import Network
from pipeline.models.recipe import Recipe, Training
from pipeline.models.sampling import Sampler
from pipeline.models.vocabulary import Ragged

_CHECK_EVERY = 50
"""Steps between looks at the loss."""
_CALMER = "nothing was saved. Lower training.rate or training.clip"


class Progress(NamedTuple):
    """Where a training stands, for a progress bar and a log."""

    member: int
    epoch: int
    step: int
    steps: int
    loss: float
    score: float | None = None
    """On dev, after an epoch: accuracy, exact matches, or minus the loss."""


class Loop:
    """Trains the members of a recipe, one after another."""

    def __init__(
        self, recipe: Recipe, train: Prepared, dev: Prepared, folder: Path, state: State,
        watch: Callable[[Progress], None] | None,
    ) -> None:  # fmt: skip
        self.recipe, self.train, self.dev, self.folder, self.state = recipe, train, dev, folder, state
        self.watch = watch or (lambda progress: None)
        self.lengths = batches.total_lengths(list(train.texts.values()))
        self.scalars = backend.scalar_writer(folder / "tensorboard")
        self.sampler = _sampler(recipe, train)

    def run(self, network: Network, member: int) -> None:
        """Train one network until it gets no better, and keep its best weights."""
        training, state = self.recipe.training, self.state
        steps = len(self._deal(member, 0))
        network.compile(optimiser(training, steps))
        average = Average(steps) if training.average == "moving" else None
        if state.member == member and state.epoch:
            network.restore(state.part("now"), state.part("optimiser"))
            if average:
                average.restore(state.part("average"))
        else:
            state.member, state.epoch, state.best, state.best_epoch = member, 0, -math.inf, 0
        patience = training.patience if training.keep == "best" else training.epochs
        while state.epoch < training.epochs and state.epoch - state.best_epoch < patience:
            self._epoch(network, average, member)
        state.replace(str(member), state.part("best"))
        for part in ("now", "optimiser", "average", "best"):
            state.replace(part, {})
        state.member, state.epoch = member + 1, 0
        checkpoint.save(state, self.folder)

    def weights(self) -> dict[str, np.ndarray]:
        """Return the weights of all members, named MEMBER/PATH."""
        return self.state.arrays

    def _plan(self) -> Plan:
        training = self.recipe.training
        plan = Plan(training.tokens, training.rows, backend.fixed_shapes())
        for _ in range(self.state.halvings):
            plan = plan.halved()
        return plan

    def _deal(self, member: int, epoch: int) -> list[np.ndarray]:
        generator = np.random.default_rng((self.recipe.training.seed, member, epoch))
        return batches.shuffled(self.lengths, self._plan(), generator)

    def _epoch(self, network: Network, average: Average | None, member: int) -> None:
        """Train for one epoch and measure; batches are halved where memory does not suffice."""
        state, before = self.state, (network.current(), network.optimiser())
        averaged = average.saved() if average else {}
        began = time.perf_counter()
        try:
            loss = self._steps(network, average, member)
        except Exception as error:
            if not backend.out_of_memory(error):
                raise
            if state.halvings == memory.HALVINGS:
                raise memory.too_small() from error
            state.halvings += 1
            network.restore(*before)
            if average:
                average.restore(averaged)
            return
        seconds = time.perf_counter() - began
        kept = network.current()
        if average:
            network.load(network.weights() | average.value())
        measured = partial(measure, self.recipe, network, self.dev)
        dev_loss, score = memory.fitting(self._plan(), measured)
        if not math.isfinite(dev_loss):
            raise TrainingDiverged(f"the loss on dev is {dev_loss} after epoch {state.epoch + 1}; {_CALMER}")
        state.epoch += 1
        better = score if self.recipe.training.monitor == "score" else -dev_loss
        if better > state.best or self.recipe.training.keep == "last":
            state.best, state.best_epoch = better, state.epoch
            state.replace("best", network.weights())
        if average:
            network.restore(kept, network.optimiser())
            state.replace("average", average.saved())
        state.replace("now", network.current())
        state.replace("optimiser", network.optimiser())
        row = {"member": member, "epoch": state.epoch, "loss": loss, "dev_loss": dev_loss, "score": score}
        row |= {"seconds": round(seconds, 3), "texts_per_second": round(len(self.train) / seconds, 1)}
        state.history.append(row)
        self._log(row)
        checkpoint.save(state, self.folder)
        self.watch(Progress(member, state.epoch, 0, 0, loss, score))

    def _steps(self, network: Network, average: Average | None, member: int) -> float:
        dealt = self._deal(member, self.state.epoch)
        generator = np.random.default_rng((self.recipe.training.seed, member, self.state.epoch, 1))
        loss, ready = 0.0, batches.ahead(self._ready(dealt, generator))
        for step, (given, wanted, weights) in enumerate(ready, 1):
            loss += (network.step(given, wanted, weights) - loss) / step
            if average and step % averaging.EVERY == 0:
                average.add(network.learned())
            if step % _CHECK_EVERY == 0 or step == len(dealt):
                if not math.isfinite(loss):
                    raise TrainingDiverged(
                        f"the loss is {loss} in epoch {self.state.epoch + 1}, step {step}; {_CALMER}"
                    )
                self.watch(Progress(member, self.state.epoch + 1, step, len(dealt), loss))
        return loss

    def _ready(self, dealt: list[np.ndarray], generator: np.random.Generator) -> Iterator[Any]:
        plan, texts = self._plan(), _without_words(self.recipe, self.train.texts, generator)
        for rows in dealt:
            given, wanted, weights = inputs.targets(self.recipe, self.train, batches.lay_out(texts, rows, plan))
            if self.sampler:
                candidates, offsets, wanted = self.sampler.draw(wanted, weights, generator)
                given = given | {"candidates": candidates, "offsets": offsets}
            yield given, wanted, weights

    def _log(self, row: dict[str, float]) -> None:
        table = io.StringIO(newline="")
        writer = csv.DictWriter(table, list(row))
        writer.writeheader()
        writer.writerows(self.state.history)
        files.write(self.folder, self.folder / "history.csv", table.getvalue().encode())
        self.scalars(len(self.state.history), {key: row[key] for key in ("loss", "dev_loss", "score")})


def _sampler(recipe: Recipe, train: Prepared) -> Sampler | None:
    if not recipe.head.negatives:
        return None
    assert train.learned is not None
    values = train.texts["encoder"].values
    return Sampler(values, train.learned, recipe.head.negatives, fixed=backend.fixed_shapes())


def optimiser(training: Training, steps: int) -> keras.optimizers.Optimizer:
    """Make the optimiser; ``steps`` are those of an epoch."""
    rate: Any = training.rate
    if training.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(training.rate, steps * training.epochs, alpha=0.02)
    options: dict[str, Any] = {"learning_rate": rate, "global_clipnorm": training.clip or None}
    if training.optimiser == "adam":
        return backend.Adam(**options)
    if training.optimiser == "adamw":
        return backend.Adam(**options, weight_decay=training.decay)
    if training.optimiser == "sgd":
        return keras.optimizers.SGD(**options, momentum=0.9)
    return keras.optimizers.RMSprop(**options)


def _without_words(recipe: Recipe, texts: Any, generator: np.random.Generator) -> Any:
    """Make some units of the texts unknown, others in each epoch; sentences to produce are left whole."""
    rate = recipe.dropout.words
    if not rate:
        return texts
    return {
        name: ragged
        if inputs.bounded(recipe, name)
        else _with_values(ragged, np.where(generator.random(len(ragged.values)) < rate, 1, ragged.values))
        for name, ragged in texts.items()
    }


def _with_values(ragged: Ragged, values: np.ndarray) -> Ragged:
    """Return the same texts with other unit numbers."""
    return Ragged(values.astype(np.int32), ragged.lengths)
