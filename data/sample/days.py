"""What happens on which day and hour in Shiomi: how much is written, and about what.

1 New Year · 2 first sales · 3 the way home · 4 back to work, a game's event · 5 tickets drawn · 6 a bakery opens ·
7 seven herbs · 8 Coming of Age, a drama begins · 9 school begins, snow forecast · 10 a song is released ·
11 snow, trains stand · 12 ice, a power cut in the evening · 13 the concert, exams · 14 the day after, a relay race
"""

from __future__ import annotations

from grammar import FREE_DAYS

VOLUME = dict(zip(range(1, 15), (345, 298, 290, 285, 290, 325, 305, 325, 285, 352, 388, 352, 396, 330), strict=True))
"""Posts a day of the daily files, before late and repeated lines."""

_WORKING = (3, 1.5, 0.8, 0.4, 0.5, 1.2, 3, 6, 6, 4, 3.5, 3.5, 6.5, 4.5, 3.5, 3.5, 4, 5, 6, 6.5, 7.5, 8.5, 8.5, 6)
_FREE = (4, 2.5, 1.2, 0.6, 0.5, 0.8, 1.5, 3, 4.5, 5.5, 6, 6, 6, 5.5, 5.5, 5.5, 5.5, 5.5, 6, 6.5, 7.5, 8, 7.5, 5.5)
_RUSH = {
    (1, 0): 14,
    (1, 7): 4,
    (6, 8): 6,
    (8, 21): 6,
    (8, 22): 6,
    (10, 0): 18,
    (11, 6): 6,
    (11, 7): 9,
    (11, 8): 7,
    (12, 19): 12,
    (12, 20): 12,
    (12, 21): 10,
    (13, 20): 14,
    (13, 21): 13,
    (13, 22): 6,
}

_USUAL = {
    "food": 10,
    "weather": 6,
    "transit": 4,
    "work": 15,
    "school": 4,
    "idol": 5,
    "game": 5,
    "life": 12,
    "pets": 5,
    "media": 5,
    "town": 4,
    "short": 4,
    "long": 4.5,
}
_EVENTS: dict[str, dict[int, float]] = {
    "newyear": {1: 110, 2: 55, 3: 38, 4: 7, 5: 3, 6: 1, 7: 10, 14: 9},
    "bakery": {1: 0.6, 2: 0.6, 3: 1.5, 4: 2, 5: 4, 6: 30, 7: 9, 8: 6, 9: 3, 10: 3, 11: 1, 12: 3, 13: 4, 14: 4},
    "snow": {11: 80, 12: 15, 13: 2, 14: 1},
    "song": {10: 58, 11: 10, 12: 6, 13: 4, 14: 4},
    "live": {13: 50, 14: 24},
    "power": {13: 8, 14: 2},
    "game": {4: 9, 11: 10},
    "transit": {11: 30},
    "weather": {8: 9, 9: 14, 10: 14, 11: 2, 12: 4},
    "town": {8: 26, 14: 14},
    "school": {6: 8, 7: 8, 8: 8, 9: 13, 12: 9, 13: 9, 14: 9},
    "idol": {5: 12},
}
_ROLES: dict[str, dict[str, float]] = {
    "student": {"school": 4, "work": 0, "game": 1.5, "idol": 1.5},
    "worker": {"work": 1.9, "school": 0},
    "parent": {"life": 1.7, "work": 0.6, "school": 0, "game": 0.3, "live": 0.4, "idol": 0.4},
    "fan": {"idol": 4, "song": 2, "live": 2.2, "school": 0, "work": 0.8},
    "gamer": {"game": 6, "media": 1.6, "school": 0, "work": 0.6},
    "elder": {
        "town": 3,
        "newyear": 1.3,
        "weather": 2,
        "pets": 1.4,
        "idol": 0,
        "song": 0.2,
        "live": 0,
        "game": 0,
        "work": 0,
        "school": 0,
        "transit": 0.6,
    },
}


def hours(day: int) -> list[float]:
    """Return the weight of each hour of a day."""
    usual = _FREE if day in FREE_DAYS else _WORKING
    return [weight + _RUSH.get((day, hour), 0) for hour, weight in enumerate(usual)]


def topics(day: int, hour: int, role: str) -> dict[str, float]:
    """Return the weight of each topic for somebody at a time."""
    if role == "english":
        return {"english": 1.0}
    weights = {**_USUAL, **{name: days[day] for name, days in _EVENTS.items() if day in days}}
    weights["work"] *= 0.12 if day in FREE_DAYS else 1
    weights["food"] *= 2.2 if hour in (7, 11, 12, 13, 17, 18, 19) else 0.8
    if day not in (10, 11, 12, 13) and day not in FREE_DAYS and hour in (7, 8, 17, 18):
        weights["transit"] *= 3
    if (day, hour) in ((8, 21), (8, 22), (8, 23)):
        weights["media"] = 60
    if day == 11 and hour >= 15:
        weights["game"] = 22
    if day == 12 and 19 <= hour <= 22:
        weights["power"] = 210
    if day == 10 and hour < 2:
        weights["song"] = 260
    if day == 13 and hour >= 18:
        weights["live"] = 160 if hour >= 20 else 40
    return {name: weight * _ROLES[role].get(name, 1) for name, weight in weights.items()}
