"""Which posts need cleaning, or one step of it: most are plain words, and many at once can be told at a glance."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np

PLAIN = (
    "A-VX-Za-vxy0-9 \n!\"%'+,\\-.;=?\\[\\]{}|~"
    "ぁ-ゖ゛゜ゝゞァ-ヺーヽヾ、。々〆〇「」『』【】〈〉《》・！？一-\u7b10\u7b12-\u8348\u834a-\u9fff"
)
"""Characters that no step touches, unless repeated; w, z (of orz), 笑 (U+7B11) and 草 (U+8349) are not among them."""

_AT_ONCE, _CHARACTERS = 1_000, 100_000
"""Posts and their characters, four bytes each, that fit into a processor's cache."""
_BEYOND = 0xFFFF
"""Stands for all characters from here on; it is special, as they are."""

_EDGE, _PLAIN, _SPECIAL, _BLANK, _STRETCHED = 0, 1, 2, 3, 4
_STRETCHES = "ーっッ〜"
"""What folds when there are two; anything else, when there are three."""


def _kinds() -> np.ndarray:
    signs = "".join(map(chr, range(_BEYOND)))
    kinds = np.full(_BEYOND + 1, _SPECIAL, np.uint8)
    kinds[[match.start() for match in re.finditer(f"[{PLAIN}]", signs)]] = _PLAIN
    kinds[[ord(" "), ord("\n")]] = _BLANK
    kinds[[ord(sign) for sign in _STRETCHES if kinds[ord(sign)] == _PLAIN]] = _STRETCHED
    return kinds


_KIND = _kinds()
_FOLDING_IN_TWO = np.array([ord(sign) for sign in _STRETCHES], np.uint32)


def touched(texts: Sequence[str]) -> list[int]:
    """Tell which texts some step of cleaning may change; of the others none does. In order."""
    return _rows(texts, _touched)


def repeating(texts: Sequence[str]) -> list[int]:
    """Tell in which texts a character comes so often in a row that it may fold. In order."""
    return _rows(texts, _repeating)


def _rows(texts: Sequence[str], glance: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> list[int]:
    """Look at all characters at once, with an edge (U+0000, which is in no plain text) around each text."""
    found: list[int] = []
    for start, stop in _runs(texts):
        some = texts[start:stop]
        joined = "\0".join(["", *some, ""])
        signs = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
        edges = np.cumsum([0, *(len(text) + 1 for text in some)])
        place = glance(signs, edges)
        place[edges] = False
        found += (start + np.flatnonzero(np.logical_or.reduceat(place, edges[:-1]))).tolist()
    return found


def _runs(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Cut texts into runs that are looked at together; one that is too long is looked at alone."""
    start = size = 0
    for at, text in enumerate(texts):
        if at - start == _AT_ONCE or size + len(text) > _CHARACTERS:
            if at > start:
                yield start, at
            start, size = at, 0
        size += len(text)
    if start < len(texts):
        yield start, len(texts)


def _touched(signs: np.ndarray, edges: np.ndarray) -> np.ndarray:
    kinds = _KIND[np.minimum(signs, _BEYOND)]
    kinds[edges] = _EDGE
    same = signs[1:] == signs[:-1]
    blank = kinds == _BLANK
    place = np.asarray(kinds == _SPECIAL)
    place[1:-1] |= same[1:] & same[:-1]
    place[1:] |= same & (kinds[1:] == _STRETCHED)
    place[1:] |= blank[1:] & (blank[:-1] | (kinds[:-1] == _EDGE))
    place[:-1] |= blank[:-1] & (kinds[1:] == _EDGE)
    return place


def _repeating(signs: np.ndarray, _: np.ndarray) -> np.ndarray:
    place, same = np.zeros(len(signs), bool), signs[1:] == signs[:-1]
    place[1:-1] = same[1:] & same[:-1]
    twice = np.flatnonzero(same)
    place[twice] |= np.isin(signs[twice], _FOLDING_IN_TWO)
    return place
