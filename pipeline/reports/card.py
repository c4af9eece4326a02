"""The card of a model: what it was trained on, how good it is, and why it was or was not put into service.

``card.html`` for a person, ``card.json`` for a program. Everything comes in as plain data, so that the card of a model
can be drawn long after the model is gone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal
from zoneinfo import ZoneInfo

import orjson

from pipeline.reports import document
from pipeline.reports.characters import encodable, writable
from pipeline.reports.model import Chart
from pipeline.reports.strings import texts
from pipeline.settings import Language

FORMAT = 1
"""Raised when a reader of the file would notice a change."""

Part = Literal["recent", "frozen", "dev"]
Role = Literal["challenger", "champion", "linear", "difference", "served"]
_SHADES = (0.05, 0.2, 0.5)


@dataclass(frozen=True)
class Bounds:
    """A measured value and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Reason:
    """One thing asked of the model, and the answer; ``words`` are for programs, the page looks its own up by name."""

    name: str
    passed: bool
    words: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Score:
    """How good one model is on one set of posts; a difference has no calibration error."""

    role: Role
    part: Part
    posts: int
    accuracy: Bounds
    macro_f1: Bounds
    ece: float | None = None


@dataclass(frozen=True)
class LabelRow:
    """How one label fares, on the part that the confusion is of."""

    label: str
    gold: int
    precision: float
    recall: float
    f1: Bounds
    champion_f1: float | None = None
    learned: int | None = None
    """Posts of the label that the measured training learned from."""


@dataclass(frozen=True)
class Flip:
    """A post that the new model answers otherwise."""

    post_id: str
    text: str
    before: str
    after: str
    probability: float


@dataclass(frozen=True)
class Fit:
    """One training."""

    posts: int
    days: tuple[str, str]
    """First and last day of the posts."""
    epochs: int
    labels: int
    """Different labels among the posts."""


@dataclass(frozen=True)
class Fits:
    """Which training the scores are of, and which one answers."""

    scored: Fit
    served: Fit | None
    """None where the one that was measured is kept as it is."""
    new: Sequence[str]
    """Labels that only the second one knows."""
    reasons: Sequence[Reason]
    """Whether the second one is sound."""
    wide: float
    """The linear model's part in the answer, 0 to 1."""


@dataclass(frozen=True)
class Card:
    """All that is shown of one version of a model."""

    version: str
    """mood/0003"""
    against: str | None
    """The version in service that it was compared with."""
    made_at: dt.datetime
    timezone: str
    promoted: bool | None
    """None where nothing was decided: a model trained by hand."""
    reasons: Sequence[Reason]
    scores: Sequence[Score]
    fits: Fits | None
    labels: Sequence[LabelRow]
    confusion_part: Part
    confusion: Sequence[Sequence[int]]
    """[gold][answer]; with several labels a row a label: right absences, false, missed and right presences."""
    several: bool
    charts: Sequence[Chart]
    """Learning curves and calibration."""
    flips: Sequence[Flip]
    flipped: int
    """How many posts flip in all."""
    data: Mapping[str, str]
    """What it was trained on: posts, labels, days, fingerprints."""
    recipe: Mapping[str, str]


def as_json(card: Card) -> bytes:
    """Return UTF-8 JSON, indented, ending in a line feed; charts give their values."""
    data = {"format": FORMAT} | asdict(card)
    data["charts"] = [{"name": c.name, "title": c.title, "values": c.table} for c in card.charts]
    data["data"], data["recipe"] = (dict(sorted(each.items())) for each in (card.data, card.recipe))
    return orjson.dumps(encodable(data), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def render(card: Card, language: Language, assets: str = "../assets") -> str:
    """Return the page; ``assets`` is the relative address of the folder with the font."""
    t = texts(language)
    part = getattr(t, f"part_{card.confusion_part}")
    verdict = {True: t.card_promoted, False: t.card_refused, None: t.card_trained}[card.promoted]
    return document.render(
        "card.html.j2",
        language,
        assets=assets,
        script=None,
        heading=t.card_title.format(name=writable(card.version)),
        verdict=verdict,
        refused=card.promoted is False,
        against=t.card_against.format(name=writable(card.against)) if card.against else t.card_alone,
        made_at=card.made_at.astimezone(ZoneInfo(card.timezone)),
        reasons=[_reason(reason, language) for reason in card.reasons],
        scores=[_score(score, language) for score in card.scores],
        fits=_fits(card.fits, language) if card.fits else None,
        accuracy=t.card_exact if card.several else t.card_accuracy,
        labels=[_label(row) for row in card.labels],
        compared=any(row.champion_f1 is not None for row in card.labels),
        counted=any(row.learned is not None for row in card.labels),
        confusion=_confusion(card),
        confusion_title=(t.card_of_several if card.several else t.card_confusion).format(part=part),
        several=card.several,
        charts=[document.figure(chart) for chart in card.charts],
        flips=[_flip(flip) for flip in card.flips],
        flips_of=t.card_flips_of.format(all=f"{card.flipped:,}", shown=f"{len(card.flips):,}"),
        data=[(getattr(t, f"data_{name}", name), value) for name, value in _pairs(card.data)],
        recipe=_pairs(card.recipe),
    )


def _reason(reason: Reason, language: Language) -> dict[str, object]:
    t = texts(language)
    values = {name: writable(value) for name, value in reason.values.items()}
    values |= {name: values[name].replace("-", "−") for name in ("value", "low", "high") if name in values}
    if "part" in values:
        values["part"] = getattr(t, f"part_{values['part']}", values["part"])
    words = getattr(t, f"reason_{reason.name}", None)
    return {"passed": reason.passed, "words": words.format(**values) if words else writable(reason.words)}


def _score(score: Score, language: Language) -> dict[str, object]:
    t = texts(language)
    signed = score.role == "difference"
    return {
        "role": getattr(t, f"role_{score.role}"),
        "part": getattr(t, f"part_{score.part}"),
        "posts": score.posts,
        "accuracy": _bounds(score.accuracy, signed),
        "macro_f1": _bounds(score.macro_f1, signed),
        "ece": "" if score.ece is None else _rate(score.ece),
    }


def _fits(fits: Fits, language: Language) -> dict[str, object]:
    t = texts(language)
    words = [t.fit_two if fits.served else t.fit_one]
    if fits.new:
        words.append(t.fit_new.format(labels="、".join(map(writable, fits.new))))
    if fits.wide:
        words.append(t.fit_wide.format(share=f"{100 * fits.wide:.0f}"))
    rows = [(t.fit_scored, fits.scored), (t.fit_served, fits.served)]
    return {
        "words": words,
        "rows": [(name, " – ".join(fit.days), fit.posts, fit.epochs, fit.labels) for name, fit in rows if fit],
        "reasons": [_reason(reason, language) for reason in fits.reasons],
    }


def _label(row: LabelRow) -> dict[str, object]:
    return {
        "label": writable(row.label),
        "gold": row.gold,
        "precision": _rate(row.precision),
        "recall": _rate(row.recall),
        "f1": _bounds(row.f1, signed=False),
        "before": "" if row.champion_f1 is None else _rate(row.champion_f1),
        "learned": "" if row.learned is None else f"{row.learned:,}",
    }


def _confusion(card: Card) -> list[dict[str, object]]:
    """Give each row its cells: a count, the class of its shade by share of the row, and whether it is a right one."""
    rows: list[dict[str, object]] = []
    for place, (label, counts) in enumerate(zip(card.labels, card.confusion, strict=True)):
        whole = max(sum(counts), 1)
        shades = [f"h{sum(count / whole >= limit for limit in _SHADES)}" for count in counts]
        right = {0, 3} if card.several else {place}
        cells = [(count, shade, at in right) for at, (count, shade) in enumerate(zip(counts, shades, strict=True))]
        rows.append({"label": writable(label.label), "cells": cells})
    return rows


def _flip(flip: Flip) -> dict[str, str]:
    written = {name: writable(value) for name, value in asdict(flip).items() if isinstance(value, str)}
    return written | {"probability": _rate(flip.probability)}


def _bounds(bounds: Bounds, signed: bool) -> str:
    value, low, high = (_rate(each, signed) for each in (bounds.value, bounds.low, bounds.high))
    return f"{value} ({low} – {high})"


def _rate(value: float, signed: bool = False) -> str:
    return f"{value:{'+' if signed else ''}.3f}".replace("-", "−")


def _pairs(mapping: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(writable(name), writable(value)) for name, value in mapping.items()]
