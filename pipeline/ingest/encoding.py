"""Which encoding a file is in, and the file as UTF-8.

Decided in the order byte order mark, 7-bit with or without ISO-2022-JP escapes, UTF-8, then CP932 against EUC-JP by
which decodes more lines and which reads more like Japanese. General detectors fail on short Japanese texts.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ISO_2022_JP = re.compile(rb"\x1b(?:\$[@B]|\([JI])")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\v\x1b"))
_COMMON = re.compile(r"[ぁ-んァ-ヶー、。！？「」・…～〜ｗ（）]")
_KANJI = re.compile(r"[一-龠々]")
_RARE = re.compile(r"[\uff61-\uff9f\ue000-\uf8ff\u0080-\u009f]")
_CP932_UNMAPPED = re.compile("[\x80\uf8f0-\uf8f3]")  # what Python makes of 80 A0 FD FE FF
_JAPANESE = {"cp932": "cp932", "euc_jp": "euc_jp", "iso2022_jp": "iso2022_jp_ext"}

HEAD = 1 << 20
"""Bytes of a file that tell its encoding."""


def detect(head: bytes, complete: bool) -> str | None:
    """Name the encoding of a file from its beginning; None if it is no text.

    ``complete``: the beginning is the whole file, so that its last line is not cut.
    """
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if marked is not None:
        return marked
    if b"\0" in head and (wide := _wide(head)) is not None:
        return wide
    if len(head.translate(None, _CONTROLS)) < 0.95 * len(head):
        return None
    if head.isascii():
        return "iso2022_jp" if _ISO_2022_JP.search(head) else "utf-8"
    lines = [line for line in _whole_lines(head, complete) if not line.isascii()]
    if sum(_decodes(line, "utf-8") for line in lines) * 2 >= len(lines):
        return "utf-8"
    sample = b"\n".join(lines)
    return max("cp932", "euc_jp", key=lambda name: _plausibility(sample.decode(name, "hibi_nec")))


def _whole_lines(head: bytes, complete: bool) -> list[bytes]:
    lines = head.split(b"\n")
    if complete:
        return lines
    # The last line is cut, perhaps within a character; of one line alone, keep what ends in ASCII.
    return lines[:-1] if len(lines) > 1 else [head.rstrip(bytes(range(0x80, 0x100)))]


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: many zero bytes, most of them in the half that is zero for ASCII, and text if so read."""
    if head.count(0) < 0.05 * len(head):
        return None
    best = "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    text = head[: len(head) // 2 * 2].decode(best, "replace")
    return best if sum(c.isprintable() or c.isspace() for c in text) > 0.95 * len(text) else None


def _plausibility(text: str) -> tuple[int, float]:
    """Fewest undecodable bytes first; then the share of kana and kanji, less that of signs of a wrong encoding."""
    common, kanji, rare = (len(pattern.findall(text)) for pattern in (_COMMON, _KANJI, _RARE))
    ascii_ = sum(c.isascii() and c.isprintable() for c in text)
    return -text.count("\ufffd"), (common * 2 + kanji + ascii_ * 0.5 - rare * 3) / max(1, len(text))


def utf8(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Recode a stream to UTF-8 without a mark; what cannot be decoded becomes U+FFFD. UTF-8 itself passes unchanged."""
    yield from unmarked(chunks if encoding == "utf-8" else _recoded(chunks, encoding))


def _recoded(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(_JAPANESE.get(encoding, encoding))("hibi_nec")
    for chunk in chunks:
        text = decoder.decode(chunk)
        yield (_CP932_UNMAPPED.sub("\ufffd", text) if encoding == "cp932" else text).encode("utf-8")
    yield decoder.decode(b"", final=True).encode("utf-8")


def whole(data: bytes) -> bytes | None:
    """Recode a file that is held in memory, as :func:`utf8` does; None if it is no text."""
    encoding = detect(data[:HEAD], len(data) <= HEAD)
    return None if encoding is None else b"".join(utf8(iter([data]), encoding))


def unmarked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Drop the mark that UTF-8 may begin with."""
    yield next((chunk for chunk in chunks if chunk), b"").removeprefix(codecs.BOM_UTF8)
    yield from chunks


def _nec(error: UnicodeError) -> tuple[str, int]:
    """Read NEC's row 13 (①, ㈱), which Windows writes into EUC-JP and ISO-2022-JP, and replace the rest by U+FFFD."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    pair = bytes(byte | 0x80 for byte in error.object[error.start : error.start + 2])
    if error.encoding in ("euc_jp", "iso2022_jp_ext") and pair[:1] == b"\xad" and _decodes(pair, "euc_jis_2004"):
        return pair.decode("euc_jis_2004"), error.start + 2
    return "\ufffd", error.end


codecs.register_error("hibi_nec", _nec)
