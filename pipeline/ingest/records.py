"""What a reader yields: one record for each row, line or item of a file, so that everything read can be counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

RAW_LIMIT = 2_000
"""Characters of a rejected row that are kept."""


class Unusable(Exception):
    """A row that no post can be made of; its text is the reason. Never leaves this package: it becomes a Rejected."""


@dataclass(slots=True)
class Post:
    """A post as its network gave it; times in microseconds since the epoch, UTC."""

    post_id: str
    """The network and its own id, ``x:1774451579810742273``."""
    source: str
    """The format that the post was read from."""
    author: str | None
    created_at: int
    text: str
    """As a person sees it: entities unescaped, markup turned to text, nothing else changed."""
    line: int
    """Line (of lines and sheets) or item (of one JSON document), from 1."""
    lang: str | None = None
    is_repost: bool = False
    repost_of: str | None = None
    """The network's own id, as are ``reply_to`` and ``quote_of``."""
    reply_to: str | None = None
    quote_of: str | None = None
    urls: list[str] | None = None
    """None where the format does not tell them apart from the text."""
    hashtags: list[str] | None = None
    """None where the format does not tell them apart from the text."""
    warning: str | None = None
    """Content warning, spoiler text or subject line."""
    flags: list[str] = field(default_factory=list)
    """created_at=id, created_at=estimated, text=truncated, text=repaired."""
    edited_at: int | None = None
    collected_at: int | None = None
    """Only where the record itself tells."""


@dataclass(slots=True)
class Run:
    """Posts of one network that follow one another, by column: what a Post of each would tell."""

    columns: Mapping[str, pa.Array]
    """As COLLECTED, but for the author, who stands here as the network has it; null where one is missing."""

    def __len__(self) -> int:
        return len(self.columns["post_id"])


@dataclass(slots=True)
class Removal:
    """A notice that a post (``post_id``) or a whole account (``author``, raw) was deleted."""

    post_id: str | None
    author: str | None
    removed_at: int | None
    """Microseconds since the epoch, UTC; None where the notice does not say."""
    line: int
    network: str


@dataclass(slots=True)
class Rejected:
    """A row that should be a post and cannot be used."""

    line: int
    reason: str
    raw: str
    """The row as text, at most RAW_LIMIT characters."""


@dataclass(slots=True)
class Skipped:
    """A row that is no post, or one that a rule leaves out."""

    line: int
    rule: str
    """private, tombstone, notice, blank or header."""


Record = Post | Run | Removal | Rejected | Skipped
