"""What speaks for a label, and posts worth reading: by leaving words out of a sample, and by how sure the model is.

A word's weight is the fall of a label's probability when the word is erased from a post (Li, Monroe and Jurafsky 2016,
"Understanding Neural Networks through Representation Erasure"): it asks the model as a whole, whatever it is made of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.models.daily import Task
from pipeline.models.evaluation import decide
from pipeline.tables import EVIDENCE

Ask = Callable[[Sequence[str]], np.ndarray]
"""Texts -> probabilities, float (n, labels)."""

SAMPLE, LEAST = 240, 12
"""Posts looked into of a day, over all labels; and of a label at least."""
WORDS, POSTS = 12, 3
"""Kept of each label; half as many words where labels are many."""
_MANY = 6
_LEAST_FALL = 0.02
_DOUBT = 2.0
"""Posts without effect that every word is thought to have been in, so that one post makes no strong word."""
_SHORTEST, _LONGEST = 10, 280
"""Characters of a post that can be typical or surprising."""


@dataclass(frozen=True)
class Spoken:
    """A text with what may be left out of it."""

    text: str
    words: Sequence[tuple[str, str]]
    """(word, form in the text), in order."""
    signs: Sequence[str] = ()
    """Emoji and emoticons, in order."""


def sample(probabilities: np.ndarray, several: bool) -> np.ndarray:
    """Choose posts evenly over the day for each label that was answered; int (sample,), in order."""
    labels = probabilities.shape[1]
    quota, chosen = max(LEAST, SAMPLE // max(labels, 1)), decide(probabilities, several)
    marks = chosen == 1 if several else chosen[:, None] == np.arange(labels)
    found = [_evenly(np.flatnonzero(column), quota) for column in marks.T]
    return np.unique(np.concatenate([np.zeros(0, np.int64), *found]))


def words(task: Task, sampled: Sequence[Spoken], ask: Ask) -> pa.Table:
    """Weigh the words of sampled posts by leaving each out; rows of EVIDENCE, the strongest of each label first."""
    copies = [(row, word, text) for row, one in enumerate(sampled) for word, text in _without(one)]
    if not copies:
        return EVIDENCE.empty_table()
    whole = ask([one.text for one in sampled]).astype(np.float64)
    less = ask([text for _, _, text in copies]).astype(np.float64)
    falls: defaultdict[str, list[np.ndarray]] = defaultdict(list)
    for (row, word, _), left in zip(copies, less, strict=True):
        falls[word].append(whole[row] - left)
    names = sorted(word for word, some in falls.items() if len(some) > 1)
    sums = np.array([np.sum(falls[name], axis=0) for name in names]).reshape(-1, len(task.labels))
    counts = np.array([len(falls[name]) for name in names], np.float64)
    most = WORDS if len(task.labels) <= _MANY else WORDS // 2
    found: list[dict[str, Any]] = []
    for place, label in enumerate(task.labels):
        strength = sums[:, place] / (counts + _DOUBT)
        best = [n for n in np.argsort(-strength, kind="stable")[:most].tolist() if strength[n] > _LEAST_FALL]
        found += [
            _row(task, "word", label, rank, float(sums[n, place] / counts[n]), word=names[n], posts=int(counts[n]))
            for rank, n in enumerate(best, 1)
        ]
    return pa.Table.from_pylist(found, EVIDENCE)


def posts(task: Task, ids: Sequence[str], texts: Sequence[str], probabilities: np.ndarray) -> pa.Table:
    """Choose the posts that the model is surest of for each label, and those that it is least sure of."""
    room = np.flatnonzero([_SHORTEST <= len(text) <= _LONGEST for text in texts])
    chosen = decide(probabilities, task.several)
    found: list[dict[str, Any]] = []
    for place, label in enumerate(task.labels):
        having = room[(chosen[room, place] == 1) if task.several else (chosen[room] == place)]
        best = having[np.argsort(-probabilities[having, place], kind="stable")[:POSTS]]
        found += _ranked(task, "typical", label, ids, best, probabilities[:, place])
    sure = np.maximum(probabilities, 1 - probabilities).min(axis=1) if task.several else probabilities.max(axis=1)
    least = room[np.argsort(sure[room], kind="stable")[: POSTS + 2]]
    for rank, row in enumerate(least.tolist(), 1):
        answer = None if task.several else task.labels[chosen[row]]
        found.append(_row(task, "surprising", answer, rank, float(sure[row]), post_id=ids[row]))
    return pa.Table.from_pylist(found, EVIDENCE)


def of_language(task: Task, ids: Sequence[str], texts: Sequence[str], perplexities: np.ndarray) -> pa.Table:
    """Choose the posts that a language model expects most, and those that it expects least; perplexities, (n,)."""
    room = np.flatnonzero([_SHORTEST <= len(text) <= _LONGEST for text in texts])
    order = room[np.argsort(perplexities[room], kind="stable")]
    found = _ranked(task, "typical", None, ids, order[: POSTS + 2], perplexities)
    rest = order[POSTS + 2 :][::-1][: POSTS + 2]
    return pa.Table.from_pylist(found + _ranked(task, "surprising", None, ids, rest, perplexities), EVIDENCE)


def evenly(size: int, limit: int) -> np.ndarray:
    """Choose at most ``limit`` of some rows, evenly; int (chosen,)."""
    return _evenly(np.arange(size), limit)


def _evenly(rows: np.ndarray, limit: int) -> np.ndarray:
    return rows if len(rows) <= limit else rows[np.arange(limit) * len(rows) // limit]


def _without(one: Spoken) -> list[tuple[str, str]]:
    """Give a copy of the text for each of its words, every occurrence of the word left out: (word, copy)."""
    places: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for some in (one.words, [(sign, sign) for sign in one.signs]):
        at = 0
        for word, form in some:
            start = one.text.find(form, at)
            if start >= 0 and form:
                places[word].append((start, start + len(form)))
                at = start + len(form)
    return [(word, _cut(one.text, some)) for word, some in places.items()]


def _cut(text: str, places: Sequence[tuple[int, int]]) -> str:
    starts = [0, *(end for _, end in places)]
    ends = [*(start for start, _ in places), len(text)]
    return "".join(text[start:end] for start, end in zip(starts, ends, strict=True))


def _ranked(
    task: Task, kind: str, label: str | None, ids: Sequence[str], rows: np.ndarray, values: np.ndarray
) -> list[dict[str, Any]]:
    return [
        _row(task, kind, label, rank, float(values[row]), post_id=ids[row]) for rank, row in enumerate(rows.tolist(), 1)
    ]


def _row(
    task: Task,
    kind: str,
    label: str | None,
    rank: int,
    value: float,
    *,
    word: str | None = None,
    post_id: str | None = None,
    posts: int | None = None,
) -> dict[str, Any]:
    return {
        "task": task.name,
        "kind": kind,
        "label": label,
        "rank": rank,
        "word": word,
        "post_id": post_id,
        "value": value,
        "posts": posts,
        "model_version": task.version,
    }
