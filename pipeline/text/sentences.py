"""Where sentences begin: after 。！？… and line ends, but not inside 「」『』（）."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

_MARKS = "。！？!?…"
_CLOSING = '」』）)】〉》"”’♪☆'
_LAUGHTER = r"(?: ?笑(?=[\s。！？!?…]|\Z))*"  # it belongs to what is laughed at
_END = re.compile(
    rf"[{_MARKS}\n.](?:(?<=\n)|(?<=[{_MARKS}])[{_MARKS}{_CLOSING}]*{_LAUGHTER}|(?<=\.)(?<!\d\.)(?= ){_LAUGHTER})\s*"
)
"""Begins with a plain set of characters, so that the search skips to the next of them."""
_BRACKETS = re.compile("[「『（(」』）)]")
_OPENING = {"」": "「", "』": "『", "）": "（", ")": "("}


_INNER = re.compile(rf"[{_MARKS}\n.](?!\0|\Z)(?:(?<!\.)|(?= ))")


def several(texts: Sequence[str]) -> list[int]:
    """Tell which texts may have more than one sentence, those with a mark before their end; no text holds a NUL.

    One search over all: most texts end at their first mark or have none.
    """
    ends = np.cumsum([len(text) + 1 for text in texts])
    places = [mark.start() for mark in _INNER.finditer("\0".join(texts))]
    found: list[int] = np.unique(np.searchsorted(ends, places, side="right")).tolist()
    return found


def starts(clean: str) -> list[int]:
    """Return the offsets, in characters, at which sentences start; the first is 0 unless the text is empty."""
    if not clean:
        return []
    ends = [match.span() for match in _END.finditer(clean)]
    if _BRACKETS.search(clean):
        ends = _outside(ends, _closed(clean))
    return [0, *(end for _, end in ends if 0 < end < len(clean))]


def split(clean: str) -> list[str]:
    """Return the sentences, without the spaces around them."""
    bounds = [*starts(clean), len(clean)]
    pieces = (clean[a:b].strip() for a, b in pairwise(bounds))
    return [piece for piece in pieces if piece]


def _closed(text: str) -> list[tuple[int, int]]:
    """Return the outermost pairs of brackets, in order; a bracket that is never closed is none."""
    opened: dict[str, list[int]] = {}
    pairs = []
    for bracket in _BRACKETS.finditer(text):
        sign = _OPENING.get(bracket[0])
        if sign is None:
            opened.setdefault(bracket[0], []).append(bracket.start())
        elif opened.get(sign):
            pairs.append((opened[sign].pop(), bracket.start()))
    outermost: list[tuple[int, int]] = []
    for pair in sorted(pairs):
        if not outermost or pair[1] > outermost[-1][1]:
            outermost.append(pair)
    return outermost


def _outside(ends: list[tuple[int, int]], brackets: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Keep the ends that begin in no bracket; both are in order."""
    kept, at = [], 0
    for end in ends:
        while at < len(brackets) and brackets[at][1] < end[0]:
            at += 1
        if at == len(brackets) or not brackets[at][0] < end[0] < brackets[at][1]:
            kept.append(end)
    return kept
