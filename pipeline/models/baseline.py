"""The linear model that every other one has to beat: TF-IDF of one to four characters with logistic regression.

It is stored as a list of n-grams and arrays, so that nothing has to be unpickled. scikit-learn is loaded when used.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

NGRAMS = (1, 4)
MOST_NGRAMS = 300_000
STRENGTH = 10.0
"""Inverse of the regularisation, C of scikit-learn."""
_NEVER = -20.0
"""Logit of a label that no training post has."""
_CHUNK = 4096


@dataclass(frozen=True)
class Linear:
    """A fitted baseline."""

    ngrams: list[str]
    idf: np.ndarray
    """float32 (ngrams,)"""
    coefficients: np.ndarray
    """float32 (labels, ngrams)"""
    intercepts: np.ndarray
    """float32 (labels,)"""
    several: bool
    """A post may have several labels: each is asked by itself."""

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (texts, labels)."""
        chunks = [self._chunk(texts[start : start + _CHUNK]) for start in range(0, len(texts), _CHUNK)]
        return np.concatenate(chunks) if chunks else np.zeros((0, len(self.intercepts)), np.float32)

    def _chunk(self, texts: Sequence[str]) -> np.ndarray:
        counter = _counter(vocabulary={ngram: place for place, ngram in enumerate(self.ngrams)})
        logits = _weighted(counter.transform(map(fold, texts)), self.idf) @ self.coefficients.T + self.intercepts
        if self.several:
            return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what is not text, by name; ``Linear(ngrams, several=…, **arrays)`` is the same model."""
        return {"idf": self.idf, "coefficients": self.coefficients, "intercepts": self.intercepts}


def fit(texts: Sequence[str], gold: np.ndarray, labels: int, *, strength: float = STRENGTH) -> Linear:
    """Train on posts; gold is int (n,) or 0/1 (n, labels). The same posts give the same numbers.

    n-grams of a single post are left out. Raises ValueError without posts.
    """
    if not len(texts):
        raise ValueError("no posts to train on")
    counter = _counter(min_df=min(2, len(texts)), max_features=MOST_NGRAMS)
    counted = counter.fit_transform(map(fold, texts))
    posts = np.bincount(counted.indices, minlength=counted.shape[1])
    idf = np.asarray(np.log((1 + len(texts)) / (1 + posts)) + 1, np.float32)
    features = _weighted(counted, idf)
    fitted = _each(features, gold, strength) if gold.ndim == 2 else _one_of(features, gold, labels, strength)
    coefficients, intercepts = (np.asarray(part, np.float32) for part in fitted)
    return Linear(counter.get_feature_names_out().tolist(), idf, coefficients, intercepts, gold.ndim == 2)


def fold(text: str) -> str:
    """Fold width and case; lone surrogates, which no file can hold, become question marks."""
    return unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode()).lower()


def _counter(**options: Any) -> Any:
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(analyzer="char", ngram_range=NGRAMS, lowercase=False, dtype=np.float32, **options)


def _weighted(counted: Any, idf: np.ndarray) -> Any:
    """Turn counts into TF-IDF of length 1 a post; the logarithm of counts, as a word said thrice is no threefold."""
    features = counted.tocsr(copy=True)
    features.data = (1 + np.log(features.data)) * idf[features.indices]
    lengths = np.sqrt(np.asarray(features.multiply(features).sum(axis=1)).ravel())
    features.data /= np.repeat(np.maximum(lengths, 1e-12), np.diff(features.indptr)).astype(np.float32)
    return features


def _one_of(features: Any, gold: np.ndarray, labels: int, strength: float) -> tuple[np.ndarray, np.ndarray]:
    coefficients = np.zeros((labels, features.shape[1]))
    intercepts = np.full(labels, _NEVER)
    present = np.unique(gold)
    if len(present) == 1:
        intercepts[present] = 0
        return coefficients, intercepts
    model = _regression(strength).fit(features, gold)
    both = len(present) == 2  # of two labels one logit is told, which is divided between them
    coefficients[present] = np.vstack([-model.coef_ / 2, model.coef_ / 2]) if both else model.coef_
    intercepts[present] = np.append(-model.intercept_ / 2, model.intercept_ / 2) if both else model.intercept_
    return coefficients, intercepts


def _each(features: Any, gold: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    coefficients = np.zeros((gold.shape[1], features.shape[1]))
    intercepts = np.zeros(gold.shape[1])
    for place, column in enumerate(gold.T):
        if column.min() == column.max():
            intercepts[place] = -_NEVER if column[0] else _NEVER
            continue
        model = _regression(strength).fit(features, column)
        coefficients[place], intercepts[place] = model.coef_[0], model.intercept_[0]
    return coefficients, intercepts


def _regression(strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=200, tol=1e-3)
