"""What must not come back: posts and authors that somebody asked to forget, known by salted hashes alone.

A deletion notice of a network (REMOVALS) hides a post that was collected; a tombstone keeps it from being collected.
Both are counted among a file's skipped rows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.ingest.collect import Collected, Hasher, Tally, hasher
from pipeline.tables import FORGOTTEN

RULE = "forgotten"
"""The rule by which such rows are skipped and counted."""
POST, AUTHOR = "post", "author"
REFERENCES = ("reply_to", "quote_of")
"""Columns that name another post without holding its words: they are emptied, and the row stays."""

Key = tuple[str, str]
"""Network and salted hash."""

_REPOSTED = re.compile(r"RT ?[@＠]([A-Za-z0-9_.\-@]{1,200})[:：]")
_TOKEN = re.compile(r"[A-Za-z0-9_.:/@\-]{1,300}")


@dataclass(frozen=True)
class Tombstones:
    """Posts and authors by network and salted hash."""

    salt: bytes
    posts: frozenset[Key] = frozenset()
    authors: frozenset[Key] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.posts or self.authors)

    def add(self, posts: Iterable[str], authors: Iterable[Key] = ()) -> Tombstones:
        """Add posts by id, and authors by key."""
        keys = frozenset(self.post_key(one) for one in posts)
        return Tombstones(self.salt, self.posts | keys, self.authors | frozenset(authors))

    def post_key(self, post_id: str) -> Key:
        """Hash a post's id."""
        text = f"post\0{post_id}".encode("utf-8", "replace")
        return post_id.partition(":")[0], hashlib.blake2b(text, key=self.salt, digest_size=16).hexdigest()

    def author_key(self, network: str, name: str) -> Key:
        """Hash an author's name or id as ``collect`` does."""
        return network, self._stored(network, name)

    @cached_property
    def _stored(self) -> Hasher:
        return hasher(self.salt)

    def holds_post(self, post_id: str) -> bool:
        """Tell whether a post is to be forgotten."""
        return self.post_key(post_id) in self.posts

    def holds_author(self, network: str, author: str) -> bool:
        """Tell whether an author, as stored (hashed or plain), is to be forgotten."""
        return (network, author) in self.authors or self.author_key(network, author) in self.authors

    def rows(self, table: pa.Table) -> np.ndarray:
        """Find the rows of collected posts that must go, bool (n,): a repost goes with the post that it passes on."""
        found = np.zeros(table.num_rows, bool)
        if not self:
            return found
        authors: dict[tuple[str, str | None], bool] = {}
        columns = (table[name].to_pylist() for name in ("post_id", "author", "is_repost", "repost_of", "text"))
        for row, (post, author, repost, original, text) in enumerate(zip(*columns, strict=True)):
            network = post.partition(":")[0]
            who = (network, author)
            if who not in authors:
                authors[who] = author is not None and self.holds_author(network, author)
            found[row] = authors[who] or self.holds_post(post) or (repost and self._passed_on(network, original, text))
        return found

    def _passed_on(self, network: str, original: str | None, text: str) -> bool:
        """Tell whether a repost passes on what is to be forgotten; ``RT @name:`` tells whose words they are."""
        if original is not None and self.holds_post(f"{network}:{original}"):
            return True
        said = _REPOSTED.match(text)
        return said is not None and self.author_key(network, said[1]) in self.authors

    def without(self, table: pa.Table, rows: np.ndarray | None = None) -> pa.Table:
        """Leave out what must go, and empty references to it; the same table where nothing is changed."""
        gone = self.rows(table) if rows is None else rows
        kept = table.filter(pa.array(~gone)) if gone.any() else table
        for name in REFERENCES:
            emptied = self._references(kept, name)
            if emptied.any():
                values = [None if out else value for out, value in zip(emptied, kept[name].to_pylist(), strict=True)]
                at = kept.column_names.index(name)
                kept = kept.set_column(at, kept.field(at), pa.array(values, pa.string()))
        return kept

    def _references(self, table: pa.Table, name: str) -> np.ndarray:
        """Find rows whose reference names a forgotten post; bool (n,)."""
        found = np.zeros(table.num_rows, bool)
        told = np.flatnonzero(table[name].is_valid().to_numpy()).tolist() if self.posts else list[int]()
        for row in told:
            found[row] = self.holds_post(f"{_network(table, row)}:{table[name][row].as_py()}")
        return found

    def notices(self, table: pa.Table) -> pa.Table:
        """Leave out deletion notices that say no more than a tombstone."""
        if not self or not table.num_rows:
            return table
        networks = {network for network, _ in self.authors}
        stays = [
            not (post is not None and self.holds_post(post))
            and not (author is not None and any(self.holds_author(network, author) for network in networks))
            for post, author in zip(table["post_id"].to_pylist(), table["author"].to_pylist(), strict=True)
        ]
        return table.filter(pa.array(stays, pa.bool_()))

    def rejected(self, row: dict[str, Any]) -> bool:
        """Tell whether a row that could not be read names what is to be forgotten."""
        networks = {network for network, _ in self.posts | self.authors}
        for token in set(_TOKEN.findall(row["raw"])):
            if self.holds_post(token):
                return True
            if any(self.holds_post(f"{n}:{token}") or self.author_key(n, token) in self.authors for n in networks):
                return True
        return False

    def strip(self, found: Collected) -> Collected:
        """Leave out of what a file gave all that must go, and count it as skipped."""
        if not self:
            return found
        for day, table in found.posts.items():
            kept = self.without(table)
            _skip(found.tallies[day], table.num_rows - kept.num_rows, rejected=False)
            found.posts[day] = kept
        for date, rows in found.quarantine.items():
            stays = [row for row in rows if not self.rejected(row)]
            _skip(found.tallies[date], len(rows) - len(stays), rejected=True)
            found.quarantine[date] = stays
        found.quarantine = {date: rows for date, rows in found.quarantine.items() if rows}
        found.removals = self.notices(found.removals)
        return found

    def table(self) -> pa.Table:
        """Return them as they are stored, in order."""
        rows = sorted([(POST, *key) for key in self.posts] + [(AUTHOR, *key) for key in self.authors])
        columns = list(zip(*rows, strict=True)) or [(), (), ()]
        return pa.table([pa.array(column, pa.string()) for column in columns], schema=FORGOTTEN)


def read(table: pa.Table, salt: bytes) -> Tombstones:
    """Take stored tombstones."""
    rows = [tuple(row.values()) for row in table.to_pylist()]
    found = {kind: frozenset((network, key) for what, network, key in rows if what == kind) for kind in (POST, AUTHOR)}
    return Tombstones(salt, found[POST], found[AUTHOR])


def _skip(tally: Tally, rows: int, *, rejected: bool) -> None:
    if rows:
        tally.skipped[RULE] += rows
        if rejected:
            tally.quarantined -= rows
        else:
            tally.rows -= rows


def _network(table: pa.Table, row: int) -> str:
    return str(table["post_id"][row].as_py()).partition(":")[0]
