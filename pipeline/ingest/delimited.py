"""CSV and TSV (RFC 4180) to numbered rows; a stray quote costs at most its own line, not what follows it."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.ingest.records import RAW_LIMIT, Rejected

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_DELIMITERS = "\t,;"
_LONGEST_LINE = 1 << 20


def delimiter(line: str) -> str | None:
    """Tell the separator of a header line: the one that stands in it most often outside quotes."""
    bare = "".join(line.split('"')[::2])
    best = max(_DELIMITERS, key=bare.count)
    return best if best in bare else None


class TooLong(str):
    """The beginning of a line that is too long to be kept."""


class _Chunks(io.RawIOBase):
    """An iterator of byte strings as a raw file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._left = chunks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left = memoryview(chunk)
        room = memoryview(buffer).cast("B")
        size = min(len(room), len(self._left))
        room[:size], self._left = self._left[:size], self._left[size:]
        return size


def lines(chunks: Iterator[bytes]) -> Iterator[str]:
    """Split UTF-8 at CR, LF or CRLF, ends kept, as newlines inside quotes belong to the text.

    Of a line beyond 1 MiB its beginning comes, as a TooLong.
    """
    buffered = io.BufferedReader(_Chunks(chunks), 1 << 16)
    text = io.TextIOWrapper(buffered, encoding="utf-8", errors="replace", newline="")
    while line := text.readline(_LONGEST_LINE):
        if len(line) < _LONGEST_LINE or line.endswith(("\n", "\r")):
            yield line
            continue
        while (more := text.readline(_LONGEST_LINE)) and not more.endswith(("\n", "\r")):
            pass
        yield TooLong(line[:RAW_LIMIT])


class _Feed:
    """Lines for the parser, counted, those of the row being read kept."""

    def __init__(self, source: Iterator[str]) -> None:
        self._source, self._again = source, deque[str]()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._source)
        self.taken.append(line)
        self.number += 1
        if isinstance(line, TooLong):
            raise csv.Error("a line that is too long")
        return line

    def keep_first(self) -> str:
        """Take back all lines of the row but its first, and return that."""
        self._again.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1
        return self.taken[0]


def rows(source: Iterator[str], separator: str) -> Iterator[tuple[int, list[str]] | Rejected]:
    """Yield (number of the row's first line, fields).

    Where quotes do not pair up, the row's first line is taken alone with its quotes as they are: a row if it has as
    many fields as the first one, a Rejected if not; reading goes on with the next line.
    """
    feed, width = _Feed(source), 0
    parser = csv.reader(feed, delimiter=separator, strict=True)
    while True:
        feed.taken, start = [], feed.number + 1
        try:
            row = next(parser)
        except StopIteration:
            return
        except csv.Error as error:
            line = feed.keep_first()
            if isinstance(line, TooLong):
                yield Rejected(start, f"longer than {_LONGEST_LINE >> 20} MiB", line)
                continue
            row = line.rstrip("\r\n").split(separator)
            if len(row) != width:
                yield Rejected(start, f"quotes that do not pair up: {error}", line[:RAW_LIMIT])
                continue
        width = width or len(row)
        yield start, row
