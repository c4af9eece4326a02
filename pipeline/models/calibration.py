"""Probabilities that mean what they say: one temperature, found on dev; and the confidence below which all is unsure.

Temperature scaling (Guo, Pleiss, Sun and Weinberger 2017, "On Calibration of Modern Neural Networks"). It works on
the logarithms of probabilities, which are logits but for a constant, so any model's answers will do.
"""

from __future__ import annotations

import numpy as np

from pipeline.models.evaluation import confidence

_TINY = 1e-7
_RANGE = (0.05, 20.0)


def scale(probabilities: np.ndarray, temperature: float, several: bool) -> np.ndarray:
    """Sharpen (below 1) or flatten (above 1) probabilities, (n, labels); float32. The order of labels stays."""
    logits = _logits(probabilities, several) / temperature
    if several:
        return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def find_temperature(probabilities: np.ndarray, gold: np.ndarray) -> float:
    """Find the temperature, 0.05 to 20, under which gold answers are likeliest; 1 without posts.

    ``gold`` is int (n,), or 0/1 (n, labels).
    """
    if not len(gold):
        return 1.0
    from scipy.optimize import minimize_scalar

    several = gold.ndim == 2
    logits = _logits(probabilities, several)
    found = minimize_scalar(lambda log: _loss(logits / np.exp(log), gold), bounds=np.log(_RANGE), method="bounded")
    return float(np.exp(found.x))


def likelihood(probabilities: np.ndarray, gold: np.ndarray) -> float:
    """Mean logarithm of the probability of gold answers, after the temperature that suits them best."""
    temperature = find_temperature(probabilities, gold)
    return -_loss(_logits(probabilities, gold.ndim == 2) / temperature, gold)


def find_threshold(probabilities: np.ndarray, gold: np.ndarray, wanted: float = 0.9, least: int = 30) -> float:
    """Find the lowest confidence from which on the answers given are right at least ``wanted`` of the time.

    Never so high that fewer than ``least`` answers of dev remain: where ``wanted`` is out of reach, the confidence
    at which the rest is right most often. 0 where all answers together are good enough, or where they are too few.
    """
    sure, right = confidence(gold, probabilities)
    order = np.argsort(-sure, kind="stable")
    sure, share = sure[order], np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    last_of_equals = np.append(sure[1:] != sure[:-1], True)
    places = np.flatnonzero(last_of_equals & (np.arange(1, len(sure) + 1) >= least))
    if not len(places) or share[-1] >= wanted:
        return 0.0
    enough = places[share[places] >= wanted]
    place = enough[-1] if len(enough) else places[np.argmax(share[places])]
    return float(sure[place])


def unsure(probabilities: np.ndarray, threshold: float, several: bool) -> np.ndarray:
    """Tell which answers are below the threshold: bool (n,), or (n, labels) with several labels."""
    if several:
        return np.asarray(np.maximum(probabilities, 1 - probabilities) < threshold)
    return np.asarray(probabilities.max(axis=1) < threshold)


def _logits(probabilities: np.ndarray, several: bool) -> np.ndarray:
    known = np.clip(probabilities.astype(np.float64), _TINY, 1 - _TINY)
    return np.asarray(np.log(known) - np.log1p(-known) if several else np.log(known))


def _loss(logits: np.ndarray, gold: np.ndarray) -> float:
    """Mean negative log-likelihood of the gold answers."""
    if gold.ndim == 2:
        return float(np.logaddexp(0, np.where(gold == 1, -logits, logits)).mean())
    top = logits.max(axis=1)
    total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return float((total - logits[np.arange(len(gold)), gold]).mean())
