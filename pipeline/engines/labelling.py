"""What people answered into the store: files of answers read, checked against the posts, merged by task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa

from pipeline import files
from pipeline.analysis.ranking import Span
from pipeline.engines import answers, explore, queries
from pipeline.engines.answers import Reading
from pipeline.errors import InputError, SettingsError
from pipeline.models import labels
from pipeline.models.labels import Disagreement, Taken, Unusable
from pipeline.settings import Settings, Task
from pipeline.store import lock, parquet
from pipeline.store.layout import Day, Layout
from pipeline.tables import LABELS

POST = ("post_id", "created_at", "text", "clean", "duplicate_of")
"""Columns of posts that labelling and learning look at."""


@dataclass(frozen=True)
class FileTaken:
    """What became of a file's answers to one task."""

    file: str
    task: str
    answers: int
    """Taken, those that were known included."""
    new: int
    """Of these, answers that the store did not have, or had otherwise."""
    unnamed: int
    """Of these, answers of which nobody says who gave them."""
    unanswered: int
    unusable: list[Unusable]


@dataclass(frozen=True)
class TaskLabels:
    """Where a task stands."""

    task: str
    posts: int
    """Posts with a label that people agree on."""
    labels: dict[str, int]
    """Posts a label, by label."""
    disagreements: list[Disagreement]


@dataclass
class Imported:
    """What an import did."""

    files: list[FileTaken] = field(default_factory=list)
    tasks: list[TaskLabels] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """Files that could not be read, and why."""


def take(settings: Settings, layout: Layout, paths: Sequence[Path], task: str | None, who: str) -> Imported:
    """Read files of answers into ``labels/TASK.parquet``; taking a file twice changes nothing.

    A file that cannot be read costs no other. Raises SettingsError for a task that the settings do not name, StoreError
    where the store has no posts, StoreBusy.
    """
    tasks = {one.name: one for one in settings.models}
    if task is not None:
        answers.task_of(task, tasks)
    days, done = explore.span(layout, None, None, "posts"), Imported()
    touched: set[str] = set()
    with lock.held(layout):
        files.clear_staging(layout.root)
        for path in paths:
            reading = Reading(tasks, in_use(layout), settings.zone, task, who)
            try:
                found = answers.read(path, reading)
            except (InputError, SettingsError) as error:
                done.failed.append(str(error))
                continue
            if not found:
                done.failed.append(f"{path}: no answers{f' to {task}' if task else ''}")
            done.files += [_take(layout, days, path.name, name, taken) for name, taken in sorted(found.items())]
            touched |= found.keys()
    done.tasks = [standing(layout, name) for name in sorted(touched)]
    return done


def load(layout: Layout, task: str) -> pa.Table:
    """Read the answers to a task; empty where there are none. Raises StoreError where the file is damaged."""
    path = layout.labels(task)
    return parquet.read(path) if path.exists() else LABELS.empty_table()


def save(layout: Layout, task: str, table: pa.Table) -> None:
    """Write the answers to a task, unless they are those that are there. Call only while holding the store."""
    if not layout.labels(task).exists() or not load(layout, task).equals(table):
        parquet.write(layout.root, layout.labels(task), LABELS, [table])


def in_use(layout: Layout) -> dict[str, list[str]]:
    """Name the labels that people gave so far, by task."""
    found = {}
    for path in sorted((layout.root / "labels").glob("*.parquet")):
        said = set(labels.gold(load(layout, path.stem), path.stem).values())
        found[path.stem] = sorted({part for label in said for part in labels.parts(label)})
    return found


def names(layout: Layout, task: Task) -> list[str]:
    """Name a task's labels: those of the settings, else those in use."""
    return list(task.labels) or in_use(layout).get(task.name, [])


def standing(layout: Layout, task: str) -> TaskLabels:
    """Tell how many posts have a label, and where people disagree."""
    table = load(layout, task)
    settled = list(labels.gold(table, task).values())
    counts = {label: settled.count(label) for label in sorted(set(settled))}
    return TaskLabels(task, len(settled), counts, labels.disagreements(table, task))


def frozen(task: Task) -> dict[str, str]:
    """Read a task's frozen gold set: post_id -> label. Raises InputError naming the file and the line."""
    if task.gold is None:
        return {}
    reading = Reading({task.name: task}, {}, ZoneInfo("UTC"), task.name)
    taken = answers.read(task.gold, reading).get(task.name, Taken())
    if taken.unusable:
        first = taken.unusable[0]
        raise InputError(f"{task.gold}, line {first.line}: {first.reason}")
    return {answer.post_id: answer.label for answer in taken.answers if answer.label != labels.UNKNOWN}


def posts(layout: Layout, days: Span, ids: Iterable[str]) -> pa.Table:
    """Find posts of a span by id, in order of time; columns POST."""
    found = f"SELECT {', '.join(POST)} FROM {days.read('posts')} WHERE post_id IN (SELECT unnest($ids)) "
    with queries.database(layout) as connection:
        wanted = {"ids": sorted(set(ids))}
        table: pa.Table = connection.sql(found + "ORDER BY created_at, post_id", params=wanted).to_arrow_table()
    return table


def own_posts(layout: Layout, day: Day) -> pa.Table:
    """Read the posts of a day that say something of their own, without reposts; columns POST."""
    from pyarrow import compute as pc

    table = parquet.read(layout.partition("posts", day), [*POST, "is_repost"])
    said = pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(table["text"])), 0)
    return table.filter(pc.and_(pc.invert(table["is_repost"]), said)).drop_columns(["is_repost"])


def days_until(layout: Layout, until: Day | None) -> Span:
    """Name the days that have posts, up to one. Raises StoreError where there is none."""
    return explore.span(layout, None, until, "posts")


def _take(layout: Layout, days: Span, file: str, task: str, taken: Taken) -> FileTaken:
    there = set(posts(layout, days, (answer.post_id for answer in taken.answers))["post_id"].to_pylist())
    kept = labels.known(taken, there)
    before = load(layout, task)
    after = labels.merge(before, kept.answers)
    save(layout, task, after)
    new = len(set(map(_said, labels.rows_of(after))) - set(map(_said, labels.rows_of(before))))
    unnamed = sum(not answer.who for answer in kept.answers)
    return FileTaken(file, task, len(kept.answers), new, unnamed, kept.unanswered, kept.unusable)


def _said(answer: labels.Answer) -> tuple[str, str, str]:
    return answer.post_id, answer.who, answer.label
