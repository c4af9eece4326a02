"""How well a model answers about examples: every head, and the linear baseline beside it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import InputError, ModelError, SettingsError
from pipeline.models import calibration, evaluation
from pipeline.models.bundle import Bundle
from pipeline.models.evaluation import Evaluation
from pipeline.models.examples import Examples, label_numbers, left_out, wanted_numbers, wanted_texts

if TYPE_CHECKING:
    from pipeline.models.serving import Model

Scores = dict[str, Any]

_CLOSE = 0.05
"""A number this near to the right one counts as right."""
_WARM = 64
"""Texts answered before the clock starts: the network is built on first use."""


@dataclass(frozen=True)
class Asked:
    """A model that is loaded."""

    label: str
    """Name and version, mood/0003."""
    bundle: Bundle
    model: Model


def evaluate(asked: Asked, examples: Examples) -> Scores:
    """Measure a model: numbers by name, as ``hibi evaluate --json`` prints them.

    Raises InputError where the examples are not what the model answers.
    """
    if not len(examples):
        raise InputError("no labelled text to evaluate on")
    if not len(examples.gold) and asked.model.recipe.head.kind != "next":
        raise SettingsError("--label: measuring wants the column with the right answer for each text")
    asked.model.number(examples.texts[:1])  # opens MeCab
    told: Scores = {"model": asked.label, "posts": len(examples), "unlabelled": examples.unlabelled}
    return told | measure(asked.model, asked.bundle, examples)


def measure(model: Model, bundle: Bundle, examples: Examples) -> Scores:
    """Measure any head on examples."""
    head = model.recipe.head
    if head.kind == "number":
        return _of_numbers(model, examples)
    if head.kind == "next":
        return _of_next(model, examples)
    if head.kind == "sequence":
        return _of_sequences(model, examples)
    if head.each:
        return _of_each(model, examples)
    return _of_labels(model, bundle, examples)


def _of_labels(model: Model, bundle: Bundle, examples: Examples) -> Scores:
    gold = label_numbers(examples, bundle.labels)
    if (gold.ndim == 2) != bundle.several:
        raise InputError(f"the model answers with {'several labels' if bundle.several else 'one label'} a text")
    model.probabilities(examples.texts[:_WARM])
    began = time.perf_counter()
    found = model.probabilities(examples.texts)
    seconds = time.perf_counter() - began
    scores = plain(evaluation.evaluate(gold, found, bundle.labels))
    unsure = calibration.unsure(found, bundle.threshold, bundle.several)
    scores |= {"unsure": float(unsure.mean()), "posts_per_second": round(len(examples) / seconds, 1)}
    if bundle.linear is not None:
        answers = bundle.linear.probabilities(examples.texts)
        scores["linear"] = plain(evaluation.evaluate(gold, answers, bundle.labels))
    return scores


def plain(found: Evaluation) -> Scores:
    """Tell an evaluation in numbers by name; intervals hold 95 of 100 bootstrap draws."""
    intervals = {"accuracy": found.accuracy, "macro_f1": found.macro_f1}
    return {
        "accuracy": found.accuracy.value,
        "macro_f1": found.macro_f1.value,
        "ece": found.ece,
        "intervals": {name: [one.low, one.high] for name, one in intervals.items()},
        "per_class": {
            one.label: {
                "precision": one.precision,
                "recall": one.recall,
                "f1": one.f1.value,
                "gold": one.gold,
                "predicted": one.predicted,
            }
            for one in found.per_class
        },
        "labels": [one.label for one in found.per_class],
        "confusion": found.confusion,
    }


def _of_numbers(model: Model, examples: Examples) -> Scores:
    gold = wanted_numbers(examples)
    model.numbers(examples.texts[:_WARM])
    began = time.perf_counter()
    away = np.abs(model.numbers(examples.texts) - gold)
    speed = round(len(examples) / (time.perf_counter() - began), 1)
    close = float((away <= _CLOSE).mean())
    return {"mse": float((away**2).mean()), "mae": float(away.mean()), "close": close, "posts_per_second": speed}


def _of_each(model: Model, examples: Examples) -> Scores:
    model.labels_of_units(examples.texts[:_WARM])
    began = time.perf_counter()
    found = model.labels_of_units(examples.texts)
    speed = round(len(examples) / (time.perf_counter() - began), 1)
    gold = wanted_texts(examples)
    units = [
        mine == right for one, answer in zip(found, gold, strict=True) for mine, right in zip(one, answer, strict=False)
    ]
    exact = float(np.mean([one == answer for one, answer in zip(found, gold, strict=True)]))
    return {"accuracy": exact, "unit_accuracy": float(np.mean(units)), "posts_per_second": speed}


def _of_next(model: Model, examples: Examples) -> Scores:
    from pipeline.models.generation import likelihoods

    likelihoods(model, examples.texts[:_WARM])
    began = time.perf_counter()
    found, units = likelihoods(model, examples.texts)
    speed = round(len(examples) / (time.perf_counter() - began), 1)
    perplexity = float(np.exp(-found.sum() / max(int(units.sum()), 1)))
    return {"perplexity": perplexity, "units": int(units.sum()), "posts_per_second": speed}


def _of_sequences(model: Model, examples: Examples) -> Scores:
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ImportError as error:
        raise ModelError("measuring translations wants the package sacrebleu: pip install sacrebleu") from error
    from pipeline.models import beam

    began = time.perf_counter()
    found = beam.translate(model, examples.texts)
    speed = round(len(examples) / (time.perf_counter() - began), 1)
    gold = wanted_texts(examples)
    assert model.recipe.target is not None
    metric = BLEU(tokenize="13a" if model.recipe.target.language == "en" else "char")
    score = metric.corpus_score(found, [gold])
    return {"bleu": float(score.score), "signature": str(metric.get_signature()), "posts_per_second": speed}


def lines(scores: Scores) -> list[str]:
    """Tell scores in lines."""
    numbers = {name: value for name, value in scores.items() if name not in {"posts", "unlabelled"}}
    found = [f"{scores['model']} on {scores['posts']:,} texts"]
    found += [f"{name:18} {value:.4f}" for name, value in numbers.items() if isinstance(value, float)]
    found += [f"{name:18} {value:,}" for name, value in numbers.items() if isinstance(value, int)]
    if "linear" in scores:
        linear = scores["linear"]
        found.append(f"{'linear baseline':18} accuracy {linear['accuracy']:.4f}, macro F1 {linear['macro_f1']:.4f}")
    for label, one in scores.get("per_class", {}).items():
        found.append(f"  {label}: F1 {one['f1']:.4f}, precision {one['precision']:.4f}, recall {one['recall']:.4f}")
    return found + left_out(scores["unlabelled"])
