"""A start without labels: mood from emoji and polarity words, by rule; never gold, and not used once people answer.

The list, ``lists/polarity.csv``, was written for hibi. A word counts by its lemma or base form; two in a row are
written with a space; negation turns it (楽しくない, 不満足), a wish or a permission silences 良い (行けば良かった).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

POSITIVE, NEGATIVE = "positive", "negative"
ENOUGH = 200
"""Posts labelled by people from which on weak labels are no longer used."""
WHO = "hibi"

_LIST = Path(__file__).with_name("lists") / "polarity.csv"
_NEGATIONS = ("無い", "ない", "無し", "ず", "ぬ", "まい", "難い", "辛い", "欠ける")
_PREFIXES = ("不", "無", "非")
_REACH = 3
"""Tokens after a word within which a negation turns it: 楽し・く は ない."""
_GOOD = ("良い", "いい")
_MODAL = ("ば", "て", "も", "たら", "だけ")
"""Before 良い: a wish, a permission."""
_STOPS = ("補助記号", "接続詞")
_LINKS = ("て",)
"""Ends a negation's reach: 楽しくてたまらない is no negation of 楽しい."""


@cache
def polarity() -> dict[str, int]:
    """Return words, pairs of words and emoji -> 1, -1, or 0 where a pair says nothing (お疲れ様)."""
    with _LIST.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return {word: int(sign) for word, sign in rows}


def label(tokens: pa.Table, emoji: Sequence[Sequence[str]]) -> list[str | None]:
    """Label posts by their tokens (TOKENS, ``post`` from 0) and emoji; one answer a post.

    Positive or negative where all signs point one way; None, which is most posts, where they contradict or there are
    none. No sign is not neutral: of such posts no more were neutral than of any (measured on reviews and on posts).
    """
    posts = len(emoji)
    of_post, signs = tokens["post"].to_numpy(), _signs(tokens)
    drawn = _emoji_signs(emoji)
    good, bad = (np.bincount(of_post[signs == sign], minlength=posts) + drawn[sign] > 0 for sign in (1, -1))
    found = np.select([good & ~bad, bad & ~good], [1, 2], 0)
    return [(None, POSITIVE, NEGATIVE)[kind] for kind in found.tolist()]


def _signs(tokens: pa.Table) -> np.ndarray:
    """Give each token 1, -1 or 0."""
    if not tokens.num_rows:
        return np.zeros(0, np.int64)
    lemma, base, pos = (_Column(tokens[name]) for name in ("lemma", "base", "pos"))
    words = polarity()
    of_lemma, of_base = (column.map(lambda word: words.get(word, 0)) for column in (lemma, base))
    signs = np.where(of_lemma != 0, of_lemma, of_base).astype(np.int64)
    same = _same_post(tokens)
    negations = lemma.among(_NEGATIONS) & (signs == 0)
    for pair, sign in words.items():
        if " " in pair:
            first, second = pair.split(" ")
            hit = lemma.among((first,)) & _next(lemma.among((second,)), same)
            signs[hit] = 0
            after = np.append(False, hit[:-1])
            signs[after] = sign
            negations &= ~after
    modal = lemma.among(_GOOD) & _before(lemma.among(_MODAL), same)
    signs[modal] = 0
    signs = np.where(_before(lemma.among(_PREFIXES), same) & (signs > 0), -1, signs)
    stops = pos.among(_STOPS) | lemma.among(_LINKS)
    return np.where(_negated(signs, negations, stops, same), -signs, signs)


class _Column:
    """A column of words as numbers, looked at once a distinct word."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        encoded = column.combine_chunks()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.chunk(0)
        if not pa.types.is_dictionary(encoded.type):
            encoded = encoded.dictionary_encode()
        self._words: list[str] = encoded.dictionary.to_pylist()
        self._places = encoded.indices.to_numpy()

    def map(self, value: Callable[[str], int]) -> np.ndarray:
        """Look a number up for each token."""
        found = np.fromiter((value(word) for word in self._words), np.int64, len(self._words))
        return np.asarray(found[self._places])

    def among(self, words: Sequence[str]) -> np.ndarray:
        """Tell which tokens are one of these words."""
        return np.asarray(self.map(lambda word: word in words) == 1)


def _same_post(tokens: pa.Table) -> np.ndarray:
    """Tell of each token whether the next one stands in the same post."""
    post = tokens["post"].to_numpy()
    return np.append(post[1:] == post[:-1], False)


def _next(marks: np.ndarray, same: np.ndarray) -> np.ndarray:
    return np.asarray(np.append(marks[1:], False) & same)


def _before(marks: np.ndarray, same: np.ndarray) -> np.ndarray:
    return np.append(False, (marks & same)[:-1])


def _negated(signs: np.ndarray, negations: np.ndarray, stops: np.ndarray, same: np.ndarray) -> np.ndarray:
    """Tell which tokens have a negation within reach, no other sign or stop between."""
    found = np.zeros(len(signs), bool)
    barrier = stops | ((signs != 0) & ~negations)
    reach = negations.copy()
    for _ in range(_REACH):
        reach = _next(reach, same)
        found |= reach & (signs != 0)
        reach &= ~barrier
    return np.asarray(found & ~negations)


def _emoji_signs(emoji: Sequence[Sequence[str]]) -> dict[int, np.ndarray]:
    words = polarity()
    signs = [{words.get(sign.replace("\ufe0f", ""), 0) for sign in each} for each in emoji]
    return {sign: np.array([sign in found for found in signs], np.int64) for sign in (1, -1)}
