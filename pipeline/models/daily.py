"""What a model says of a day as rows of tables: its answers, and each label's share by day and by hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.models import calibration
from pipeline.models.evaluation import decide
from pipeline.models.shares import Share, shares, shares_of_parts, shares_of_several
from pipeline.tables import PREDICTIONS, SHARES

HOURLY = 6
"""Most labels whose shares are taken by the hour: of more, each is too seldom in an hour."""


@dataclass(frozen=True)
class Task:
    """What is asked, and what is known of the model that answers."""

    name: str
    version: str
    labels: list[str]
    several: bool
    threshold: float
    confusion: np.ndarray | None
    """On dev: [gold][predicted], or (labels, 4) with several labels; None where nothing was measured."""


def predictions(task: Task, ids: Sequence[str], probabilities: np.ndarray) -> pa.Table:
    """Say what the model says of each post, (n, labels); rows of PREDICTIONS in order of posts and labels."""
    chosen = decide(probabilities, task.several)
    vague = calibration.unsure(probabilities, task.threshold, task.several)
    if not task.several:
        rows, places = np.arange(len(ids)), chosen
        sure, unsure = probabilities[rows, chosen], vague
    else:
        with_none = np.concatenate([chosen, ~chosen.any(axis=1, keepdims=True)], axis=1)
        rows, places = np.nonzero(with_none)
        none = np.prod(1 - probabilities, axis=1, keepdims=True)
        sure = np.concatenate([probabilities, none], axis=1)[rows, places]
        unsure = np.concatenate([vague, vague.any(axis=1, keepdims=True)], axis=1)[rows, places]
    names = pa.array([*task.labels, None], pa.string())
    columns: dict[str, Any] = {
        "post_id": pa.array(ids, pa.string()).take(pa.array(rows)),
        "task": pa.array([task.name] * len(rows), pa.string()),
        "label": names.take(pa.array(places)),
        "probability": np.asarray(sure, np.float32),
        "model_version": pa.array([task.version] * len(rows), pa.string()),
        "unsure": np.asarray(unsure, bool),
    }
    return pa.table(columns, schema=PREDICTIONS)


def unsure(task: Task, probabilities: np.ndarray) -> np.ndarray:
    """Tell which posts have no sure answer, with several labels: to any of them; bool (n,)."""
    vague = calibration.unsure(probabilities, task.threshold, task.several)
    return np.asarray(vague.any(axis=1) if task.several else vague)


def shares_of_day(task: Task, probabilities: np.ndarray, hours: np.ndarray) -> pa.Table:
    """Estimate each label's share among posts, (n, labels), and by the hour that each was written in, int (n,).

    Rows of SHARES; hours without posts have none, and nothing is estimated where the confusion is unknown.
    """
    if not len(probabilities) or task.confusion is None:
        return SHARES.empty_table()
    chosen, labels = decide(probabilities, task.several), len(task.labels)
    marks = chosen if task.several else np.eye(labels, dtype=np.int64)[chosen]
    answers, posts = marks.sum(axis=0), np.bincount(hours, minlength=24)
    parts = np.stack([np.bincount(hours, column, 24) for column in marks.T], axis=1).astype(np.int64)
    rows = _rows(task, None, len(marks), answers, _of_whole(task, answers, len(marks)))
    if labels <= HOURLY:
        for hour, some in enumerate(_of_parts(task, answers, parts, posts)):
            rows += _rows(task, hour, int(posts[hour]), parts[hour], some)
    return pa.Table.from_pylist(rows, SHARES)


def _of_whole(task: Task, answers: np.ndarray, posts: int) -> list[Share]:
    assert task.confusion is not None
    if task.several:
        return shares_of_several(answers, posts, task.confusion)
    return shares(answers, task.confusion)


def _of_parts(task: Task, answers: np.ndarray, parts: np.ndarray, posts: np.ndarray) -> list[list[Share]]:
    assert task.confusion is not None
    if not task.several:
        return shares_of_parts(answers, parts, task.confusion)
    total, found = posts.sum(), []
    for count, some, cells in zip(answers, parts.T, task.confusion, strict=True):
        both = np.stack([posts - some, some], axis=1)
        found.append(shares_of_parts(np.array([total - count, count]), both, cells.reshape(2, 2)))
    return [[of[hour][1] for of in found] if posts[hour] else [] for hour in range(len(posts))]


def _rows(
    task: Task, hour: int | None, posts: int, answers: np.ndarray, estimated: Sequence[Share]
) -> list[dict[str, Any]]:
    if not estimated:
        return []
    return [
        {
            "task": task.name,
            "hour": hour,
            "label": label,
            "posts": posts,
            "answers": int(count),
            "share": one.share,
            "low": one.low,
            "high": one.high,
            "model_version": task.version,
        }
        for label, count, one in zip(task.labels, answers, estimated, strict=True)
    ]
