"""Files of answers -> answers by task: the queue's page, its sheet (CSV, XLSX), or a table with a column a task."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.errors import InputError, SettingsError
from pipeline.ingest import delimited, encoding, workbook
from pipeline.ingest.records import Rejected
from pipeline.ingest.source import Budget
from pipeline.models import labels
from pipeline.models.labels import Asked, Taken
from pipeline.settings import Task

Rows = list[tuple[int, list[object]]]
"""Rows by their number in the file, the header first."""

_LARGEST = 256 << 20
_MOST_LABELS = 200
"""Distinct answers in a column of which the labels are not known; more are no labels."""
_LONGEST_LABEL = 60
_ABOUT_POST = {"created_at", "text", "author", "source", "lang", "url", "who", "labelled_at"}
"""Columns beside post_id that are no tasks."""


@dataclass(frozen=True)
class Reading:
    """How to read files of answers."""

    tasks: Mapping[str, Task]
    """Those of the settings, by name; empty: any."""
    labels: Mapping[str, Sequence[str]]
    """Labels in use of tasks whose labels the settings do not name."""
    zone: ZoneInfo
    task: str | None = None
    """Take the answers to this one only, and those that name no task."""
    who: str = ""
    """Taken where the file names nobody."""


def read(path: Path, reading: Reading) -> dict[str, Taken]:
    """Read a file of any of the three forms, told by its content. Raises InputError naming it."""
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path}: larger than {_LARGEST >> 20} MB; no file of answers")
        data, saved = path.read_bytes(), path.stat().st_mtime
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    when = dt.datetime.fromtimestamp(int(saved), reading.zone)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _page(data, path.name, reading, when)
    rows = _workbook(path, data) if data.startswith(b"PK") else _lines(data, path.name)
    return {
        task: labels.from_rows(some, _asked(reading, task, some, when), path.name)
        for task, some in _by_task(rows, path.name, reading).items()
    }


def task_of(name: str, tasks: Mapping[str, Task]) -> Task:
    """Return a task by name. Raises SettingsError where the settings name others."""
    if tasks and name not in tasks:
        raise SettingsError(f"{name}: no such task; [[models]] of the settings name {', '.join(tasks)}")
    try:
        return tasks.get(name) or Task(name=name)
    except ValueError as error:
        raise SettingsError(f"{name[:60]!r} cannot name a task: small letters, digits, - and _ do") from error


def _page(data: bytes, file: str, reading: Reading, when: dt.datetime) -> dict[str, Taken]:
    try:
        content = json.loads(data.decode("utf-8-sig"))
        task, given = str(content["task"]), content["answers"]
        rows: Rows = [(0, ["label"]), *((n, [answer.get("label")]) for n, answer in enumerate(given, 1))]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{file}: not saved by the labelling page ({error})") from error
    if reading.task not in (None, task):
        return {}
    return {task: labels.from_page(data, _asked(reading, task, rows, when), file)}


def _lines(data: bytes, file: str) -> Rows:
    """Read a sheet that was saved as text; Japanese Excel saves it as CP932."""
    text = encoding.whole(data)
    if text is None:
        raise InputError(f"{file}: no text, no workbook and no file of the labelling page")
    header = next((line for line in delimited.lines(iter([text])) if line.strip()), "")
    separator = delimited.delimiter(header)
    if separator is None:
        raise InputError(f"{file}: one column only; post_id and label are needed")
    found: Rows = []
    for row in delimited.rows(delimited.lines(iter([text])), separator):
        if isinstance(row, Rejected):
            raise InputError(f"{file}, line {row.line}: {row.reason}")
        found.append((row[0], list[object](row[1])))
    return found


def _workbook(path: Path, data: bytes) -> Rows:
    """Read the first sheet that has a column post_id."""
    with path.open("rb") as stream:
        for _, rows in workbook.sheets(stream, path.name, Budget(path.name, len(data))):
            found = [(number, row) for number, row in enumerate(rows, 1) if any(cell not in ("", None) for cell in row)]
            if found and "post_id" in _folded(found[0][1]):
                return found
    raise InputError(f"{path.name}: no sheet has a column post_id in its first row")


def _by_task(rows: Rows, file: str, reading: Reading) -> dict[str, Rows]:
    """Part rows by the task that they answer, each part under a header of its own."""
    filled = [(number, row) for number, row in rows if any(cell not in ("", None) for cell in row)]
    if not filled:
        raise InputError(f"{file}: empty")
    names = _folded(filled[0][1])
    if "post_id" not in names:
        raise InputError(f"{file}: no column post_id in the first row")
    return _long(filled, names, file, reading) if "label" in names else _wide(filled, names, file, reading)


def _long(rows: Rows, names: list[str], file: str, reading: Reading) -> dict[str, Rows]:
    """Part a sheet with a row an answer; its task stands beside it, or goes without saying."""
    place = names.index("task") if "task" in names else None
    default = reading.task or (next(iter(reading.tasks)) if len(reading.tasks) == 1 else None)
    found: dict[str, Rows] = {}
    for number, row in rows[1:]:
        named = str(row[place] or "").strip() if place is not None and place < len(row) else ""
        task = named or default
        if task is None:
            raise InputError(f"{file}, line {number}: no task; say --task NAME")
        if reading.task in (None, task):
            found.setdefault(task, [rows[0]]).append((number, row))
    return found


def _wide(rows: Rows, names: list[str], file: str, reading: Reading) -> dict[str, Rows]:
    """Part a table with a row a post and a column a task."""
    wanted = [reading.task] if reading.task else [n for n in names if n in reading.tasks]
    if not reading.tasks and not wanted:
        wanted = [name for name in names if name and name != "post_id" and name not in _ABOUT_POST]
    if not wanted or wanted[0] not in names:
        raise InputError(f"{file}: no column label, and none named {' or '.join(wanted or reading.tasks) or 'a task'}")
    kept = [name for name in ("post_id", "who", "labelled_at") if name in names]

    def column(task: str) -> Iterator[tuple[int, list[object]]]:
        places = [names.index(name) for name in (*kept, task)]
        yield rows[0][0], [*kept, "label"]
        for number, row in rows[1:]:
            yield number, [row[place] if place < len(row) else "" for place in places]

    return {task: list(column(task)) for task in wanted}


def _asked(reading: Reading, task: str, rows: Rows, when: dt.datetime) -> Asked:
    """Say what may be answered: the labels of the settings, else those in use and those that the file brings."""
    chosen = task_of(task, reading.tasks)
    known = chosen.labels or (*_brought(rows, chosen, task), *reading.labels.get(task, ()))
    return Asked(task, known, chosen.several, reading.who, when)


def _brought(rows: Rows, task: Task, name: str) -> list[str]:
    place = _folded(rows[0][1]).index("label")
    cells = (labels.shown(row[place]) for _, row in rows[1:] if place < len(row))
    parts = (part.strip() for cell in cells for part in (cell.split(labels.JOINT) if task.several else [cell]))
    found = sorted({part for part in parts if part} - {labels.UNKNOWN, labels.NONE if task.several else ""})
    strange = next((label for label in found if len(label) > _LONGEST_LABEL), None)
    if strange is not None or len(found) > _MOST_LABELS:
        raise InputError(f"{name}: {len(found):,} different answers, some long; name the labels in [[models]]")
    return found


def _folded(header: Sequence[object]) -> list[str]:
    return [str(cell or "").strip().casefold() for cell in header]
