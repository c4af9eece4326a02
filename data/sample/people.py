"""The people of Shiomi: who writes how often, when, and in what manner."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from grammar import one, pick, rows

MASTODON = ("haiku_no_kai", "dokusho_no_mushi", "tsuri_no_gen", "futari_mama")
"""They write on another network; the first two on the server that gave the file."""
BLUESKY = ("toudai_photo", "coffee_and_code", "emma_in_shiomi", "asobiba_umi")
OFFICIAL = ("hibikinone_info", "kouhou_shiomi", "shiomi_line", "shiomi_tenki", "shiomi_denryoku")
WIDE = str.maketrans({chr(c): chr(c + 0xFEE0) for c in (*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B))})


@dataclass(frozen=True)
class Person:
    """An account: its part in town and its manner of writing (shares from 0 to 1)."""

    name: str
    role: str
    me: str
    activity: float
    early: bool
    late: bool
    polite: bool
    gap: str
    end: str
    emoji: float
    faces: float
    tags: float
    laugh: str
    spelling: str
    wide: bool

    def at(self, hour: int) -> float:
        """Return how likely this person writes at an hour."""
        night = 2.5 if self.late else 0.4 if self.early else 1.0
        morning = 2.5 if self.early else 0.5 if self.late else 1.0
        return self.activity * (night if hour >= 22 or hour < 4 else morning if 4 <= hour < 8 else 1.0)


def people(rng: Random) -> list[Person]:
    """Read the accounts; the n-th writes as 1 / (n + 4)^0.7."""
    found = [row.split(" ") for row in rows("people")]
    ranks = sorted(range(len(found)), key=lambda _: rng.random())
    return [_person(rng, name, role, me, rank) for (name, role, me), rank in zip(found, ranks, strict=True)]


def _person(rng: Random, name: str, role: str, me: str, rank: int) -> Person:
    early = role in ("elder", "parent") or rng.random() < 0.2
    polite = rng.random() < {"elder": 0.8, "parent": 0.4, "worker": 0.4}.get(role, 0.1)
    laughs = ("笑", "（笑）") if polite else ("笑", "ｗ", "草", "w") if role != "elder" else ("笑",)
    plain_gaps = ("。", "\n", " ", "。")
    return Person(
        name=name,
        role=role,
        me=me,
        activity=1 / (rank + 4) ** 0.7,
        early=early,
        late=not early and rng.random() < 0.45,
        polite=polite,
        gap="。" if polite and rng.random() < 0.7 else one(rng, plain_gaps),
        end=pick(rng, ("。", "", "！"), (5, 1, 1) if polite else (3, 5, 2)),
        emoji=one(rng, (0.0, 0.08, 0.2, 0.35, 0.6)),
        faces=one(rng, (0.0, 0.0, 0.05, 0.2)),
        tags=one(rng, (0.02, 0.08, 0.2, 0.4)),
        laugh=one(rng, laughs),
        spelling=pick(rng, ("", "kana", "kanji", "half"), (6, 2, 2, 1)),
        wide=rng.random() < 0.03,
    )
