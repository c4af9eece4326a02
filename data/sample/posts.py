"""All posts of the two weeks, in order of time: people's own, replies, reposts, copies, official ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from random import Random

from days import VOLUME, hours
from grammar import SIGNS, Line, one, parse, pick, rows
from people import BLUESKY, MASTODON, Person, people
from writing import EVENTS, Pen

JST = timezone(timedelta(hours=9))
REPOSTS, REPLIES = 0.15, 0.11
_SIGN = {"+": "g", "-": "w", "0": "n"}
_SKY = "晴 晴 晴のち曇 曇 晴 快晴 曇 晴 曇 曇のち雪 雪 晴 晴 曇のち晴".split()  # noqa: SIM905
_HIGH = (11, 10, 9, 8, 8, 11, 9, 9, 8, 6, 3, 6, 10, 9)


@dataclass(frozen=True)
class Post:
    """A post; ``topic`` and ``mood`` as meant by its writer, ``role`` is own, reply, repost, copy or official."""

    author: str
    when: datetime
    text: str
    mood: str
    topic: str
    role: str = "own"
    heat: float = 1.0
    id: str = ""
    reply_to: str | None = None
    repost_of: str | None = None

    @property
    def label(self) -> str:
        return SIGNS.get(self.mood, "neutral")


def posts(seed: int) -> list[Post]:
    """Write two weeks; ids are numbered in order of time."""
    rng = Random(seed)
    town, pen = people(rng), Pen(rng)
    found = [*_official(), *_copies(rng, pen, town), *_own(rng, pen, town)]
    found.sort(key=lambda post: (post.when, post.author))
    found = [replace(post, id=f"{int(post.when.timestamp())}{n:04d}") for n, post in enumerate(found)]
    later = [*_replies(rng, pen, town, found), *_reposts(rng, town, found)]
    later = [replace(post, id=f"{int(post.when.timestamp())}{n:04d}") for n, post in enumerate(later, len(found))]
    return sorted(found + later, key=lambda post: (post.when, post.id))


def _moment(rng: Random, day: int, hour: int) -> datetime:
    return datetime(2024, 1, day, hour, int(rng.random() * 60), int(rng.random() * 60), tzinfo=JST)


def _own(rng: Random, pen: Pen, town: list[Person]) -> Iterator[Post]:
    for day, volume in VOLUME.items():
        weights = hours(day)
        times = sorted(pick(rng, range(24), weights) for _ in range(int(volume * (1 - REPOSTS - REPLIES))))
        for hour in times:
            person = pick(rng, town, [p.at(hour) for p in town])
            text, line, topic = pen.post(person, day, hour)
            heat = (3.0 if topic.name in EVENTS else 1.0) * {"m": 2.0, "f": 2.0, "g": 1.3}.get(line.mood, 0.6)
            heat = heat * 0.05 if topic.name == "short" else heat
            yield Post(person.name, _moment(rng, day, hour), text, line.mood, line.label or topic.label, heat=heat)


def _official() -> Iterator[Post]:
    for row in rows("official"):
        head, _, text = row.partition(" | ")
        day, clock, author, topic, sign = head.split(" ")
        hour, minute = clock.split(":")
        when = datetime(2024, 1, int(day), int(hour), int(minute), 5, tzinfo=JST)
        yield Post(author, when, text, _SIGN[sign], topic, role="official", heat=14.0)


def _copies(rng: Random, pen: Pen, town: list[Person]) -> Iterator[Post]:
    for row in rows("copies"):
        kind, _, rest = row.partition(" ")
        flags, _, text = rest.partition(" | ")
        *place, count = flags.split(" ")
        line = parse(f"n {' '.join(place)} | {text}")
        if kind == "bot":
            yield from _forecasts(text)
            continue
        others = sorted(town, key=lambda _: rng.random())
        for n in range(int(count)):
            hour = line.hours[0] + int(rng.random() * (line.hours[1] - line.hours[0] + 1))
            author = others[n].name if kind == "chain" else f"otoku_joho_{line.days[0]:02d}{n:02d}"
            yield Post(author, _moment(rng, line.days[0], hour), _filled(rng, text), "n", "copy", role="copy", heat=0.2)


def _filled(rng: Random, text: str) -> str:
    def number(least: int, most: int, step: int = 1) -> int:
        return least + step * int(rng.random() * ((most - least) // step + 1))

    values = {"{k}": number(3, 90), "{yen}": number(3000, 12000, 500), "{n}": number(2, 15)}
    for name, value in {**values, "{id}": number(10000, 99999)}.items():
        text = text.replace(name, str(value))
    return text


def _forecasts(text: str) -> Iterator[Post]:
    for day, (word, high) in enumerate(zip(_SKY, _HIGH, strict=True), 1):
        rain = 80 if "雪" in word else day % 4 * 10
        values = {"{w}": word, "{hi}": high, "{lo}": high - 8, "{p}": rain, "{s}": 1 + day // 5}
        filled = text
        for name, value in values.items():
            filled = filled.replace(name, str(value))
        when = datetime(2024, 1, day, 6, 0, 3, tzinfo=JST)
        yield Post("shiomi_tenki", when, filled, "n", "weather", role="official", heat=2.0)


def _open(found: list[Post]) -> list[Post]:
    """Posts of the daily files' own network."""
    return [post for post in found if post.author not in (*MASTODON, *BLUESKY)]


def _replies(rng: Random, pen: Pen, town: list[Person], found: list[Post]) -> Iterator[Post]:
    lines = [parse(row) for row in rows("replies")]
    near = [p for p in town if p.name not in (*MASTODON, *BLUESKY) and p.role != "english"]
    for day, volume in VOLUME.items():
        today = [p for p in _open(found) if p.when.day == day and p.role != "copy"]
        asked = [p for p in today if len(p.text) > 12 and p.author != "shiomi_tenki"]
        for _ in range(int(volume * REPLIES)):
            post = pick(rng, asked, [1.0 if p.role == "own" else 2.0 for p in asked])
            when = post.when + timedelta(seconds=40 + int(9000 * rng.random() ** 3))
            person = pick(rng, near, [0.0 if p.name == post.author else p.at(when.hour) for p in near])
            fitting = [line for line in lines if _answers(line, post)]
            line = pick(rng, fitting, [3.0 if line.label else 1.0 for line in fitting])
            text = f"@{post.author} " + pen.expand(line.text, person.me)
            mark = one(rng, ("", "", "。", "！", "", " " + pen.emoji(person, line.mood, "")))
            text = (text if text[-1] in "！？…" and mark in "。！" else text + mark).rstrip()
            if when.day <= 14 and when.month == 1:
                yield Post(person.name, when, text, line.mood, post.topic, role="reply", reply_to=post.id, heat=0.1)


def _answers(line: Line, post: Post) -> bool:
    if line.label not in ("", post.topic):
        return False
    if post.label == "positive":
        mood = "f" if post.mood == "f" else "gm" if post.mood == "m" else "g"
        return "+" in line.roles and line.mood in mood
    if post.label == "negative":
        return "-" in line.roles and (line.mood == post.mood or (line.mood == "g" and post.mood == "t"))
    return "0" in line.roles


def _reposts(rng: Random, town: list[Person], found: list[Post]) -> Iterator[Post]:
    near = [p for p in town if p.name not in (*MASTODON, *BLUESKY)]
    for day, volume in VOLUME.items():
        liked = [p for p in _open(found) if p.when.day in (day, day - 1)]
        heats = [p.heat * (1.0 if p.when.day == day else 0.15) for p in liked]
        for _ in range(int(volume * REPOSTS)):
            post = pick(rng, liked, heats)
            when = post.when + timedelta(seconds=30 + int(40000 * rng.random() ** 3))
            person = pick(rng, near, [0.0 if p.name == post.author else p.at(when.hour) for p in near])
            way = rng.random()
            text = post.text if way < 0.75 else _cut(f"RT @{post.author}: {post.text}")
            of = post.id if way < 0.92 else None
            if when.month == 1 and when.day <= 14:
                yield Post(person.name, when, text, post.mood, post.topic, role="repost", repost_of=of)


def _cut(text: str) -> str:
    return text if len(text) <= 140 else text[:139] + "…"
