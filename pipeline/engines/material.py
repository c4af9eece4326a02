"""What a task is learned from: the labels and the posts up to a day, those kept apart, and how they are parted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.engines import labelling
from pipeline.errors import TooFewLabels
from pipeline.models import labels, splitting, weak
from pipeline.models.examples import Examples
from pipeline.models.labels import Answer
from pipeline.models.splitting import Split
from pipeline.settings import Task
from pipeline.store import parquet
from pipeline.store.layout import Day, Layout

LEAST = 20
"""Labelled posts below which weak ones are tuned on, too, and without weak ones nothing is trained."""
MOST_WEAK = 5_000
_DEV_POSTS, _RECENT_POSTS = 40, 60
"""What tuning and comparing want where labels are few."""
_MOST_DEV, _MOST_RECENT = 0.2, 0.4


@dataclass(frozen=True)
class Material:
    """Labelled posts of a task, one row a post, in order of time."""

    ids: list[str]
    texts: list[str]
    labels: list[str]
    times: np.ndarray
    """int64 (n,), microseconds"""
    groups: np.ndarray
    """int64 (n,): posts with the same number are copies."""
    gold: np.ndarray
    """bool (n,): labelled by people."""
    frozen: np.ndarray
    """bool (n,): of the frozen gold set."""
    names: list[str]
    """The possible labels; where the settings name none, those that occur."""
    several: bool
    missing: int
    """Labels whose posts the store does not have, or not up to the day."""
    unsettled: int
    """Posts that people do not agree on."""

    def examples(self, rows: np.ndarray) -> Examples:
        """Return rows as a training takes them."""
        texts, ids = [self.texts[row] for row in rows], [self.ids[row] for row in rows]
        if self.several:
            return Examples(texts, marks([self.labels[row] for row in rows], self.names), ids, self.names)
        return Examples(texts, [self.labels[row] for row in rows], ids)


def marks(given: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """Write answers that name several labels as 0 and 1; int8 (n, names)."""
    found = [[name in parts for name in names] for parts in map(labels.parts, given)]
    return np.array(found, np.int8).reshape(len(given), len(names))


def gather(layout: Layout, task: Task, until: Day | None) -> Material:
    """Collect a task's labels and their posts up to a day; weak ones where people labelled too few.

    Weak labels are kept in the store's table of labels, marked so. Call only while holding the store. Raises
    TooFewLabels where there is too little to learn from, InputError for a frozen gold set that cannot be used.
    """
    table = labelling.load(layout, task.name)
    names = labelling.names(layout, task)
    settled = {post: label for post, label in labels.gold(table, task.name).items() if _usable(label, task, names)}
    frozen, guesses = labelling.frozen(task), dict[str, str]()
    if len(settled) < weak.ENOUGH and not task.several and {weak.POSITIVE, weak.NEGATIVE} <= set(names):
        guesses = _guessed(layout, task, table, until)
    said = guesses | settled | frozen
    posts = _posts(layout, until, said.keys(), frozen.keys())
    ids = posts["post_id"].to_pylist()
    return _checked(
        task,
        Material(
            ids,
            posts["text"].to_pylist(),
            [said[post] for post in ids],
            posts["created_at"].cast(pa.int64()).to_numpy(),
            splitting.copies(ids, posts["duplicate_of"].to_pylist(), posts["clean"].to_pylist()),
            np.array([post in settled or post in frozen for post in ids], bool),
            np.array([post in frozen for post in ids], bool),
            names or sorted(set(said.values())),
            task.several,
            missing=len((settled | frozen).keys() - set(ids)),
            unsettled=sum(one.settled is None for one in labels.disagreements(table, task.name)),
        ),
    )


def part(material: Material) -> Split:
    """Part by time: learn from the first, tune on what follows, compare on the latest; weak labels only teach.

    Labels that training lacks cannot be tuned on: such posts go from dev to those left out.
    """
    people = int((material.gold & ~material.frozen).sum())
    if people < LEAST:
        found = splitting.by_time(material.times, material.groups, held_out=0.0, frozen=material.frozen)
    else:
        found = splitting.by_time(
            material.times,
            material.groups,
            dev=min(max(splitting.DEV, _DEV_POSTS / people), _MOST_DEV),
            held_out=min(max(splitting.HELD_OUT, _RECENT_POSTS / people), _MOST_RECENT),
            gold=material.gold,
            frozen=material.frozen,
        )
    if material.several:
        return found
    taught = {material.labels[row] for row in found.train}
    known = np.array([material.labels[row] in taught for row in found.dev], bool)
    left = np.sort(np.append(found.left_out, found.dev[~known]))
    return Split(found.train, found.dev[known], found.held_out, left)


def _usable(label: str, task: Task, names: list[str]) -> bool:
    """Tell whether an answer is still one of the task's: the settings may have changed."""
    return set(labels.parts(label) if task.several else [label]) <= set(names)


def _posts(layout: Layout, until: Day | None, ids: Collection[str], frozen: Collection[str]) -> pa.Table:
    """Find the posts up to a day, and those of the frozen set wherever they are."""
    days = labelling.days_until(layout, until)
    found = labelling.posts(layout, days, ids)
    if not frozen:
        return found
    apart = labelling.posts(layout, labelling.days_until(layout, None), frozen)
    known = set(found["post_id"].to_pylist())
    new = apart.filter(pa.array([post not in known for post in apart["post_id"].to_pylist()], pa.bool_()))
    return pa.concat_tables([found, new]).sort_by([("created_at", "ascending"), ("post_id", "ascending")])


def _guessed(layout: Layout, task: Task, table: pa.Table, until: Day | None) -> dict[str, str]:
    """Label the latest posts by rule, and keep that in the table of labels."""
    found: list[Answer] = []
    for day in reversed(labelling.days_until(layout, until).days):
        if layout.partition("tokens", day).exists() and len(found) < MOST_WEAK:
            found += _guessed_on(layout, task, day)
    people = [answer for answer in labels.rows_of(table) if answer.origin == labels.GOLD]
    labelling.save(layout, task.name, labels.merge(labels.as_table(people), found[:MOST_WEAK]))
    return {answer.post_id: answer.label for answer in found[:MOST_WEAK]}


def _guessed_on(layout: Layout, task: Task, day: Day) -> list[Answer]:
    posts = parquet.read(layout.partition("posts", day), ["post_id", "created_at", "emoji", "is_repost"])
    tokens = parquet.read(layout.partition("tokens", day), ["post", "lemma", "base", "pos"])
    said = weak.label(tokens, posts["emoji"].to_pylist())
    return [
        Answer(row["post_id"], task.name, label, weak.WHO, row["created_at"], labels.WEAK, "", 0)
        for row, label in zip(posts.to_pylist(), said, strict=True)
        if label is not None and not row["is_repost"]
    ]


def _checked(task: Task, material: Material) -> Material:
    """Raise TooFewLabels where there is nothing to learn."""
    usable = [label for label, apart in zip(material.labels, material.frozen, strict=True) if not apart]
    kinds = Counter(part for label in usable for part in (labels.parts(label) if task.several else [label]))
    if len(usable) < LEAST or len(kinds) < (1 if task.several else 2):
        labelled = f"{len(usable)} labelled posts of {len(kinds)} label{'' if len(kinds) == 1 else 's'}"
        raise TooFewLabels(
            f"{task.name}: {labelled}; {LEAST} of {'one' if task.several else 'two'} are needed. "
            "`hibi label queue` chooses posts to label, `hibi label import` takes the answers in"
        )
    return material
