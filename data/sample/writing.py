"""From a person, a time and a topic to a post's text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from random import Random

from days import topics
from grammar import Line, Topic, expand, lists, one, pick, rows, topic
from people import WIDE, Person

NAMES = (
    *("food", "bakery", "newyear", "weather", "snow", "transit", "work", "school", "idol", "song", "live", "game"),
    *("life", "pets", "media", "town", "power", "short", "long", "english"),
)
EVENTS = frozenset({"newyear", "snow", "song", "live", "power", "bakery"})
_CLOSED = "。！？!?…』」）)\n"
_TRIES = 12


class Pen:
    """Writes posts and remembers which phrases were used, so that two seldom read alike."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.topics = {name: topic(name) for name in NAMES}
        self.lists = lists()
        self.ends = _ends()
        self.spellings = _spellings()
        self.uses: Counter[tuple[str, str]] = Counter()
        self.written: Counter[str] = Counter()

    def expand(self, text: str, me: str = "私") -> str:
        return expand(text, self.rng, lambda name: (me,) if name == "me" else self.lists[name])

    def post(self, person: Person, day: int, hour: int) -> tuple[str, Line, Topic]:
        """Write one post; return its text, phrase and topic's file."""
        for _ in range(_TRIES):
            chosen = self._topic(person, day, hour)
            line = self._line(chosen, person, day, hour)
            if line is None:
                continue
            core = self.expand(line.text, person.me)
            if self.written[core] < (6 if chosen.name == "short" else 1):
                break
        assert line is not None
        self.written[core] += 1
        self.uses[(person.name, line.text)] += 8
        self.uses[("", line.text)] += 1
        return self._finish(person, chosen, line, core), line, chosen

    def _topic(self, person: Person, day: int, hour: int) -> Topic:
        weights = topics(day, hour, person.role)
        return self.topics[pick(self.rng, list(weights), list(weights.values()))]

    def _line(self, chosen: Topic, person: Person, day: int, hour: int) -> Line | None:
        fitting = [line for line in chosen.lines if line.fits(day, hour, person.role)]
        if not fitting:
            return None
        return pick(self.rng, fitting, [self._weight(line, person) for line in fitting])

    def _weight(self, line: Line, person: Person) -> float:
        manner = (4.0 if person.polite else 0.2) if line.polite else (0.7 if person.polite else 1.0)
        used = self.uses[("", line.text)] / line.weight + self.uses[(person.name, line.text)]
        return manner * line.weight / float((1 + used) ** 1.3)

    def _finish(self, person: Person, chosen: Topic, line: Line, core: str) -> str:
        rng, short = self.rng, chosen.name == "short"
        if chosen.name == "english":
            return f"{core} {self.emoji(person, line.mood, '')}".rstrip()
        if chosen.name != "long" and not short and rng.random() < 0.3:
            tails = [t for t in chosen.tails.get(line.mood, ()) if not t.polite or person.polite]
            if tails:
                core += "／" + self.expand(one(rng, tails).text, person.me)
        text = _joined(core, person, line.mood) if chosen.name != "long" else core
        text = self._spelt(text, person)
        text = self._laughed(text, person, line.mood)
        text += self.emoji(person, line.mood, "" if short else line.label or chosen.label)
        if rng.random() < 0.035 and chosen.name not in ("short", "long"):
            text += f" https://example.jp/{one(rng, ('photo', 'p', 'note', 'v'))}/{1000 + int(rng.random() * 9000)}"
        share = person.tags * (1.6 if chosen.name in EVENTS else 0.7)
        if chosen.tags and not short and rng.random() < share:
            text += one(rng, (" ", " ", "\n")) + self._tags(chosen, line)
        return text

    def _tags(self, chosen: Topic, line: Line) -> str:
        tags = dict.fromkeys([line.tag or one(self.rng, chosen.tags)])
        if self.rng.random() < 0.2:
            tags[one(self.rng, chosen.tags)] = None
        return " ".join(("＃" if self.rng.random() < 0.03 else "#") + tag for tag in tags)

    def _spelt(self, text: str, person: Person) -> str:
        for old, new in self.spellings.get(person.spelling, ()):
            text = text.replace(old, new)
        if not person.polite and self.rng.random() < 0.07:
            for old, new in self.spellings["stretch"]:
                if old in text:
                    text = text.replace(old, new, 1)
                    break
        if self.rng.random() < 0.08:
            text = text.replace("！", "！" * (2 + int(self.rng.random() * 4))).replace("…", "……")
        return text.translate(WIDE) if person.wide else text

    def _laughed(self, text: str, person: Person, mood: str) -> str:
        if self.rng.random() > {"f": 0.6, "g": 0.05, "t": 0.1}.get(mood, 0):
            return text
        laugh = person.laugh * (1 + int(self.rng.random() * 5)) if person.laugh in "ｗw" else person.laugh
        body = text[:-1] if text.endswith("。") else text
        return body + (" " + laugh if laugh == "草" else laugh)

    def emoji(self, person: Person, mood: str, label: str) -> str:
        rng = self.rng
        if rng.random() < person.faces:
            return " " + one(rng, self.ends[("face", mood)])
        if rng.random() >= person.emoji:
            return ""
        kinds = [self.ends[("emoji", mood)], self.ends.get(("topic", label), self.ends[("emoji", mood)])]
        signs = one(rng, one(rng, kinds))
        more = rng.random()
        return signs * 3 if more < 0.1 else signs + one(rng, one(rng, kinds)) if more < 0.35 else signs


def _joined(core: str, person: Person, mood: str) -> str:
    """Join the parts in the person's manner and close the last."""
    parts = core.split("／")
    text = parts[0]
    for part in parts[1:]:
        gap = person.gap
        if gap == "。" and text[-1] in _CLOSED:
            gap = ""
        text += gap + part
    if text[-1] in _CLOSED or re.search(r"[^ぁ-んァ-ヶー一-龥々]$", text):
        return text
    return text + ("！" if person.end == "！" and mood in "gm" else "。" if person.end == "。" else "")


def _ends() -> dict[tuple[str, str], Sequence[str]]:
    split = (row.partition(" | ") for row in rows("ends"))
    found: dict[tuple[str, str], Sequence[str]] = {}
    for head, _, choices in split:
        kind, _, of = head.partition(" ")
        found[(kind, of)] = choices.split("|")
    return found


def _spellings() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for row in rows("spellings"):
        manner, old, new = row.split(" ")
        found.setdefault(manner, []).append((old, new))
    return found
