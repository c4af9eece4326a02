"""What the models read, as the page, the workbook and the JSON show it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.reports import document
from pipeline.reports.characters import writable
from pipeline.reports.model import Clue, Example, Learned, Post, Share
from pipeline.reports.strings import texts
from pipeline.settings import Language

_TALL_FROM = 8
"""Shares from which their table scrolls in itself."""

ShowPost = Callable[[Post, ZoneInfo], Mapping[str, object]]


def shown(
    one: Learned, zone: ZoneInfo, opens: Collection[str], language: Language, post: ShowPost
) -> dict[str, object]:
    """Return what the template shows; ``opens`` are the words whose posts the page can open."""
    t = texts(language)
    about = t.learned_language if one.language else t.learned_about
    more = [t.learned_corrected] if one.shares else []
    more += [] if one.measured else [t.learned_unmeasured]
    more += [t.learned_versions.format(versions=", ".join(one.versions))] if one.versions else []
    value = t.perplexity if one.language else t.probability
    spoken = [(_name(label, one), [_clue(clue, opens) for clue in some]) for label, some in one.clues.items()]
    known = _by_label([_example(example, zone, value, one, post) for example in one.typical])
    return {
        "task": one.task,
        "title": writable(one.title),
        "language": one.language,
        "about": about.format(version=one.version, posts=f"{one.posts:,}", unsure=f"{one.unsure:,}"),
        "more": more,
        "charts": [document.figure(chart) for chart in one.charts],
        "shares": [_share(share, one) for share in one.shares],
        "tall": len(one.shares) > _TALL_FROM,
        "clues": [(name, clues, known[name][0] if name in known else None) for name, clues in spoken],
        "typical": list(known.items()),
        "surprising": [_example(example, zone, value, one, post) for example in one.surprising],
        "queries": [(getattr(t, f"query_{name}"), writable(query)) for name, query in one.queries.items()],
    }


def _share(share: Share, one: Learned) -> dict[str, object]:
    return {
        "name": _name(share.label, one),
        "share": document.percent(share.share),
        "low": document.percent(share.low),
        "high": document.percent(share.high),
        "answers": f"{share.answers:,}",
        "sort": f"{share.share:.6f}",
    }


def _clue(clue: Clue, opens: Collection[str]) -> dict[str, object]:
    word = writable(clue.word)
    return {"word": word, "opens": word in opens, "points": f"{100 * clue.value:.0f}", "posts": clue.posts}


def _example(example: Example, zone: ZoneInfo, told: str, one: Learned, post: ShowPost) -> dict[str, object]:
    value = f"{example.value:,.0f}" if one.language else document.percent(example.value)
    return {
        "label": _name(example.label, one) if example.label is not None else "",
        "text": writable(example.post.text),
        "post": post(example.post, zone),
        "value": told.format(value=value),
    }


def _by_label(examples: Sequence[dict[str, object]]) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {}
    for example in examples:
        found.setdefault(str(example["label"]), []).append(example)
    return found


def _name(label: str, one: Learned) -> str:
    return writable(one.names.get(label, label))


# report.json


def as_json(one: Learned, post: Callable[[Post], Mapping[str, object]]) -> dict[str, object]:
    """Return the same as plain data, labels as the model has them."""
    return {
        "task": one.task,
        "title": one.title,
        "model_version": one.version,
        "kind": "language" if one.language else "labels",
        "posts": one.posts,
        "unsure": one.unsure,
        "names": dict(one.names),
        "shares": [asdict(share) for share in one.shares],
        "hours": [{"hour": hour} | asdict(share) for hour, share in one.hours],
        "days": [{"date": date} | asdict(share) for date, share in one.days],
        "words": {label: [asdict(clue) for clue in some] for label, some in one.clues.items()},
        "typical": [_plain(example, post) for example in one.typical],
        "surprising": [_plain(example, post) for example in one.surprising],
        "queries": dict(one.queries),
        "other_versions": one.versions,
    }


def _plain(example: Example, post: Callable[[Post], Mapping[str, object]]) -> dict[str, object]:
    return {"label": example.label, "value": example.value, "post": post(example.post)}


# report.xlsx


def rows(one: Learned, zone: ZoneInfo, language: Language) -> list[tuple[str, Sequence[Any]]]:
    """Return the rows of the model's sheet, each with its style: title, text, head, shares, clue or post."""
    t = texts(language)
    about = t.learned_language if one.language else t.learned_about
    head = (t.column_label, t.column_share, t.interval_low, t.interval_high, t.column_answers, t.posts)
    found: list[tuple[str, Sequence[Any]]] = [
        ("title", [one.title]),
        ("text", [about.format(version=one.version, posts=f"{one.posts:,}", unsure=f"{one.unsure:,}")]),
    ]
    parts = (
        (t.column_share, "", [("", share) for share in one.shares]),
        (t.chart_by_hour.format(name=one.title), t.hour, one.hours),
        (t.chart_by_day.format(name=one.title, days=len({d for d, _ in one.days})), t.date, one.days),
    )
    for title, first, some in parts:
        if some:
            found += [("title", [title]), ("head", [*head, *([first] if first else [])])]
            found += [("shares", _cells(share, one, str(place))) for place, share in some]
    if one.clues:
        found += [("title", [t.clues]), ("head", [t.column_label, t.points, t.posts, t.word])]
        for label, clues in one.clues.items():
            found += [("clue", [_name(label, one), 100 * c.value, c.posts, c.word]) for c in clues]
    for title, examples in (
        (t.expected if one.language else t.typical, one.typical),
        (t.unexpected if one.language else t.surprising, one.surprising),
    ):
        if examples:
            found += [("title", [title]), ("head", [t.column_label, t.value, t.time, t.text])]
            found += [("post", _post_cells(example, one, zone)) for example in examples]
    return found


def _cells(share: Share, one: Learned, place: str) -> list[Any]:
    known = [_name(share.label, one), share.share, share.low, share.high, share.answers, share.posts]
    return [*known, place] if place else known


def _post_cells(example: Example, one: Learned, zone: ZoneInfo) -> list[Any]:
    label = _name(example.label, one) if example.label is not None else ""
    return [label, example.value, f"{example.post.time.astimezone(zone):%H:%M}", example.post.text]
