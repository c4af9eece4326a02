"""Training and asking models of a store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.engines import evaluating
from pipeline.errors import InputError, ModelError, SettingsError
from pipeline.models import baseline, calibration, evaluation
from pipeline.models import recipe as recipes
from pipeline.models.bundle import Bundle
from pipeline.models.examples import Examples, label_names, label_numbers
from pipeline.models.recipe import Recipe
from pipeline.settings import Task
from pipeline.text.lexicon import Lexicon

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.models.training import Progress

_SAME = ("language", "unit", "embedding", "cell", "units", "layers", "bidirectional", "apart")
"""What two encoders share where one's weights are to begin the other."""


def recipe_of(task: Task) -> Recipe:
    """Read the recipe of a task; several labels where the task says so."""
    recipe = recipes.load(task.recipe)
    if task.several and recipe.head.kind == "labels":
        return recipe.model_copy(update={"head": recipe.head.model_copy(update={"several": True})})
    return recipe


def fitted(
    recipe: Recipe,
    train: Examples,
    dev: Examples,
    folder: Path,
    *,
    lexicon: Lexicon | None = None,
    start: Bundle | None = None,
    watch: Callable[[Progress], None] | None = None,
) -> Bundle:
    """Train a recipe and the linear baseline, calibrate and measure both on dev: all that a registry keeps.

    ``folder`` keeps the state, so that a killed training goes on; ``lexicon`` is wanted where the recipe reads
    Japanese words. Raises ModelError without Keras, InputError, TrainingDiverged.
    """
    require_keras()
    from pipeline.models import training

    _check_start(recipe, start)
    _check_labels(recipe, train)
    done = training.fit(recipe, train, dev, folder, lexicon=lexicon, start=_start(start), watch=watch)
    bundle = Bundle(
        recipe=recipe.model_dump(mode="json"),
        weights=done.weights,
        vocabularies=done.vocabularies,
        labels=done.labels,
        data=done.data,
        several=recipe.head.several,
        dictionary=lexicon.fingerprint if lexicon and reads_words(recipe) else None,
        linear=done.linear or _baseline(recipe, train, done.labels),
        metrics={"examples": {"train": len(train), "dev": len(dev)}, "history": _curve(done.history)},
    )
    return calibrated(bundle, dev, lexicon) if bundle.linear else _measured(bundle, dev, lexicon)


def _measured(bundle: Bundle, dev: Examples, lexicon: Lexicon | None) -> Bundle:
    """Measure what has no probabilities of labels: numbers, next tokens, a label for every unit."""
    from pipeline.models.serving import Model

    if bundle.recipe["head"]["kind"] == "sequence":  # its loss on dev stands in the history; searching takes minutes
        return bundle
    scores = evaluating.measure(Model.of(bundle, lexicon), bundle, dev)
    scores.pop("posts_per_second")  # the same examples make the same bytes
    return replace(bundle, metrics=bundle.metrics | {"dev": scores})


def calibrated(bundle: Bundle, dev: Examples, lexicon: Lexicon | None) -> Bundle:
    """Find temperature and threshold of a model of labels on dev, and measure it and the linear baseline there."""
    from pipeline.models.serving import Model

    assert bundle.linear is not None
    gold, labels, several = label_numbers(dev, bundle.labels), bundle.labels, bundle.several
    raw = Model.of(bundle, lexicon).raw(dev.texts)
    temperature = calibration.find_temperature(raw, gold)
    found = calibration.scale(raw, temperature, several)
    measured = {"dev": found, "dev_linear": bundle.linear.probabilities(dev.texts)}
    scores = {name: evaluation.evaluate(gold, answers, labels).as_json() for name, answers in measured.items()}
    return replace(
        bundle,
        temperature=temperature,
        threshold=calibration.find_threshold(found, gold),
        confusion=evaluation.confusion(gold, evaluation.decide(found, several), len(labels)),
        metrics=bundle.metrics | scores,
    )


def reads_words(recipe: Recipe) -> bool:
    """Tell whether a recipe reads Japanese words, so that its model depends on the dictionary."""
    branches = [*recipe.branches.values(), *([recipe.target] if recipe.target else [])]
    return any(branch.language == "ja" and branch.unit == "word" for branch in branches)


def require_keras() -> None:
    """Raise ModelError where the packages for learning are not installed."""
    from importlib.util import find_spec

    absent = [name for name in ("keras", "sklearn", "safetensors") if find_spec(name) is None]
    if absent:
        raise ModelError(f"learning wants the package {absent[0]}: pip install 'hibi[cpu]' (or 'hibi[gpu]')")


def _baseline(recipe: Recipe, train: Examples, labels: list[str]) -> baseline.Linear | None:
    if recipe.head.kind != "labels" or recipe.head.each:
        return None
    return baseline.fit(train.texts, np.asarray(label_numbers(train, labels)), len(labels))


def _check_labels(recipe: Recipe, train: Examples) -> None:
    if recipe.head.kind != "labels" or recipe.head.each or train.labels is not None:
        return
    labels = label_names(train)
    if len(labels) < 2:
        raise InputError(f"every text to learn from has the label {', '.join(labels)}; two labels are the least")


def _start(start: Bundle | None) -> Any:
    from pipeline.models.training import Start

    return None if start is None else Start(start.weights, start.vocabularies)


def _check_start(recipe: Recipe, start: Bundle | None) -> None:
    """Raise SettingsError where another model's encoder has not the shape of the recipe's."""
    if start is None:
        return
    theirs = Recipe.model_validate(start.recipe).encoder
    for name in _SAME:
        mine, other = getattr(recipe.encoder, name), getattr(theirs, name)
        if mine != other:
            raise SettingsError(f"--from: its encoder.{name} is {other}, and the recipe's is {mine}")


def _curve(history: list[dict[str, float]]) -> list[dict[str, float]]:
    """Keep what does not depend on the machine."""
    return [{key: row[key] for key in ("member", "epoch", "loss", "dev_loss", "score")} for row in history]
