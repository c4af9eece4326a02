"""Copies within a day: the same text again, or nearly the same.

A text is compared by its key: case folded, each run of digits one 0, white space removed. Equal keys are copies. Near
copies share character trigrams: MinHash (Broder 1997) and banding (Leskovec, Rajaraman and Ullman, Mining of Massive
Datasets, ch. 3) only propose pairs; the exact Jaccard similarity decides, so that no mark is an accident of hashing.
Signatures come from rensa: its one call for a flat array of hashes takes half a microsecond a post, where datasketch
builds a Python object for each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from math import ceil, log

import numpy as np
import numpy.typing as npt
from rensa import RMinHash

Integers = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]

_SHINGLE = 3
_SLOTS = 64
"""Slots of a signature; what bands of them can find is told by _bands."""
_SEED = 1
_COMPARED = 3
"""Members of a bucket that the others are compared with, so that a bucket of n costs 3n and not n²."""
_CHUNK = 50_000
"""Characters whose shingles are held at once; so few stay in the cache of a core."""
_KEPT = 200_000
"""Characters whose trigrams, some hundred bytes each, are kept."""
_DIGITS = re.compile(r"\d+")
_MIXERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def first_copies(clean: Sequence[str], *, skip: npt.NDArray[np.bool_], threshold: float, shortest: int) -> Integers:
    """Return for each post the row of the first post that says the same, -1 where there is none before it.

    Rows are in the day's order. A first is never itself a copy, and each copy is equal to its first or has a Jaccard
    similarity of at least ``threshold`` with it: among the firsts before it, the smallest row proposed by MinHash that
    passes. So likeness is not passed on from copy to copy. Posts whose key has fewer than ``shortest`` characters are
    copies only where ``clean`` is equal. Rows in ``skip`` and texts without a character neither are nor have copies.
    """
    shortest = max(shortest, _SHINGLE)
    first, distinct = _equal(clean, skip, shortest)
    if not len(distinct):
        return first
    bands = _band_hashes((_key(clean[row]) for row in distinct), len(distinct), *_bands(threshold))
    near = _leaders(clean, distinct, _pairs(bands), threshold)
    near[first >= 0] = near[first[first >= 0]]  # an equal text goes where its first goes
    return np.where(near >= 0, near, first)


def _key(text: str) -> str:
    return "".join(_DIGITS.sub("0", text.casefold()).split())


def _equal(clean: Sequence[str], skip: npt.NDArray[np.bool_], shortest: int) -> tuple[Integers, Integers]:
    """Return the row of the first equal text (else -1), and the rows that stand first and are long enough to compare.

    A digest of 128 bits stands for a key, as a million keys as strings would be held for nothing.
    """
    first = np.full(len(clean), -1, dtype=np.int32)
    seen: dict[bytes, int] = {}
    distinct = []
    for row in np.flatnonzero(~skip).tolist():
        key = _key(clean[row])
        if not key:
            continue
        long = len(key) >= shortest
        text = key if long else clean[row]
        earlier = seen.setdefault(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest(), row)
        if earlier != row:
            first[row] = earlier
        elif long:
            distinct.append(row)
    return first, np.array(distinct, dtype=np.int32)


def _bands(threshold: float) -> tuple[int, int]:
    """Return (bands, slots a band): the most slots a band by which 99 of 100 pairs at the threshold are proposed.

    b bands of r slots propose a pair of similarity s with probability 1 - (1 - s^r)^b.
    """
    for slots in range(_SLOTS, 0, -1):
        chance = min(threshold**slots, 1 - 1e-12)
        bands = max(1, ceil(log(0.01) / log(1 - chance))) if chance > 1e-12 else _SLOTS + 1
        if bands * slots <= _SLOTS:
            return bands, slots
    return _SLOTS, 1


def _band_hashes(keys: Iterator[str], count: int, bands: int, slots: int) -> Hashes:
    """Return the hash of each band of each key's signature, bands × count."""
    hashes = np.empty((bands, count), dtype=np.uint64)
    done = 0
    for chunk in _chunks(keys):
        shingles, offsets = _shingles(chunk)
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(_mixed(shingles), offsets, _SLOTS, _SEED)
        signatures = np.array(matrix.to_rows(), dtype=np.uint64)[:, : bands * slots].reshape(len(chunk), bands, slots)
        folded = np.zeros((len(chunk), bands), dtype=np.uint64)
        for slot in range(slots):
            folded = _mixed(folded ^ signatures[:, :, slot])
        hashes[:, done : done + len(chunk)] = folded.T
        done += len(chunk)
    return hashes


def _chunks(keys: Iterator[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    size = 0
    for key in keys:
        chunk.append(key)
        size += len(key)
        if size >= _CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _shingles(keys: list[str]) -> tuple[Hashes, Hashes]:
    """Return all trigrams, key after key, and where each key's begin; three code points of 21 bits fit 64 exactly."""
    lengths = np.fromiter(map(len, keys), dtype=np.int64, count=len(keys))
    text = "".join(keys).encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(text, dtype="<u4").astype(np.uint64)
    grams = points[:-2] | (points[1:-1] << np.uint64(21)) | (points[2:] << np.uint64(42))
    inside = np.ones(len(points), dtype=bool)
    ends = np.cumsum(lengths)
    inside[ends - 1] = inside[ends - 2] = False  # the last two characters of a key begin no trigram of it
    offsets = np.concatenate(([0], np.cumsum(lengths - 2))).astype(np.uint64)
    return grams[inside[:-2]], offsets


def _mixed(values: Hashes) -> Hashes:
    """Spread the bits of 64-bit integers; one to one, after splitmix64 (Steele, Lea and Flood 2014)."""
    values = (values ^ (values >> np.uint64(30))) * _MIXERS[0]
    values = (values ^ (values >> np.uint64(27))) * _MIXERS[1]
    return values ^ (values >> np.uint64(31))


def _pairs(bands: Hashes) -> npt.NDArray[np.int64]:
    """Return pairs (later, earlier) of columns that share a bucket of a band, each pair once, in order."""
    count = bands.shape[1]
    found = np.empty(0, dtype=np.int64)
    for band in bands:
        order = np.argsort(band, kind="stable")  # within a bucket in the day's order
        new = np.concatenate(([True], band[order[1:]] != band[order[:-1]]))
        begins = np.flatnonzero(new)[np.cumsum(new) - 1]
        place = np.arange(count) - begins
        pairs = [found]
        for nth in range(_COMPARED):
            later = np.flatnonzero(place > nth)
            pairs.append(order[later] * count + order[begins[later] + nth])
        found = np.unique(np.concatenate(pairs))
    return np.stack(np.divmod(found, count), axis=1)


class _Grams(dict[int, frozenset[str]]):
    """The trigrams of posts by column; a few are kept, as the first post of a bucket is asked for again and again."""

    def __init__(self, clean: Sequence[str], rows: Integers) -> None:
        super().__init__()
        self._clean, self._rows, self._kept = clean, rows, 0

    def __missing__(self, column: int) -> frozenset[str]:
        key = _key(self._clean[self._rows[column]])
        if self._kept + len(key) > _KEPT:
            self.clear()
            self._kept = 0
        self._kept += len(key)
        self[column] = found = frozenset([key[at : at + _SHINGLE] for at in range(len(key) - _SHINGLE + 1)])
        return found


def _leaders(clean: Sequence[str], rows: Integers, pairs: npt.NDArray[np.int64], threshold: float) -> Integers:
    """Settle the proposed pairs in order of the later post, then of the earlier: the first that is similar is taken.

    When a post's turn comes, all before it are settled; those that are copies themselves are passed over.
    """

    grams = _Grams(clean, rows)
    leader = np.full(len(clean), -1, dtype=np.int32)
    copies: set[int] = set()
    for later, earlier in pairs.tolist():
        if later in copies or earlier in copies:
            continue
        one, other = grams[earlier], grams[later]
        shared = len(one & other)
        if shared >= threshold * (len(one) + len(other) - shared):
            copies.add(later)
            leader[rows[later]] = rows[earlier]
    return leader
