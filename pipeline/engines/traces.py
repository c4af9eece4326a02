"""By which strings a text that is being forgotten can be told from the words of others."""

from __future__ import annotations

import re

from pyarrow import compute as pc

from pipeline.engines.forgotten import Plan
from pipeline.store import parquet
from pipeline.store.layout import Layout
from pipeline.store.search import Strings

MOST = 50_000
"""Pieces of texts in all, about: as many as are looked for at once without loss of speed."""
_WINDOW, _STEP, _LEAST = 12, 6, 16
_APART = re.compile(r"[\s&<>\"'\\\x00-\x1f\x7f-\xa0\u2028\u2029]+")
"""What some format writes in another way, or a page breaks at."""


def pieces(layout: Layout, plan: Plan) -> list[str]:
    """Cut the texts that are being forgotten into pieces that no post that stays has."""
    each = per_post(plan)
    found = {piece for one in plan.gone for piece in cut(one.text, each)}
    return sorted(found - spoken(layout, Strings(found)))


def per_post(plan: Plan) -> int:
    """Tell how many pieces of a post are looked for."""
    return max(2, MOST // max(1, len(plan.gone)))


def spoken(layout: Layout, wanted: Strings) -> set[str]:
    """Find which strings are words of posts that stay: in their texts, warnings and links."""
    found = set[str]()
    for day in layout.days() if len(wanted) else []:
        for path in layout.pieces(day):
            table = parquet.read(path, ["text", "warning", "urls"])
            for column in (table["text"], table["warning"], pc.list_flatten(table["urls"])):
                found |= wanted.find(memoryview(chunk.buffers()[2] or b"") for chunk in column.chunks if len(chunk))
    return found


def cut(text: str, most: int) -> list[str]:
    """Cut a text into overlapping pieces of 12 characters (or the whole, where it is shorter), evenly ``most`` of them.

    Pieces of fewer than 16 bytes are left out: others say them, too.
    """
    found: list[str] = []
    for run in _APART.split(text):
        found += [run[at : at + _WINDOW] for at in range(0, len(run) - _WINDOW, _STEP)] + [run[-_WINDOW:]]
    found = [piece for piece in dict.fromkeys(found) if len(piece.encode("utf-8", "replace")) >= _LEAST]
    return found if len(found) <= most else [found[i * len(found) // most] for i in range(most)]
