"""Lines of a stream, split at byte 0A and nowhere else, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

LONGEST = 16 << 20
_SHOWN = 8_192


class TooLong(bytes):
    """The beginning of a line that is too long to be kept."""


def split(chunks: Iterator[bytes], longest: int = LONGEST, before: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield (number, line without its end); a line beyond ``longest`` bytes comes as a TooLong.

    Numbers go on from ``before``, the lines that came earlier in the file.
    """
    number, tail, dropped = before, b"", None
    for chunk in chunks:
        lines = (tail + chunk).split(b"\n")
        tail = lines.pop()
        if dropped is not None and lines:
            number += 1
            yield number, dropped
            dropped = None
            del lines[0]
        for line in lines:
            number += 1
            yield number, line.removesuffix(b"\r") if len(line) <= longest else TooLong(line[:_SHOWN])
        if dropped is not None:
            tail = b""
        elif len(tail) > longest:
            dropped, tail = TooLong(tail[:_SHOWN]), b""
    last = tail if dropped is None else dropped
    if last:
        yield number + 1, last
