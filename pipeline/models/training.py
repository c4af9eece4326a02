"""One loop that trains every recipe: batches of like length, early stopping on dev, going on after a kill.

``fit`` leaves in its folder ``history.csv``, a TensorBoard log, and while it runs the state after the last epoch.
"""

from __future__ import annotations

import csv
import hashlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.errors import ModelError, TrainingDiverged
from pipeline.models import backend, baseline, batches, checkpoint, heads, inputs, vectors
from pipeline.models.backend import keras
from pipeline.models.baseline import Linear
from pipeline.models.batches import Plan
from pipeline.models.checkpoint import State
from pipeline.models.examples import Examples, label_names, label_numbers
from pipeline.models.heads import Shape
from pipeline.models.inputs import Prepared
from pipeline.models.network import Network, sizes
from pipeline.models.recipe import Recipe, Training
from pipeline.models.vocabulary import Ragged
from pipeline.text.lexicon import Lexicon

_HALVINGS = 4
_CHECK_EVERY = 50
"""Steps between looks at the loss."""
_AVERAGE_EVERY = 5
"""Steps between contributions to the moving average of weights."""


class Progress(NamedTuple):
    """Where a training stands, for a progress bar and a log."""

    member: int
    epoch: int
    step: int
    steps: int
    loss: float
    score: float | None = None
    """On dev, after an epoch: accuracy, exact matches, or minus the loss."""


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
    """The linear part, where the recipe is wide."""
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
    units = inputs.split(recipe, train, lexicon)
    known = inputs.choose(recipe, units, vectors.words_of(tables), start.vocabularies if start else {})
    labels = labels_of(recipe, train)
    prepared = inputs.prepare(recipe, train, units, known, labels)
    dev = replace(dev, votes=None)  # a score counts labels
    measured = inputs.prepare(recipe, dev, inputs.split(recipe, dev, lexicon), known, labels)
    identity = fingerprint(recipe, train, dev)
    state = checkpoint.load(folder, identity) or State(identity)
    shape = Shape({n: sizes(recipe, n, known[n], units[n], tables, start) for n in known}, len(labels))
    if recipe.head.kind == "next":
        learned = shape.sizes["encoder"].learned
        prepared, measured = replace(prepared, learned=learned), replace(measured, learned=learned)
    loop = _Loop(recipe, prepared, measured, folder, state, watch)
    for member in range(state.member, recipe.training.members):
        network = Network(recipe, shape, recipe.training.seed + member)
        network.begin(known, tables, start)
        loop.run(network, member)
    checkpoint.remove(folder)
    words = {name: list(vocabulary.units) for name, vocabulary in known.items()}
    return Fitted(recipe, loop.weights(), words, labels, identity, linear_part(recipe, train, labels), state.history)


def linear_part(recipe: Recipe, train: Examples, labels: list[str]) -> Linear | None:
    """Fit the linear model that a wide recipe puts beside its network."""
    if not recipe.head.wide:
        return None
    return baseline.fit(train.texts, label_numbers(train, labels), len(labels))


def labels_of(recipe: Recipe, train: Examples) -> list[str]:
    """Name what the head answers with; nothing for heads without labels."""
    if recipe.head.kind != "labels":
        return []
    if recipe.head.each:
        return sorted({label for gold in train.gold for label in str(gold)})
    return label_names(train)


def fingerprint(recipe: Recipe, *parts: Examples) -> str:
    """Identify a recipe and the examples it is trained on."""
    digest = hashlib.sha256(recipe.model_dump_json().encode())
    for part in parts:
        gold = part.gold.tobytes() if isinstance(part.gold, np.ndarray) else repr(part.gold).encode()
        digest.update(b"" if part.votes is None else part.votes.tobytes())
        digest.update(repr((part.texts, part.labels)).encode("utf-8", "surrogatepass") + gold)
    return digest.hexdigest()[:16]


class _Loop:
    """Trains the members of a recipe, one after another."""

    def __init__(
        self, recipe: Recipe, train: Prepared, dev: Prepared, folder: Path, state: State,
        watch: Callable[[Progress], None] | None,
    ) -> None:  # fmt: skip
        self.recipe, self.train, self.dev, self.folder, self.state = recipe, train, dev, folder, state
        self.watch = watch or (lambda progress: None)
        self.lengths = batches.total_lengths(list(train.texts.values()))
        self.scalars = backend.scalar_writer(folder / "tensorboard")

    def run(self, network: Network, member: int) -> None:
        """Train one network until it gets no better, and keep its best weights."""
        training, state = self.recipe.training, self.state
        steps = len(self._deal(member, 0))
        network.compile(optimiser(training, steps))
        average = _Average(steps) if training.average == "moving" else None
        if state.member == member and state.epoch:
            network.restore(state.part("now"), state.part("optimiser"))
            if average:
                average.restore(state.part("average"))
        else:
            state.member, state.epoch, state.best, state.best_epoch = member, 0, -math.inf, 0
        while state.epoch < training.epochs and state.epoch - state.best_epoch < training.patience:
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

    def _epoch(self, network: Network, average: _Average | None, member: int) -> None:
        """Train for one epoch and measure; batches are halved where memory does not suffice."""
        state, before = self.state, (network.current(), network.optimiser())
        began = time.perf_counter()
        try:
            loss = self._steps(network, average, member)
        except Exception as error:
            if not backend.out_of_memory(error):
                raise
            if state.halvings == _HALVINGS:
                raise ModelError("the device's memory does not suffice even for small batches") from error
            state.halvings += 1
            network.restore(*before)
            return
        seconds = time.perf_counter() - began
        kept = network.current()
        if average:
            network.load(average.value())
        dev_loss, score = measure(self.recipe, network, self.dev, self._plan())
        state.epoch += 1
        better = score if self.recipe.training.monitor == "score" else -dev_loss
        if better > state.best:
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

    def _steps(self, network: Network, average: _Average | None, member: int) -> float:
        dealt = self._deal(member, self.state.epoch)
        generator = np.random.default_rng((self.recipe.training.seed, member, self.state.epoch, 1))
        loss, ready = 0.0, batches.ahead(self._ready(dealt, generator))
        for step, (given, wanted, weights) in enumerate(ready, 1):
            loss += (network.step(given, wanted, weights) - loss) / step
            if average and step % _AVERAGE_EVERY == 0:
                average.add(network.weights())
            if step % _CHECK_EVERY == 0 or step == len(dealt):
                if not math.isfinite(loss):
                    raise TrainingDiverged(
                        f"the loss is {loss} in epoch {self.state.epoch + 1}, step {step}; nothing was saved. "
                        "Lower training.rate or training.clip"
                    )
                self.watch(Progress(member, self.state.epoch + 1, step, len(dealt), loss))
        return loss

    def _ready(self, dealt: list[np.ndarray], generator: np.random.Generator) -> Iterator[Any]:
        plan, texts = self._plan(), _without_words(self.recipe, self.train.texts, generator)
        for rows in dealt:
            yield inputs.targets(self.recipe, self.train, batches.lay_out(texts, rows, plan))

    def _log(self, row: dict[str, float]) -> None:
        with (self.folder / "history.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row))
            writer.writeheader()
            writer.writerows(self.state.history)
        self.scalars(len(self.state.history), {key: row[key] for key in ("loss", "dev_loss", "score")})


class _Average:
    """The moving average of weights over about an epoch (Polyak and Juditsky 1992), free of the start's pull."""

    def __init__(self, steps: int) -> None:
        self.keep = 1 - 1 / max(2, steps // _AVERAGE_EVERY)
        self.sums: dict[str, np.ndarray] = {}
        self.total = 0.0

    def add(self, weights: dict[str, np.ndarray]) -> None:
        """Take in the weights after a step."""
        self.total = self.total * self.keep + 1 - self.keep
        for name, weight in weights.items():
            if name in self.sums:
                self.sums[name] *= self.keep
                self.sums[name] += (1 - self.keep) * weight
            else:
                self.sums[name] = (1 - self.keep) * weight

    def value(self) -> dict[str, np.ndarray]:
        """Return the average."""
        return {name: value / self.total for name, value in self.sums.items()}

    def saved(self) -> dict[str, np.ndarray]:
        """Return what a later process goes on with."""
        return self.sums | {"total": np.array(self.total)}

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go on from what was saved."""
        self.total = float(saved.pop("total"))
        self.sums = saved


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


def measure(recipe: Recipe, network: Network, data: Prepared, plan: Plan) -> tuple[float, float]:
    """Return loss and score on dev: the share answered right (all labels of a text), or minus the loss."""
    right, losses, total = 0.0, 0.0, 0.0
    wanted_loss = heads.loss(recipe)
    counted = recipe.head.kind == "labels"
    lengths = batches.total_lengths(list(data.texts.values()))
    for rows in batches.in_length_order(lengths, replace(plan, tokens=2 * plan.tokens, rows=4 * plan.rows)):
        given, wanted, weights = inputs.targets(recipe, data, batches.lay_out(data.texts, rows, plan))
        logits = network.logits(given)
        weight = float(weights.sum())
        losses += float(wanted_loss(wanted, logits, sample_weight=weights)) * weight
        total += weight
        if counted:
            right += _right(recipe, logits, wanted, weights)
    loss = losses / max(total, 1e-9)
    return loss, right / len(data) if counted else -loss


def _right(recipe: Recipe, logits: np.ndarray, wanted: np.ndarray, weights: np.ndarray) -> float:
    if recipe.head.several:
        hits = ((logits > 0) == (wanted > 0.5)).all(-1)
    else:
        hits = logits.argmax(-1) == wanted.argmax(-1)
        if recipe.head.each:
            hits = (hits | (weights == 0)).all(-1)
            weights = weights.max(-1)
    return float((hits & (weights > 0)).sum())


def _without_words(recipe: Recipe, texts: Any, generator: np.random.Generator) -> Any:
    """Make some units of the texts unknown, others in each epoch; sentences to produce are left whole."""
    rate = recipe.dropout.words
    if not rate:
        return texts
    return {
        name: ragged
        if inputs.bounded(recipe, name)
        else replace_values(ragged, np.where(generator.random(len(ragged.values)) < rate, 1, ragged.values))
        for name, ragged in texts.items()
    }


def replace_values(ragged: Ragged, values: np.ndarray) -> Ragged:
    """Return the same texts with other unit numbers."""
    return Ragged(values.astype(np.int32), ragged.lengths)
