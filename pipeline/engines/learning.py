"""Training and asking models of a store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.engines import evaluating
from pipeline.errors import InputError, ModelError, SettingsError
from pipeline.models import calibration, evaluation
from pipeline.models import recipe as recipes
from pipeline.models.bundle import Bundle
from pipeline.models.examples import Examples, label_names, label_numbers
from pipeline.models.recipe import Recipe
from pipeline.settings import Settings, Task
from pipeline.text.lexicon import Lexicon

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.models.loop import Progress

_SAME = ("language", "unit", "embedding", "vectors", "project", "cell", "units", "layers", "bidirectional", "apart")
"""What two encoders share where one's weights are to begin the other."""


def recipe_of(task: Task) -> Recipe:
    """Read the recipe of a task; several labels where the task says so."""
    recipe = recipes.load(task.recipe)
    if task.several and recipe.head.kind == "labels":
        return recipe.model_copy(update={"head": recipe.head.model_copy(update={"several": True})})
    return recipe


def retrainable(settings: Settings) -> list[str]:
    """Name the models of the settings that learn from labels. Raises SettingsError."""
    return [task.name for task in settings.models if recipe_of(task).head.kind == "labels"]


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
        linear=done.linear,
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
    """Find temperature and threshold of a model of labels on dev, and measure it and the linear baseline there.

    The linear model's part in the answer is found there, too, where the recipe leaves it open (``head.weigh``).
    """
    assert bundle.linear is not None
    gold, labels, several = label_numbers(dev, bundle.labels), bundle.labels, bundle.several
    bundle, raw, linear = _answers(bundle, dev.texts, gold, lexicon)
    temperature = calibration.find_temperature(raw, gold)
    found = calibration.scale(raw, temperature, several)
    measured = {"dev": found, "dev_linear": linear}
    scores = {name: evaluation.evaluate(gold, answers, labels).as_json() for name, answers in measured.items()}
    return replace(
        bundle,
        temperature=temperature,
        threshold=calibration.find_threshold(found, gold),
        confusion=evaluation.confusion(gold, evaluation.decide(found, several), len(labels)),
        metrics=bundle.metrics | scores,
    )


def _answers(
    bundle: Bundle, texts: list[str], gold: np.ndarray, lexicon: Lexicon | None
) -> tuple[Bundle, np.ndarray, np.ndarray]:
    """Ask a model, its linear part weighed, and the linear model: bundle, probabilities of both before calibration."""
    from pipeline.models.serving import Model, together

    assert bundle.linear is not None
    head, several, linear = bundle.recipe["head"], bundle.several, bundle.linear.probabilities(texts)
    deep = Model.of(replace(bundle, linear=None), lexicon).raw(texts)
    share = likeliest_share(deep, linear, gold) if head["weigh"] else head["wide"]
    recipe = bundle.recipe | {"head": head | {"wide": share}}
    return replace(bundle, recipe=recipe), together(deep, linear, share, several) if share else deep, linear


def likeliest_share(deep: np.ndarray, linear: np.ndarray, gold: np.ndarray) -> float:
    """Find the linear model's part in the answer, in tenths, under which gold is likeliest once it is calibrated.

    ``deep`` and ``linear`` are probabilities, (n, labels); ``gold`` int (n,), or 0/1 (n, labels).
    """
    from pipeline.models.serving import together

    return max(
        (tenths / 10 for tenths in range(11)),
        key=lambda share: calibration.likelihood(together(deep, linear, share, gold.ndim == 2), gold),
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
        do = "in hibi's folder: pip install -e '.[cpu]' (or '.[gpu]')"
        raise ModelError(f"learning wants the package {absent[0]}; {do}")


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
