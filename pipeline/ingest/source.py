"""Bytes of a file or of a member of an archive, unpacked on the way and bounded in size."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol, cast

from pipeline.errors import InputError

CHUNK = 1 << 18
_STEP = 1 << 14
"""Bytes asked for at once: a member of a .tar gives nothing of a step that damage falls into."""
_FREE = 64 << 20
_RATIO = 100
DAMAGE = (
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
    # What these libraries raise on hostile headers, encrypted members and unknown methods:
    ValueError,
    LookupError,
    OverflowError,
    RuntimeError,
    MemoryError,
)


class Readable(Protocol):
    """What gives bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most ``size`` bytes; none at the end."""
        ...


class Budget:
    """Bytes that may come out of a packed file: 64 MiB, or 100 times its size if that is more; posts pack 5 to 40."""

    def __init__(self, name: str, packed: int) -> None:
        self._name = name
        self._left = max(_FREE, _RATIO * packed)

    def spend(self, size: int) -> None:
        """Count bytes that came out. Raises InputError beyond the limit."""
        self._left -= size
        if self._left < 0:
            raise InputError(
                f"{self._name}: unpacks to more than {_RATIO} times its size; unpack it by hand if it is safe"
            )


class Source:
    """A stream with a beginning that can be looked at, and damage that shows only when reading gets there."""

    def __init__(self, stream: Readable, name: str, budget: Budget | None = None) -> None:
        self.name = name
        self._stream = stream
        self._budget = budget
        self._kept = b""
        self._ended = False
        self._damage: InputError | None = None

    def head(self, size: int) -> bytes:
        """Return the first ``size`` bytes, less if there are no more or if damage comes first."""
        while len(self._kept) < size and not self._ended:
            self._kept += self._read(max(CHUNK, size - len(self._kept)))
        return self._kept[:size]

    @property
    def complete(self) -> bool:
        """Whether all bytes have been looked at."""
        return self._ended

    @property
    def damage(self) -> InputError | None:
        """The damage that ended what has been looked at, if any."""
        return self._damage

    def chunks(self) -> Iterator[bytes]:
        """Give all bytes once, from the beginning. Raises InputError at damage, after what came before it."""
        if self._kept:
            kept, self._kept = self._kept, b""
            yield kept
        while not self._ended:
            yield self._read(CHUNK)
        if self._damage is not None:
            raise self._damage

    def read(self, size: int = -1, /) -> bytes:
        """Read on as from a file. Raises InputError at damage."""
        while (size < 0 or len(self._kept) < size) and not self._ended:
            self._kept += self._read(CHUNK)
        cut = len(self._kept) if size < 0 else size
        taken, self._kept = self._kept[:cut], self._kept[cut:]
        if not taken and self._damage is not None:
            raise self._damage
        return taken

    def _read(self, size: int) -> bytes:
        """Read about ``size`` bytes in small steps, so that as little as possible is lost to damage."""
        parts: list[bytes] = []
        step = getattr(self._stream, "read1", self._stream.read)
        while size > 0 and not self._ended:
            try:
                part = step(min(size, _STEP))
                if self._budget is not None:
                    self._budget.spend(len(part))
            except InputError as error:
                self._end(error)
            except DAMAGE as error:
                self._end(damaged(self.name, error))
            else:
                self._ended = not part
                parts.append(part)
                size -= len(part)
        return b"".join(parts)

    def _end(self, damage: InputError) -> None:
        self._ended, self._damage = True, damage


def damaged(name: str, error: BaseException) -> InputError:
    """Return the error for a file that a library could not read on."""
    said = printable(str(error)) or type(error).__name__
    return InputError(f"{name}: damaged or encrypted ({said}); fetch it again")


def unpacked(source: Source, budget: Budget) -> Source:
    """Return the stream inside a gzip, bzip2 or xz stream; any other is returned as it is."""
    head = source.head(6)
    stream = cast(IO[bytes], source)
    if head.startswith(b"\x1f\x8b"):
        return Source(cast(Readable, gzip.GzipFile(fileobj=stream)), source.name, budget)
    if head.startswith(b"BZh") and head[3:4] in b"123456789":
        return Source(cast(Readable, bz2.BZ2File(stream)), source.name, budget)
    if head == b"\xfd7zXZ\0":
        return Source(cast(Readable, lzma.LZMAFile(stream)), source.name, budget)
    return source


def printable(name: str) -> str:
    """Return a name for showing: a name out of an archive is never used as a path."""
    return "".join(c if c.isprintable() else "\ufffd" for c in name)


def opened(path: Path) -> IO[bytes]:
    """Open a regular file. Raises InputError."""
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{printable(str(path))}: cannot be read ({error.strerror})") from error
