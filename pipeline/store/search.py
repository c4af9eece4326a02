"""Many byte strings looked for in every file of a store at once, also inside Parquet, gzip, zip and workbooks.

A string is found by its first 12 bytes, hashed at every offset into a table of bits; what the table lets through is
compared (the first step of Rabin and Karp, IBM J. Res. Dev. 31, 1987, over all offsets of a block by numpy).
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import compute as pc

LEAST = 12
"""Bytes of a string at the least."""
_BITS = 22
_BLOCK = 1 << 18
_LARGEST = 8 << 30
"""Bytes of a file once unpacked that are looked through."""
_ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_NAMES = re.compile(rb"(?<![A-Za-z0-9_])([A-Za-z0-9_.\-]{1,60}):([A-Za-z0-9_.:/@\-]{1,300})")
_WORD = {bytes([byte]) for byte in b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"}
_RUNNING = "surface"
"""The column whose cells, one after the other, are a text."""


class Strings:
    """What is looked for: texts of LEAST bytes or more anywhere, and names as whole words or as whole cells."""

    def __init__(self, texts: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        """Names of fewer than LEAST bytes are found in text only where they are of the form ``network:id``."""
        self._names = {name.encode("utf-8", "replace") for name in names}
        whole = {text.encode("utf-8", "replace") for text in texts} | self._names
        self._long: dict[bytes, list[bytes]] = {}
        for data in sorted(whole):
            if len(data) >= LEAST:
                self._long.setdefault(data[:LEAST], []).append(data)
        self._short = {data for data in self._names if len(data) < LEAST and b":" in data}
        self._networks = {data.partition(b":")[0] for data in self._short}
        self._reach = max(400 if self._short else 0, *(len(data) + 2 for data in (*whole, b"")))
        self._table = np.zeros(1 << _BITS, bool)
        for first in self._long:
            self._table[_hashes(first)] = True

    def __len__(self) -> int:
        return sum(map(len, self._long.values())) + len(self._short)

    def find(self, blocks: Iterable[bytes | memoryview]) -> set[str]:
        """Find which of the strings occur in the blocks put together."""
        found, rest, first = set[bytes](), b"", True
        parts = (bytes(block[at : at + _BLOCK]) for block in blocks for at in range(0, len(block), _BLOCK))
        block = next(parts, b"")
        while block:
            after = next(parts, b"")
            data = rest + block
            found |= self._in(data, first, not after)
            rest, block, first = data[-self._reach :], after, first and len(data) <= self._reach
        return {one.decode() for one in found}

    def _in(self, data: bytes, first: bool, last: bool) -> set[bytes]:
        """Find strings in a part; a name that touches an end of it is found in the next part, or was in the last."""
        found: set[bytes] = set()
        if self._long and len(data) >= LEAST:
            for at in np.flatnonzero(self._table[_hashes(data)]).tolist():
                for one in self._long.get(data[at : at + LEAST], ()):
                    if data.startswith(one, at) and (
                        one not in self._names or _apart(data, at, at + len(one), first, last)
                    ):
                        found.add(one)
        if any(network + b":" in data for network in self._networks):
            for match in _NAMES.finditer(data):
                name = match[0].rstrip(b".:-/@")
                if name in self._short and _apart(data, match.start(), match.start() + len(name), first, last):
                    found.add(name)
        return found

    def cells(self, texts: pa.Array) -> set[str]:
        """Find which of the names are a cell of a column."""
        if not self._names:
            return set()
        wanted = pa.array(sorted(one.decode() for one in self._names), texts.type)
        return set(texts.filter(pc.is_in(texts, wanted)).to_pylist())


def _apart(data: bytes, start: int, end: int, first: bool, last: bool) -> bool:
    """Tell whether no letter or digit touches a place, as far as that can be seen here."""
    before = not first if start == 0 else data[start - 1 : start] in _WORD
    after = not last if end == len(data) else data[end : end + 1] in _WORD
    return not (before or after)


def _hashes(data: bytes) -> np.ndarray:
    """Hash the LEAST bytes at each offset; uint64 (len - LEAST + 1,), below 2 ** _BITS."""
    places = len(data) - LEAST + 1
    first, second = (np.ndarray((places,), "<u8", data, offset, (1,)) for offset in (0, LEAST - 8))
    return np.asarray(((first * _ODD[0]) ^ (second * _ODD[1])) >> np.uint64(64 - _BITS))


class Search:
    """Looks through files and remembers how much was looked at."""

    def __init__(self, wanted: Strings) -> None:
        self.wanted = wanted
        self.files = self.stored = self.unpacked = 0
        self.unread: list[Path] = []
        """Files that could not be looked into, only at."""

    def file(self, path: Path) -> set[str]:
        """Find the strings in a file: in its bytes as they are, and in what is packed in them."""
        self.files, self.stored = self.files + 1, self.stored + path.stat().st_size
        with path.open("rb") as file:
            found = self.wanted.find(iter(lambda: file.read(_BLOCK), b""))
            file.seek(0)
            try:
                found |= self._inside(file)
            except (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, lzma.LZMAError, pa.ArrowException):
                self.unread.append(path)
        return found

    def _inside(self, file: IO[bytes]) -> set[str]:
        head = file.read(6)
        file.seek(0)
        if head.startswith(b"PAR1"):
            return self._parquet(file)
        if head.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(file) as archive:
                return set[str]().union(*(self._stream(archive.open(name)) for name in archive.infolist()))
        for magic, opened in _PACKED.items():
            if head.startswith(magic):
                return self._stream(opened(file))
        return set()

    def _stream(self, stream: Any) -> set[str]:
        with stream:
            return self.wanted.find(self._counted(iter(lambda: stream.read(_BLOCK), b"")))

    def _counted(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        size = 0
        for block in blocks:
            size, self.unpacked = size + len(block), self.unpacked + len(block)
            if size > _LARGEST:
                raise ValueError("larger than is looked through")
            yield block

    def _parquet(self, file: IO[bytes]) -> set[str]:
        found, opened = set[str](), pq.ParquetFile(file)
        for group in range(opened.num_row_groups):
            table = opened.read_row_group(group)
            for name in table.column_names:
                for chunk in table[name].chunks:
                    found |= self._column(chunk, name == _RUNNING)
        return found

    def _column(self, array: pa.Array, running: bool = False) -> set[str]:
        kind = array.type
        if pa.types.is_dictionary(kind):
            whole = self._column(array.cast(kind.value_type)) if running else set()
            return whole | self._column(array.dictionary)
        if pa.types.is_list(kind) or pa.types.is_large_list(kind):
            return self._column(array.flatten())
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            return set()
        data = array.buffers()[2]
        self.unpacked += data.size if data else 0
        return self.wanted.cells(array) | (self.wanted.find([memoryview(data)]) if data else set())


_PACKED: dict[bytes, Any] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": lambda file: pa.CompressedInputStream(pa.PythonFile(file), "zstd"),
}
"""First bytes -> what opens it."""


def files(root: Path, leave_out: Collection[Path] = ()) -> Iterator[Path]:
    """Name every file of a store, hidden ones too, in order."""
    yield from (path for path in sorted(root.rglob("*")) if path.is_file() and path not in leave_out)
