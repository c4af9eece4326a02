"""The posts of a day that a person should label: chosen, and written as a page, a sheet and a workbook."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipeline import files
from pipeline.analysis.ranking import Span
from pipeline.engines import explore, labelling, learning, publishing, showing
from pipeline.engines.project import Project
from pipeline.errors import ModelError, SettingsError
from pipeline.models import labels, queue, registry, splitting
from pipeline.settings import Task
from pipeline.store import lock
from pipeline.store.layout import Day

if TYPE_CHECKING:
    from pipeline.models.registry import Served
    from pipeline.reports.labelling import Queue

MOST = 20_000
"""Posts of a day that are looked at; of more, a sample."""
_REFERENCE = 5_000
"""Posts of the days before that drift is told from."""
_REFERENCE_DAYS = 28


@dataclass(frozen=True)
class Asked:
    """What is asked of a task on a day."""

    task: str
    date: Day
    posts: int
    why: dict[str, int]
    """Posts a reason: unsure, drift, diverse."""
    model: str | None
    """The version whose doubts were asked."""
    paths: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def ask(project: Project, day: Day | None, task: str | None, size: int = queue.SIZE) -> list[Asked]:
    """Choose posts of a day (the last one there is) for each task, and write them to ``labels/queue/DAY/``.

    What lies there is never written over, as somebody may be filling it in: another queue gets another name. The same
    state of the store gives the same queue. Raises SettingsError without a task whose labels are known, StoreError
    where the day has no posts, StoreBusy.
    """
    tasks = _tasks(project, task)
    days = explore.span(project.layout, day, day, "posts")
    with lock.held(project.layout):
        files.clear_staging(project.layout.root)
        return [_ask(project, days.on(days.days[-1]), one, names, size) for one, names in tasks]


def _tasks(project: Project, name: str | None) -> list[tuple[Task, list[str]]]:
    """Pair the wanted tasks with their labels; one that is only read, as a language model's, has none."""
    known = {one.name: one for one in project.settings.models}
    if name:
        wanted = [known.get(name) or Task(name=name)]
    else:
        wanted = list(known.values()) or [Task(name=one) for one in labelling.in_use(project.layout)]
    found = [(one, labelling.names(project.layout, one)) for one in wanted]
    asked = [(one, names) for one, names in found if names]
    if not asked:
        raise SettingsError(
            f"{name or 'no task'}: no labels to choose from; name them in hibi.toml: "
            f'[[models]] name = "{name or "mood"}", labels = ["positive", "negative", "neutral"]'
        )
    return asked


def _ask(project: Project, day: Span, task: Task, names: list[str], size: int) -> Asked:
    date, notes = day.days[0], list[str]()
    seed = _seed(task.name, date)
    table = _sampled(labelling.own_posts(project.layout, date), MOST, seed)
    texts = table["text"].to_pylist()
    served = _served(project, task.name, notes)
    groups, asked = _asked(project, task, table)
    points = queue.vectors(texts) if texts else np.zeros((0, 1))
    picks = queue.pick(
        points,
        _doubts(project, served, texts, task.several, notes),
        groups=groups,
        asked=asked,
        reference=_reference(project, served, date, seed),
        size=size,
        seed=seed,
    )
    why = dict(Counter(pick.why for pick in picks))
    shown = _queue(project, task, names, date, table.take(pa.array([pick.row for pick in picks], pa.int64())))
    paths = _write(project, shown) if picks else []
    return Asked(task.name, date, len(picks), why, served.version.label if served else None, paths, notes)


def _asked(project: Project, task: Task, table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Number the posts' groups of copies, and tell which of them, or whose copies, have an answer already."""
    ids = {answer.post_id for answer in labels.rows_of(labelling.load(project.layout, task.name)) if _gold(answer)}
    ids |= labelling.frozen(task).keys()
    known = labelling.posts(project.layout, labelling.days_until(project.layout, None), ids)
    both = [[*table[name].to_pylist(), *known[name].to_pylist()] for name in ("post_id", "duplicate_of", "clean")]
    groups = splitting.copies(*both)
    rows = table.num_rows
    return groups[:rows], np.isin(groups[:rows], groups[rows:])


def _gold(answer: labels.Answer) -> bool:
    return answer.origin == labels.GOLD


def _served(project: Project, name: str, notes: list[str]) -> Served | None:
    """Load the model in service; without one, or without a whole one, the queue is chosen without doubts."""
    try:
        learning.require_keras()
        served = registry.serve(project.layout.root, name, project.lexicon.fingerprint)
    except ModelError as error:
        notes.append(f"chosen without a model: {error}")
        return None
    notes += served.notes
    return served


def _doubts(
    project: Project, served: Served | None, texts: list[str], several: bool, notes: list[str]
) -> np.ndarray | None:
    if served is None or not texts:
        return None
    if served.bundle.several != several or not served.bundle.labels:
        notes.append(f"chosen without a model: {served.version.label} answers another kind of question")
        return None
    from pipeline.models.serving import Model

    found = Model.of(served.bundle, project.lexicon).probabilities(texts)
    return queue.least_sure(found) if several else found


def _reference(project: Project, served: Served | None, date: Day, seed: int) -> Any:
    """Sample the posts of the days that the model knew; None where that is not told, or none is before the day."""
    until = served.bundle.metrics.get("until") if served else None
    if until is None:
        return None
    known = [day for day in labelling.days_until(project.layout, Day.fromisoformat(until)).days if day < date]
    if not known:
        return None
    tables = [labelling.own_posts(project.layout, day).select(["text"]) for day in known[-_REFERENCE_DAYS:]]
    return queue.vectors(_sampled(pa.concat_tables(tables), _REFERENCE, seed)["text"].to_pylist())


def _sampled(table: pa.Table, most: int, seed: int) -> pa.Table:
    """Take at most so many rows, in their order."""
    if table.num_rows <= most:
        return table
    return table.take(np.sort(np.random.default_rng(seed).choice(table.num_rows, most, replace=False)))


def _seed(task: str, day: Day) -> int:
    return int.from_bytes(hashlib.sha256(f"{task} {day}".encode()).digest()[:6])


def _queue(project: Project, task: Task, names: Sequence[str], date: Day, chosen: pa.Table) -> Queue:
    from pipeline.reports.labelling import Question, Queue

    questions = (
        Question(
            row["post_id"],
            row["created_at"],
            showing.said(row["text"], project.settings),
            showing.address(row["post_id"], project.settings),
        )
        for row in chosen.sort_by([("created_at", "ascending"), ("post_id", "ascending")]).to_pylist()
    )
    return Queue(task.name, date, project.settings.timezone, tuple(names), tuple(questions), task.several)


def _write(project: Project, shown: Queue) -> list[Path]:
    """Write the three files under a name that is free, or that has just them."""
    from pipeline.reports import labelling as pages

    layout, folder = project.layout, project.layout.queue(shown.date)
    publishing.share_fonts(layout, folder.parent / "assets")
    page = pages.render(shown, project.settings.report.language).encode()
    for name in _names(shown.task):
        there = [path for path in _paths(folder, name) if path.exists()]
        if not there:
            break
        if there[0].suffix == ".html" and there[0].read_bytes() == page:
            return there
    html, sheet, book = _paths(folder, name)
    made = io.BytesIO()
    pages.write_workbook(shown, made)
    files.write(layout.root, book, made.getvalue())
    files.write(layout.root, sheet, pages.write_csv(shown))
    files.write(layout.root, html, page)
    return [html, sheet, book]


def _names(task: str) -> Iterator[str]:
    yield task
    yield from (f"{task}-{number}" for number in count(2))


def _paths(folder: Path, name: str) -> Iterable[Path]:
    return (folder / f"{name}{suffix}" for suffix in (".html", ".csv", ".xlsx"))
