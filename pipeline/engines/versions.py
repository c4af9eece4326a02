"""The versions of models that a store keeps: listed, shown, put into service and taken back."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from pipeline.engines import project
from pipeline.errors import BundleDamaged
from pipeline.models import bundle as bundles
from pipeline.models import registry
from pipeline.models.registry import Version
from pipeline.settings import Settings
from pipeline.store import lock
from pipeline.store.layout import Layout

Row = dict[str, Any]

COLUMNS = (
    "model", "version", "served", "made_at", "origin", "head", "accuracy", "macro_f1", "linear_macro_f1", "damaged",
)  # fmt: skip
"""Columns of the list."""


def listed(layout: Layout, name: str | None = None) -> list[Row]:
    """Tell of every version: which one answers, when it was made, its scores on dev. Raises NoModel."""
    names = [name] if name else registry.names(layout.root)
    return [_row(one) for model in names for one in registry.versions(layout.root, model)]


def _row(one: Version) -> Row:
    row: Row = {
        "model": one.name,
        "version": one.number,
        "served": one.served,
        "made_at": one.about.get("made_at"),
        "origin": one.about.get("origin"),
    }
    try:
        about = _described(one)
    except BundleDamaged as error:
        why = str(error).replace(f"{one.folder}/", "").partition(";")[0]  # a table has no room for more
        return row | {"head": None, "accuracy": None, "macro_f1": None, "linear_macro_f1": None, "damaged": why}
    dev, linear = (plain(about["metrics"].get(part, {})) for part in ("dev", "dev_linear"))
    return row | {
        "head": about["recipe"]["head"]["kind"],
        "accuracy": dev.get("accuracy"),
        "macro_f1": dev.get("macro_f1"),
        "linear_macro_f1": linear.get("macro_f1"),
        "damaged": None,
    }


def plain(scores: Row) -> dict[str, float]:
    """Take the scores of a part: numbers, of those between bounds the value."""
    found = {name: value["value"] if isinstance(value, dict) else value for name, value in scores.items()}
    return {name: round(value, 4) for name, value in found.items() if isinstance(value, float)}


def _described(one: Version) -> Row:
    """Read what a version says of itself, after its hash; whatever dictionary it was made with."""
    found: Row = json.loads(bundles.verified(one.folder)["bundle.json"])
    return found


def shown(layout: Layout, name: str, number: int | None = None) -> Row:
    """Tell all of one version (the one in service, else the latest), and what was done with the model when and why.

    Raises NoModel, BundleDamaged.
    """
    kept = registry.versions(layout.root, name)
    if number is None:
        one = next((version for version in kept if version.served), kept[-1])
    else:
        one = registry.version(layout.root, name, number)
    about = _described(one)
    card = layout.cards(name, one.number) / "card.html"
    return {
        "model": one.label,
        "served": one.served,
        "folder": str(one.folder),
        "fingerprint": bundles.fingerprint(one.folder),
        **one.about,
        **{key: about[key] for key in ("labels", "several", "dictionary", "data", "temperature", "threshold")},
        "recipe": about["recipe"],
        "metrics": about["metrics"],
        "card": str(card) if card.exists() else None,
        "history": registry.history(layout.root, name),
    }


def lines(about: Row) -> list[str]:
    """Tell the same in lines."""
    head = about["recipe"]["head"]
    found = [f"{about['model']}  {'in service' if about['served'] else 'kept'}  {head['kind']}  {about['folder']}"]
    found += [f"made {about.get('made_at')} by {about.get('origin')}, dictionary {about['dictionary'] or 'none'}"]
    if about["labels"]:
        found.append(f"labels: {', '.join(about['labels'])}")
    for part, title in (("dev", "on dev"), ("dev_linear", "linear baseline on dev")):
        told = plain(about["metrics"].get(part, {}))
        if told:
            found.append(f"{title}: {', '.join(f'{name} {value}' for name, value in told.items())}")
    found += linear_part(head["wide"])
    if again := about["metrics"].get("refit"):
        found.append(f"after that trained once more, on all {again['posts']:,} posts: that is what answers")
    if about["card"]:
        found.append(f"card: {about['card']}")
    return found + [f"{e['when'][:19]}  {e['action']} {e['version']}: {e['why']}" for e in about["history"]]


def linear_part(wide: float) -> list[str]:
    """Tell the linear model's part in the answer, where it has one."""
    return [f"the linear model's part in the answer: {wide:.0%}"] if wide else []


def promote(settings: Settings, layout: Layout, name: str, number: int, why: str) -> Version:
    """Put a version into service, after all its bytes were read. Raises NoModel, BundleDamaged, BundleMismatch."""
    registry.version(layout.root, name, number)
    dictionary = project.lexicon_of(settings).fingerprint
    with lock.held(layout):
        now = dt.datetime.now(dt.UTC)
        return registry.promote(layout.root, name, number, dictionary=dictionary, when=now, why=why)


def rollback(settings: Settings, layout: Layout, name: str, why: str) -> Version:
    """Put back the version that answered before. Raises NoModel, ModelError where there is none."""
    registry.versions(layout.root, name)
    dictionary = project.lexicon_of(settings).fingerprint
    with lock.held(layout):
        now = dt.datetime.now(dt.UTC)
        return registry.rollback(layout.root, name, dictionary=dictionary, when=now, why=why)
