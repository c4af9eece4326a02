"""What is known of a file apart from its content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from pipeline.settings import Source


@dataclass(frozen=True)
class Note:
    """The full text of a long X post, which archives keep in a file of its own."""

    created_at: int
    text: str
    urls: list[str]
    hashtags: list[str]


@dataclass(frozen=True)
class Origin:
    """Where rows come from, as readers need to know it: the settings of its source, and what lies beside it."""

    name: str
    """The file's own name, without folders."""
    zone: ZoneInfo
    """Zone of times without an offset."""
    private: bool = False
    """Keep posts that are not public."""
    network: str | None = None
    author: str | None = None
    server: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    time_format: str | None = None
    serial_dates: bool = False
    account: str | None = None
    """Whose X archive it is."""
    notes: tuple[Note, ...] = ()
    """Long posts of an X archive."""
    recoded: bool = False
    """The file was not in UTF-8, so that U+FFFD in it is a repair."""


def of(name: str, source: Source, zone: ZoneInfo, private: bool) -> Origin:
    """Return the origin of a file by the settings of its source; ``zone`` is the store's."""
    own = ZoneInfo(source.timezone) if source.timezone else zone
    told = (source.network, source.author, source.server, source.columns, source.time_format, source.serial_dates)
    return Origin(name, own, private, *told)
