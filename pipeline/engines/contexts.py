"""The posts that a report shows behind each word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc

from pipeline.analysis import ranking
from pipeline.analysis.frequency import originals
from pipeline.reports import model
from pipeline.settings import Settings

COLUMNS = ("is_repost", "duplicate_of", *ranking.ITEM_TABLES)
"""What is needed of posts to choose among them."""


class Contexts:
    """Chooses for each shown word the posts to read, and keeps each chosen post once."""

    def __init__(self, posts: pa.Table, settings: Settings) -> None:
        self.posts, self.settings = posts, settings
        self.original = originals(posts)
        self.places: dict[str, list[int]] = {}
        self.surfaces: dict[str, list[str]] = {}
        self._index: dict[int, int] = {}

    def words(
        self,
        shown: Iterable[model.Table],
        tokens: Iterable[pa.Table],
        spellings: Iterable[tuple[str, str, str]],
    ) -> None:
        """Choose posts for the words of the word tables.

        ``tokens`` come in chunks; ``spellings`` are (word, pos, base) of each group.
        """
        wanted = {
            (row.pos, row.word)
            for t in shown
            if t.name in ranking.WORD_TABLES
            for row in t.rows(self.settings.report.rows)
        }
        names = sorted(wanted)
        number = {name: i for i, name in enumerate(names)}
        group = {(base, pos): number[pos, word] for word, pos, base in spellings if (pos, word) in wanted}
        hits = [_occurrences(chunk, group) for chunk in tokens]
        forms: dict[int, set[str]] = {}
        for hit in hits:
            for name, form in hit.forms:
                forms.setdefault(name, set()).add(form)
        for name, rows in _by_name(hits).items():
            pos, word = names[name]
            self._choose(f"{pos}\t{word}", rows, sorted(forms[name]))

    def items(self, shown: Iterable[model.Table]) -> None:
        """Choose posts for hashtags, emoji and kaomoji."""
        for table in shown:
            if table.name in ranking.WORD_TABLES:
                continue
            names = [row.word for row in table.rows(self.settings.report.rows)]
            number = {word.lower(): i for i, word in enumerate(names)}
            column = self.posts[table.name].combine_chunks()
            things = pc.list_flatten(column).dictionary_encode()
            known = [number.get(thing.lower(), -1) for thing in things.dictionary.to_pylist()]
            name = np.array([*known, -1])[things.indices.to_numpy()]
            posts = pc.list_parent_indices(column).to_numpy()[name >= 0]
            for place, rows in _by_name([_Hits(name[name >= 0], posts, set())]).items():
                self._choose(f"\t{names[place]}", rows, [names[place]])

    def _choose(self, key: str, rows: np.ndarray, surfaces: list[str]) -> None:
        """Take posts evenly over the day; reposts and copies only where nothing else is left."""
        limit = self.settings.report.contexts
        chosen = _evenly(rows[self.original[rows]], limit)
        again = _evenly(rows[~self.original[rows]], limit - len(chosen))
        self.places[key] = [self.index(int(row)) for row in sorted((*chosen, *again))]
        self.surfaces[key] = surfaces

    def index(self, row: int) -> int:
        """Number a post among those shown."""
        return self._index.setdefault(row, len(self._index))

    @property
    def rows(self) -> list[int]:
        """Rows of the chosen posts, in the order of their numbers."""
        return list(self._index)


def _evenly(rows: np.ndarray, limit: int) -> list[int]:
    if len(rows) <= limit:
        return [int(row) for row in rows]
    return [int(rows[i * len(rows) // limit]) for i in range(limit)] if limit > 0 else []


class _Hits(NamedTuple):
    """Where some names occur in a run of posts."""

    name: np.ndarray
    """int, (hits,): number of a name."""
    post: np.ndarray
    """int, (hits,)"""
    forms: set[tuple[int, str]]
    """(name, surface form)"""


def _occurrences(tokens: pa.Table, group: Mapping[tuple[str, str], int]) -> _Hits:
    """Find where words of groups occur, named by the number of their group; ``group`` is looked up by (base, pos)."""
    base, pos, surface = (tokens[c].unify_dictionaries().combine_chunks() for c in ("base", "pos", "surface"))
    if not len(base):
        return _Hits(np.zeros(0, np.int64), np.zeros(0, np.int32), set())
    width = len(pos.dictionary)
    numbers = np.full(len(base.dictionary) * width, -1)
    bases, kinds = ({text: i for i, text in enumerate(c.dictionary.to_pylist())} for c in (base, pos))
    for (text, kind), number in group.items():
        if text in bases and kind in kinds:
            numbers[bases[text] * width + kinds[kind]] = number
    name = numbers[base.indices.to_numpy().astype(np.int64) * width + pos.indices.to_numpy()]
    hits = np.flatnonzero(name >= 0)
    form, name = surface.indices.to_numpy()[hits].astype(np.int64), name[hits]
    pairs = np.unique(name * len(surface.dictionary) + form)
    texts = surface.dictionary.take(pa.array(pairs % len(surface.dictionary))).to_pylist()
    forms = set(zip((pairs // len(surface.dictionary)).tolist(), texts, strict=True))
    return _Hits(name, tokens["post"].to_numpy()[hits], forms)


def _by_name(hits: Sequence[_Hits]) -> dict[int, np.ndarray]:
    """Give the distinct posts of each name that occurs, in order."""
    name = np.concatenate([np.zeros(0, np.int64), *(hit.name for hit in hits)])
    post = np.concatenate([np.zeros(0, np.int64), *(hit.post for hit in hits)])
    order = np.argsort(name, kind="stable")
    names, starts = np.unique(name[order], return_index=True)
    parts = np.split(post[order], starts[1:])
    return {int(n): np.unique(part) for n, part in zip(names, parts, strict=False)}
