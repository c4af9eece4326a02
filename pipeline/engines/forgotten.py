"""What a store keeps of forgetting: the tombstones; and, until all is proved to be gone, what is being forgotten."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from pipeline import files
from pipeline.engines.project import salt
from pipeline.errors import StoreError
from pipeline.ingest import tombstones
from pipeline.ingest.tombstones import Tombstones
from pipeline.store import parquet
from pipeline.store.layout import Layout
from pipeline.tables import FORGOTTEN


def load(layout: Layout) -> Tombstones:
    """Read the tombstones; none where nothing was ever forgotten. Raises StoreError where they are damaged."""
    if not layout.forgotten.exists():
        return Tombstones(b"")
    return tombstones.read(parquet.read(layout.forgotten), salt(layout))


def save(layout: Layout, found: Tombstones) -> None:
    """Write the tombstones. Call only while holding the store."""
    parquet.write(layout.root, layout.forgotten, FORGOTTEN, [found.table()])


@dataclass(frozen=True)
class Gone:
    """A post that is being forgotten."""

    post_id: str
    author: str | None
    """As stored."""
    text: str
    day: str
    key: str
    """Of the file of posts that gave it."""
    file: str
    line: int


@dataclass
class Plan:
    """All that a forgetting has to do and to prove; kept so that one that was killed can be ended."""

    posts: list[str] = field(default_factory=list)
    """Ids that were asked for, in the store or not, and those of the authors."""
    authors: list[tuple[str, str]] = field(default_factory=list)
    """Keys: network and salted hash."""
    gone: list[Gone] = field(default_factory=list)
    """Rows that were collected."""
    rejected: list[tuple[str, str, int]] = field(default_factory=list)
    """Rows that could not be read and told of them: key of the file of posts, name, line."""
    through: dict[str, str] = field(default_factory=dict)
    """Day -> the last stage that it had."""
    models: dict[str, int] = field(default_factory=dict)
    """mood/0003 -> how many of the posts it learned from."""
    rewritten: list[str] = field(default_factory=list)
    """Files that a file of posts gave and that were made anew without it; of others a manifest's hash must hold."""
    removed: dict[str, int] = field(default_factory=dict)
    """What was taken out, by kind: rows or files."""

    def ids(self) -> set[str]:
        """All posts, reposts of them included."""
        return {*self.posts, *(one.post_id for one in self.gone)}

    def merge(self, found: Iterable[Gone]) -> None:
        """Add rows that are not known yet."""
        self.gone = sorted({*self.gone, *found}, key=lambda one: (one.day, one.key, one.line, one.post_id))

    def count(self, kind: str, number: int) -> None:
        """Count what was taken out."""
        if number:
            self.removed[kind] = self.removed.get(kind, 0) + number


def pending(layout: Layout) -> Plan | None:
    """Read what a killed forgetting left to do; None where there is nothing. Raises StoreError where it is damaged."""
    try:
        told: dict[str, Any] = json.loads(layout.forgetting.read_bytes())
        told["authors"] = [tuple(key) for key in told["authors"]]
        told["rejected"] = [tuple(row) for row in told["rejected"]]
        told["gone"] = [Gone(**one) for one in told["gone"]]
        return Plan(**told)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{layout.forgetting}: damaged; remove it and run `hibi forget` with the same file again"
        ) from error


def keep(layout: Layout, plan: Plan) -> None:
    """Write what is left to do. Call only while holding the store."""
    text = json.dumps(asdict(plan), ensure_ascii=True, sort_keys=True)
    files.write_private(layout.root, layout.forgetting, text.encode())


def remember(layout: Layout, model: str, version: int, texts: Iterable[str]) -> None:
    """Keep salted hashes of the texts that a version learned from. Call only while holding the store."""
    digests = np.unique(_digests(texts, salt(layout)))
    files.write_private(layout.root, layout.learned(model, version), digests.tobytes())


def learned_from(layout: Layout, model: str, version: int, texts: Iterable[str]) -> int:
    """Count the texts that a version learned from, as far as is kept."""
    return int(which_learned(layout, model, version, texts).sum())


def which_learned(layout: Layout, model: str, version: int, texts: Iterable[str]) -> np.ndarray:
    """Tell of each text whether a version learned from it, as far as is kept; bool (n,)."""
    path, asked = layout.learned(model, version), list(texts)
    if not path.exists():
        return np.zeros(len(asked), bool)
    known = np.frombuffer(path.read_bytes(), "<u8")
    return np.isin(_digests(asked, salt(layout)), known)


def _digests(texts: Iterable[str], secret: bytes) -> np.ndarray:
    """Hash texts; uint64 (n,)."""
    data = (text.encode("utf-8", "replace") for text in texts)
    return np.frombuffer(b"".join(hashlib.blake2b(one, key=secret, digest_size=8).digest() for one in data), "<u8")
