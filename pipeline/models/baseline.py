"""The linear model that every other one has to beat: TF-IDF of one to four characters with logistic regression.

Each label is told from all others (one against the rest), by liblinear: as right as one regression over all labels by
L-BFGS on short posts, and several times as fast; on long texts L-BFGS stops early unless it is told a finer tolerance.

For languages that put blanks between words there are, on wish, words, pairs of words and their parts instead. It is
stored as a list of n-grams and arrays, so that nothing has to be unpickled. scikit-learn is loaded when used.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from pipeline.models.recipe import Head

NGRAMS = (1, 4)
PARTS = (2, 5)
"""Characters of the parts of words; a blank before and after a word counts."""
MOST_NGRAMS = 300_000
STRENGTH = Head().strength
_NEVER = -20.0
"""Logit of a label that no training post has."""
_CHUNK = 4096
_MARK = "\t"
"""Begins words and pairs of words, so that no part of a word looks like one."""
_WORD = re.compile(r"\w+|[^\w\s]")


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
    """A post may have several labels; where it has one, the answers of all are divided by their sum."""
    words: bool = False
    """The n-grams are words, pairs of words and parts of words."""

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (texts, labels)."""
        chunks = [self._chunk(texts[start : start + _CHUNK]) for start in range(0, len(texts), _CHUNK)]
        return np.concatenate(chunks) if chunks else np.zeros((0, len(self.intercepts)), np.float32)

    def _chunk(self, texts: Sequence[str]) -> np.ndarray:
        counter = _counter(self.words, vocabulary={ngram: place for place, ngram in enumerate(self.ngrams)})
        features = _weighted(counter.transform(map(fold, texts)), self.idf, _marked(self.ngrams, self.words))
        logits = features @ self.coefficients.T + self.intercepts
        each = 1 / (1 + np.exp(-logits.astype(np.float64)))
        return np.asarray(each if self.several else each / each.sum(axis=1, keepdims=True), np.float32)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what is not text, by name; ``Linear(ngrams, several=…, words=…, **arrays)`` is the same model."""
        return {"idf": self.idf, "coefficients": self.coefficients, "intercepts": self.intercepts}


def fit(
    texts: Sequence[str], gold: np.ndarray, labels: int, *, strength: float = STRENGTH, words: bool = False
) -> Linear:
    """Train on posts; gold is int (n,) or 0/1 (n, labels). The same posts give the same numbers.

    n-grams of a single post are left out. Raises ValueError without posts.
    """
    if not len(texts):
        raise ValueError("no posts to train on")
    counter = _counter(words, min_df=min(2, len(texts)), max_features=MOST_NGRAMS)
    counted = counter.fit_transform(map(fold, texts))
    posts = np.bincount(counted.indices, minlength=counted.shape[1])
    idf = np.asarray(np.log((1 + len(texts)) / (1 + posts)) + 1, np.float32)
    ngrams = counter.get_feature_names_out().tolist()
    features = _weighted(counted, idf, _marked(ngrams, words)).astype(np.float64)  # once, not once a label
    several = gold.ndim == 2
    fitted = _each(features, gold if several else gold[:, None] == np.arange(labels), strength)
    coefficients, intercepts = (np.asarray(part, np.float32) for part in fitted)
    return Linear(ngrams, idf, coefficients, intercepts, several, words)


def fold(text: str) -> str:
    """Fold width and case; lone surrogates, which no file can hold, become question marks."""
    return unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode()).lower()


def _counter(words: bool, **options: Any) -> Any:
    from sklearn.feature_extraction.text import CountVectorizer

    if words:
        return CountVectorizer(analyzer=_of_words, dtype=np.float32, **options)
    return CountVectorizer(analyzer="char", ngram_range=NGRAMS, lowercase=False, dtype=np.float32, **options)


def _of_words(text: str) -> Iterator[str]:
    """Yield the words of a text, its pairs of words, and the parts of its words."""
    words = _WORD.findall(text)
    yield from (f"{_MARK}{word}" for word in words)
    yield from (f"{_MARK}{one} {other}" for one, other in pairwise(words))
    for word in words:
        bounded = f" {word} "
        for size in range(PARTS[0], PARTS[1] + 1):
            yield from (bounded[start : start + size] for start in range(len(bounded) - size + 1))


def _marked(ngrams: Sequence[str], words: bool) -> np.ndarray:
    """Tell words and pairs of words, 1, from parts of words, 0; int64 (ngrams,)."""
    return np.fromiter((words and ngram[0] == _MARK for ngram in ngrams), np.int64, len(ngrams))


def _weighted(counted: Any, idf: np.ndarray, kinds: np.ndarray) -> Any:
    """Turn counts into TF-IDF of length 1 a post; the logarithm of counts, as a word said thrice is no threefold.

    Words and their parts have length 1 each, as there are many more parts.
    """
    features = counted.tocsr(copy=True)
    features.data = (1 + np.log(features.data)) * idf[features.indices]
    rows = 2 * np.repeat(np.arange(features.shape[0]), np.diff(features.indptr)) + kinds[features.indices]
    lengths = np.sqrt(np.bincount(rows, features.data.astype(np.float64) ** 2))
    features.data /= np.maximum(lengths, 1e-12)[rows].astype(np.float32)
    return features


def _each(features: Any, gold: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """Tell each label from all others; features are float64, gold is 0/1 (n, labels)."""
    from sklearn.linear_model import LogisticRegression

    coefficients = np.zeros((gold.shape[1], features.shape[1]))
    intercepts = np.zeros(gold.shape[1])
    for place, column in enumerate(gold.T):
        if column.min() == column.max():
            intercepts[place] = -_NEVER if column[0] else _NEVER
            continue
        model = LogisticRegression(C=strength, solver="liblinear").fit(features, column)
        coefficients[place], intercepts[place] = model.coef_[0], model.intercept_[0]
    return coefficients, intercepts
