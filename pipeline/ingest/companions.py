"""What belongs to an X archive but lies in files of its own: whose it is, and its long posts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from pipeline.ingest import json_values, x_archive
from pipeline.ingest.encoding import detect, utf8
from pipeline.ingest.origin import Note
from pipeline.ingest.recognise import Owner, text_head, whole
from pipeline.ingest.source import Budget, Source, opened, printable, unpacked

_COMPANIONS = 50
"""Files of a folder that are looked into."""
_BEGINNING = 4_096
_KINDS = ("account", "note_tweet")


def companions(path: Path) -> list[Path]:
    """Return the files of the same folder that change how this one is read: account and long posts of an X archive.

    Found by what is in them, among the files whose names tell of accounts or notes; where the folder has more than
    one archive, those whose names begin most like this one's. Empty for any other file.
    """
    if not path.is_file() or _kind(path) != "tweets":
        return []
    others = sorted(p for p in path.parent.iterdir() if p != path and may_belong(p.name) and p.is_file())
    found: dict[str, list[Path]] = {kind: [] for kind in _KINDS}
    for other in others[:_COMPANIONS]:
        found.get(_kind(other) or "", []).append(other)
    return sorted(p for kind in found.values() for p in _likest(path.name, kind))


def may_belong(name: str) -> bool:
    """Tell by its name whether a file is worth a look."""
    base = PurePosixPath(name).name.lower()
    return "account" in base or ("note" in base and "tweet" in base)


def _likest(name: str, paths: list[Path]) -> list[Path]:
    alike = {path: _common(name, path.name) for path in paths}
    return [path for path in paths if alike[path] == max(alike.values())]


def _common(one: str, other: str) -> int:
    """Count the signs with which both names begin."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def beside(path: Path) -> Iterator[Source]:
    """Open the companions of a file, one after the other."""
    for other in companions(path):
        with opened(other) as handle:
            yield reopened(other, handle)


def reopened(path: Path, handle: IO[bytes]) -> Source:
    """Return a file's content once more from its beginning, unpacked."""
    name = printable(path.name)
    return unpacked(Source(handle, name), Budget(name, os.fstat(handle.fileno()).st_size))


def _kind(path: Path) -> str | None:
    with opened(path) as handle:
        source = reopened(path, handle)
        head = source.head(_BEGINNING)
        code = detect(head, source.complete)
        return None if code is None else x_archive.kind(b"".join(utf8(iter([head]), code)))


def owner(sources: Iterable[Source]) -> Owner:
    """Read account and long posts; where several accounts are found, none is taken. Raises InputError."""
    accounts: set[str] = set()
    notes: list[Note] = []
    for source in sources:
        head, code = text_head(source)
        kind = None if code is None else x_archive.kind(head)
        if code is None or kind not in _KINDS:
            continue
        raw, damage = whole(utf8(source.chunks(), code), source.name)
        if damage is not None:
            raise damage
        value, _ = json_values.parsed(x_archive.payload(raw), source.name)
        if kind == "account":
            accounts.update(filter(None, [x_archive.account(value)]))
        else:
            notes.extend(x_archive.notes(value))
    return accounts.pop() if len(accounts) == 1 else None, tuple(notes)
