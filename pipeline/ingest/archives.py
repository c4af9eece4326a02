"""The files inside a .zip or .tar archive, one after the other, as streams; their names are only ever shown."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, cast
from zoneinfo import ZoneInfo

from pipeline.errors import InputError
from pipeline.ingest import times
from pipeline.ingest.source import DAMAGE, Budget, Readable, Source, damaged, printable

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_UNSET = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Entry:
    """A file in an archive."""

    name: str
    """Its name in the archive, for showing."""
    modified: int | None
    """Microseconds since the epoch, UTC; None where the archive does not say."""
    source: Source


class _Unreadable:
    """In place of a member that cannot be opened: says so when it is read."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def read(self, size: int = -1, /) -> bytes:
        raise self._error


def opened_zip(stream: IO[bytes], name: str) -> zipfile.ZipFile:
    """Open a .zip archive. Raises InputError."""
    try:
        stream.seek(0)
        return zipfile.ZipFile(stream)
    except DAMAGE as error:
        raise damaged(name, error) from None


def zipped(archive: zipfile.ZipFile, name: str, zone: ZoneInfo, budget: Budget) -> Iterator[Entry]:
    """Yield the files of a .zip; their times have no zone and are taken as local."""
    for info in archive.infolist():
        if info.is_dir():
            continue
        try:
            stream = cast(Readable, archive.open(info))
        except DAMAGE as error:
            stream = _Unreadable(error)
        shown = printable(info.filename)
        yield Entry(shown, _zip_time(info.date_time, zone), Source(stream, f"{name}/{shown}", budget))


def _zip_time(given: tuple[int, int, int, int, int, int], zone: ZoneInfo) -> int | None:
    try:
        return None if given == _UNSET else times.micros(datetime(*given, tzinfo=zone))
    except ValueError:
        return None


def is_tar(head: bytes) -> bool:
    """Tell a .tar archive by its first block."""
    return head[257:262] == b"ustar"


def tarred(stream: Source, name: str) -> Iterator[Entry]:
    """Yield the files of a .tar stream; each must be read before the next is asked for. Raises InputError."""
    try:
        with tarfile.open(fileobj=cast(IO[bytes], stream), mode="r|") as archive:
            for info in archive:
                content = archive.extractfile(info) if info.isreg() and not info.issparse() else None
                if content is not None:
                    shown = printable(info.name)
                    modified = times.epoch(int(info.mtime))
                    yield Entry(shown, modified, Source(cast(Readable, content), f"{name}/{shown}"))
    except InputError:
        raise
    except DAMAGE as error:
        raise damaged(name, error) from None
