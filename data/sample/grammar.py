"""Phrase files and how a phrase becomes text.

A line is ``MOOD FLAGS | text``. In the text ``[a|b]`` chooses, ``{list}`` takes from words.txt, ``／`` parts sentences.
Moods: g glad, m moved, f funny, t tired, a angry, w worried, n neutral. Flags: d6-8 days, h17-22 hours (0 to 23, may
pass midnight), wd or we working days or free ones, x3 weight, r:parent,elder who says so, l:food the topic where it is
not the file's, t:雪 its hashtag. ``+g | …`` is a second sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeVar

FOLDER = Path(__file__).parent / "phrases"
SIGNS = {"g": "positive", "m": "positive", "f": "positive", "t": "negative", "a": "negative", "w": "negative"}
"""Mood to label; all else is neutral."""
FREE_DAYS = frozenset({1, 2, 3, 6, 7, 8, 13, 14})
"""New Year, weekends and the Coming of Age holiday of 1 to 14 January 2024."""

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_LIST = re.compile(r"\{(\w+)\}")
_POLITE = re.compile(r"(です|ます|ました|でした|ません|ください|ましょう)")
T = TypeVar("T")


@dataclass(frozen=True)
class Line:
    """A phrase with the days (of January), hours and people it belongs to."""

    mood: str
    text: str
    days: tuple[int, int] = (1, 14)
    hours: tuple[int, int] = (0, 23)
    kind: str = ""
    weight: float = 1.0
    roles: tuple[str, ...] = ()
    label: str = ""
    tag: str = ""

    @property
    def polite(self) -> bool:
        return _POLITE.search(self.text) is not None

    def fits(self, day: int, hour: int, role: str) -> bool:
        first, last = self.hours
        in_time = first <= hour <= last if first <= last else hour >= first or hour <= last
        in_kind = not self.kind or (self.kind == "we") == (day in FREE_DAYS)
        return self.days[0] <= day <= self.days[1] and in_time and in_kind and (not self.roles or role in self.roles)


@dataclass(frozen=True)
class Topic:
    """One phrase file: its label, its posts, its second sentences by mood, its hashtags."""

    name: str
    label: str
    lines: tuple[Line, ...]
    tails: dict[str, tuple[Line, ...]]
    tags: tuple[str, ...]


def pick(rng: Random, items: Sequence[T], weights: Sequence[float]) -> T:
    """Choose one by weight, with ``random()`` alone, so that every Python gives the same."""
    point = rng.random() * sum(weights)
    for item, weight in zip(items, weights, strict=True):
        point -= weight
        if point < 0:
            return item
    return items[-1]


def one(rng: Random, items: Sequence[T]) -> T:
    """Choose one, each alike."""
    return items[int(rng.random() * len(items))]


def rows(name: str) -> list[str]:
    """Return a phrase file's lines without comments."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.split("\n") if line and not line.startswith("# ")]


def _span(flag: str) -> tuple[int, int]:
    first, _, last = flag[1:].partition("-")
    return int(first), int(last or first)


def parse(row: str) -> Line:
    """Read ``MOOD FLAGS | text``."""
    head, _, text = row.partition(" | ")
    mood, *flags = head.split(" ")
    days, hours, kind, weight, label, tag = (1, 14), (0, 23), "", 1.0, "", ""
    roles: tuple[str, ...] = ()
    for flag in flags:
        if flag in ("wd", "we"):
            kind = flag
        elif flag.startswith("r:"):
            roles = tuple(flag[2:].split(","))
        elif flag.startswith("l:"):
            label = flag[2:]
        elif flag.startswith("t:"):
            tag = flag[2:]
        elif flag[0] == "d":
            days = _span(flag)
        elif flag[0] == "h":
            hours = _span(flag)
        elif flag[0] == "x":
            weight = float(flag[1:])
        else:
            raise ValueError(f"{row}: {flag} is no flag")
    return Line(mood, text.replace("\\n", "\n"), days, hours, kind, weight, roles, label, tag)


def topic(name: str) -> Topic:
    """Read a topic's file."""
    first = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").split("\n", 1)[0]
    found = rows(name)
    tails: dict[str, tuple[Line, ...]] = {}
    for row in found:
        if row.startswith("+"):
            line = parse(row[1:])
            tails[line.mood] = (*tails.get(line.mood, ()), line)
    tags = next((row.split(" | ")[1].split(" ") for row in found if row.startswith("#tags")), [])
    lines = tuple(parse(row) for row in found if row[0] not in "+#")
    return Topic(name, first.removeprefix("# label: "), lines, tails, tuple(tags))


def lists() -> dict[str, tuple[str, ...]]:
    """Read words.txt."""
    split = (row.partition(" = ") for row in rows("words"))
    return {name: tuple(values.split("|")) for name, _, values in split}


def expand(text: str, rng: Random, words: Callable[[str], Sequence[str]]) -> str:
    """Resolve choices, innermost first, then lists; within a phrase a list gives each word once."""
    while match := _CHOICE.search(text):
        text = text[: match.start()] + one(rng, match[1].split("|")) + text[match.end() :]
    used: set[str] = set()

    def word(match: re.Match[str]) -> str:
        left = [w for w in words(match[1]) if w not in used] or list(words(match[1]))
        chosen = one(rng, left)
        used.add(chosen)
        return chosen

    return _LIST.sub(word, text)
