"""The model that answers after a promotion: the recipe that proved itself, trained once more on all that is labelled.

A model is measured on posts that it did not learn from: the latest, which are those it could learn most from, and
whose labels it may not even know. Once it is decided that it takes over, nothing is gained by keeping them from it. So
the same recipe is trained again, for as many epochs, on all posts (but the frozen ones). Scores, temperature and
threshold stay those of the measured model: of the second one the held-out posts can say nothing any more, but that it
has learned them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.engines.material import Material
from pipeline.engines.trials import CHALLENGER, Judged, Trial, widened
from pipeline.models import promotion
from pipeline.models.bundle import Bundle
from pipeline.models.examples import Examples
from pipeline.models.promotion import FROZEN, RECENT, Reason
from pipeline.models.recipe import Recipe
from pipeline.models.splitting import Split
from pipeline.settings import Promotion
from pipeline.text.lexicon import Lexicon

if TYPE_CHECKING:
    from pipeline.models.loop import Progress

_WEIGHT = 10
"""Posts that the guess at an unmeasured label's confusion counts for."""


@dataclass(frozen=True)
class Refit:
    """What became of the second training."""

    bundle: Bundle
    """The model that answers: the second one, or the measured one where the second one is not sound."""
    rows: np.ndarray
    """int64: what it learned from, of the material."""
    epochs: int
    new: list[str]
    """Labels that the measured model did not know."""
    sound: bool
    reasons: list[Reason]
    labels: list[str]
    """Those of the trial, and what else the second one knows."""
    frozen: np.ndarray | None
    """The second one's answers to the frozen posts, (n, labels)."""


def refit(
    measured: Bundle,
    known: Material,
    split: Split,
    trial: Trial,
    rules: Promotion,
    folder: Path,
    lexicon: Lexicon,
    watch: Callable[[Progress], None] | None,
) -> Refit:
    """Train on everything but the frozen posts and their copies, and see whether that went well.

    Raises TrainingDiverged, ModelError as any training does.
    """
    rows = everything(known)
    dev = known.examples(split.dev if len(split.dev) else rows[-1:])
    epochs = best_epochs(measured)
    again = _again(measured, known.examples(rows), dev, epochs, folder, lexicon, watch)
    opened = Judged(again, lexicon)
    new = [label for label in again.labels if label not in measured.labels]
    labels = [*trial.labels, *(label for label in new if label not in trial.labels)]
    answers, compared = {}, {}
    for name, part in trial.parts.items():
        if name in (RECENT, FROZEN):
            answers[name] = opened.probabilities([known.texts[row] for row in part.rows], labels)
            before = widened(part.answers[CHALLENGER], trial.labels, labels)
            compared[name] = promotion.compare(part.gold, before, answers[name], labels)
    reasons = promotion.sound(compared.get(RECENT), compared.get(FROZEN), rules)
    sound = all(reason.passed for reason in reasons)
    told = {"posts": len(rows), "epochs": epochs, "new": new}
    served = replace(again, metrics=measured.metrics | {"refit": told}) if sound else measured
    return Refit(served, rows, epochs, new, sound, reasons, labels, answers.get(FROZEN))


def everything(known: Material) -> np.ndarray:
    """Give all rows but those of the frozen set and their copies; int64."""
    return np.flatnonzero(~np.isin(known.groups, known.groups[known.frozen]))


def best_epochs(measured: Bundle) -> int:
    """Tell how many epochs the measured model kept, the mean of its members."""
    training = Recipe.model_validate(measured.recipe).training
    history = measured.metrics["history"]
    found = []
    for member in sorted({row["member"] for row in history}):
        rows = [row for row in history if row["member"] == member]
        values = [row["score"] if training.monitor == "score" else -row["dev_loss"] for row in rows]
        found.append(len(rows) if training.keep == "last" else 1 + int(np.argmax(values)))
    return max(1, round(float(np.mean(found))))


def _again(
    measured: Bundle,
    examples: Examples,
    dev: Examples,
    epochs: int,
    folder: Path,
    lexicon: Lexicon,
    watch: Callable[[Progress], None] | None,
) -> Bundle:
    from pipeline.models import training

    recipe = Recipe.model_validate(measured.recipe)
    rule = {"epochs": epochs, "patience": epochs, "keep": "last"}
    again = recipe.model_copy(update={"training": recipe.training.model_copy(update=rule)})

    def tell(now: Progress) -> None:
        if watch:
            watch(now._replace(score=None))  # dev is among what is learned: a score would say nothing

    done = training.fit(again, examples, dev, folder, lexicon=lexicon, watch=tell)
    return replace(
        measured,
        weights=done.weights,
        vocabularies=done.vocabularies,
        labels=done.labels,
        linear=done.linear,
        confusion=_widened(measured.confusion, measured.labels, done.labels),
    )


def _widened(confusion: np.ndarray | None, before: list[str], labels: list[str]) -> np.ndarray | None:
    """Give labels that nothing was measured of a row: found as often as labels are on the whole, else taken for any."""
    if confusion is None or before == labels or confusion.shape[0] != confusion.shape[1]:
        return confusion
    found = np.zeros((len(labels), len(labels)), np.int64)
    places = [labels.index(label) for label in before]
    found[np.ix_(places, places)] = confusion
    recall = np.trace(confusion) / max(int(confusion.sum()), 1)
    for place in set(range(len(labels))) - set(places):
        found[place, place] = round(_WEIGHT * recall)
        said = confusion.sum(axis=0) / max(int(confusion.sum()), 1)
        found[place, places] = np.round(_WEIGHT * (1 - recall) * said)
    return found
