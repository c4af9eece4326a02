"""People's answers: read from sheets and from the labelling page, kept with who and when, settled into gold labels.

A label is one text. Where a post may have several, they are joined by ``|`` in order of the task's labels; ``none``
says that none fits, and ``?`` that the person cannot tell: such a post is not asked again, and is no gold.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from pipeline.errors import InputError
from pipeline.tables import LABELS

GOLD, WEAK = "gold", "weak"
UNKNOWN, NONE, JOINT = "?", "none", "|"
KIND, FORMAT = "hibi labels", 1
_REQUIRED = ("post_id", "label")
_MOST_WHO = 100


class Answer(NamedTuple):
    """What somebody said of a post; fields as columns of LABELS."""

    post_id: str
    task: str
    label: str
    who: str
    labelled_at: dt.datetime
    origin: str
    file: str
    line: int


class Unusable(NamedTuple):
    """An answer that was not taken, and why."""

    file: str
    line: int
    post_id: str
    reason: str


class Disagreement(NamedTuple):
    """A post that people answered differently."""

    post_id: str
    answers: tuple[tuple[str, str], ...]
    """(who, label), by who."""
    settled: str | None
    """What most say; None where as many say something else."""


@dataclass(frozen=True)
class Asked:
    """What is asked of posts, and where the answers come from."""

    task: str
    labels: Sequence[str]
    several: bool = False
    who: str = ""
    """Taken where the file names nobody."""
    when: dt.datetime = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    """Taken where the file tells no time: when it was saved."""


@dataclass
class Taken:
    """What a file held."""

    answers: list[Answer] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)
    unanswered: int = 0


def from_rows(rows: Iterable[tuple[int, Sequence[object]]], asked: Asked, file: str) -> Taken:
    """Read numbered rows of a sheet under a header with post_id and label, and perhaps task, who, labelled_at.

    An empty label is a post not yet answered. Raises InputError where the columns are missing.
    """
    taken, places = Taken(), dict[str, int]()
    for line, row in rows:
        cells = [shown(cell) for cell in row]
        if not any(cells):
            continue
        if not places:
            places = _header(cells, file)
            continue
        entry = {name: cells[place] if place < len(cells) else "" for name, place in places.items()}
        _take(taken, entry, asked, file, line)
    if not places:
        raise InputError(f"{file}: empty; save the queue with its header")
    return taken


def from_page(data: bytes, asked: Asked, file: str) -> Taken:
    """Read the JSON file that the labelling page saves. Raises InputError where it is none or of another format."""
    try:
        content = json.loads(data)
        if content["kind"] != KIND or content["format"] != FORMAT:
            raise InputError(f"{file}: not saved by this hibi's labelling page (kind or format)")
        shared = {"task": content["task"], "who": content["who"]}
        entries: list[dict[str, Any]] = [shared | answer for answer in content["answers"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{file}: not saved by the labelling page ({error})") from error
    taken = Taken()
    for line, entry in enumerate(entries, 1):
        _take(taken, {name: shown(value) for name, value in entry.items()}, asked, file, line)
    return taken


def known(taken: Taken, posts: Collection[str]) -> Taken:
    """Set aside answers to posts that the store does not have."""
    found = Taken(unusable=list(taken.unusable), unanswered=taken.unanswered)
    for answer in taken.answers:
        if answer.post_id in posts:
            found.answers.append(answer)
        else:
            found.unusable.append(Unusable(answer.file, answer.line, answer.post_id, "no such post in the store"))
    return found


def merge(table: pa.Table, answers: Iterable[Answer]) -> pa.Table:
    """Add answers to a LABELS table; of one person's answers to a post the latest stays. Merging twice changes nothing.

    Two answers of one person at the same moment: the greater label stays, whichever comes first.
    """
    latest: dict[tuple[str, str, str, str], Answer] = {}
    for answer in (*rows_of(table), *answers):
        key = (answer.post_id, answer.task, answer.origin, answer.who)
        kept = latest.get(key)
        if kept is None or (answer.labelled_at, answer.label) > (kept.labelled_at, kept.label):
            latest[key] = answer
    return as_table(latest[key] for key in sorted(latest))


def rows_of(table: pa.Table) -> list[Answer]:
    """Return a LABELS table as answers."""
    return [Answer(**row) for row in table.to_pylist()]


def as_table(answers: Iterable[Answer]) -> pa.Table:
    """Return answers as a LABELS table, in order."""
    return pa.Table.from_pylist([answer._asdict() for answer in answers], schema=LABELS)


def gold(table: pa.Table, task: str) -> dict[str, str]:
    """Settle people's answers: what most say of each post; none where as many say something else, or cannot tell."""
    settled = {post: _settle(said) for post, said in _by_post(table, task).items()}
    return {post: label for post, label in settled.items() if label is not None and label != UNKNOWN}


def disagreements(table: pa.Table, task: str) -> list[Disagreement]:
    """List the posts that people answered differently, by post_id."""
    return [
        Disagreement(post, tuple(sorted(said.items())), _settle(said))
        for post, said in sorted(_by_post(table, task).items())
        if len(set(said.values())) > 1
    ]


def parts(label: str) -> list[str]:
    """Return the labels that a text names."""
    return [] if label == NONE else label.split(JOINT)


def _take(taken: Taken, entry: dict[str, str], asked: Asked, file: str, line: int) -> None:
    post, label, task = (entry.get(name, "") for name in ("post_id", "label", "task"))
    if not label:
        taken.unanswered += 1
        return
    named = _label(label, asked)
    when = _moment(entry.get("labelled_at", ""), asked.when)
    wrong = (
        "no post_id"
        if not post
        else f"the task is {task}, not {asked.task}"
        if task and task != asked.task
        else f"label {label[:40]!r} is none of {', '.join(asked.labels)}"
        if named is None
        else f"labelled_at: no usable time: {entry['labelled_at'][:40]!r}"
        if when is None
        else None
    )
    if wrong or named is None or when is None:
        taken.unusable.append(Unusable(file, line, post, wrong or ""))
        return
    who = (entry.get("who", "") or asked.who)[:_MOST_WHO]
    taken.answers.append(Answer(post, asked.task, named, who, when, GOLD, file, line))


def _label(text: str, asked: Asked) -> str | None:
    """Read an answer as the task writes it; case, width and spaces do not count. None where it says no label."""
    place = {_folded(label): label for label in (*asked.labels, UNKNOWN)}
    if not asked.several:
        return place.get(_folded(text))
    if _folded(text) in (NONE, UNKNOWN):
        return _folded(text)
    named = [place.get(_folded(part)) for part in text.split(JOINT)]
    if None in named or UNKNOWN in named:
        return None
    return JOINT.join(label for label in asked.labels if label in named)


def _folded(text: str) -> str:
    import unicodedata

    return unicodedata.normalize("NFKC", text).strip().removeprefix("'").casefold()  # a guarded cell: '-1


def _moment(text: str, default: dt.datetime) -> dt.datetime | None:
    """Read an ISO 8601 time; without an offset it is in the zone of ``default``."""
    if not text:
        return default.astimezone(dt.UTC)
    try:
        found = dt.datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=default.tzinfo)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _header(cells: list[str], file: str) -> dict[str, int]:
    places = {cell.casefold(): place for place, cell in enumerate(cells) if cell}
    absent = [name for name in _REQUIRED if name not in places]
    if absent:
        raise InputError(f"{file}: no column {absent[0]} in the first row; keep the header of the queue")
    return places


def shown(cell: object) -> str:
    """Return a cell as it was typed: a sheet gives back 1 as 1.0."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return cell.isoformat()
    text = "" if cell is None else str(cell).strip()
    return text.encode("utf-8", "replace").decode()  # half a character, which JSON can spell and no table can hold


def _by_post(table: pa.Table, task: str) -> dict[str, dict[str, str]]:
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for answer in rows_of(table):
        if answer.task == task and answer.origin == GOLD:
            found[answer.post_id][answer.who] = answer.label
    return dict(found)


def _settle(said: dict[str, str]) -> str | None:
    ranked = Counter(said.values()).most_common(2)
    return ranked[0][0] if len(ranked) == 1 or ranked[0][1] > ranked[1][1] else None
