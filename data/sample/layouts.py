"""Files without a network: packing, generic lines, a sheet, a board; each function returns a file's bytes."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import zipfile
import zlib
from datetime import UTC, datetime

from posts import JST, Post

_STORED = 0xFFFF


def gzipped(data: bytes) -> bytes:
    """Pack without compressing: compressed bytes differ from one zlib to another, stored ones do not."""
    blocks = [data[i : i + _STORED] for i in range(0, len(data), _STORED)]
    body = b"".join(
        bytes([n == len(blocks) - 1]) + len(b).to_bytes(2, "little") + (len(b) ^ _STORED).to_bytes(2, "little") + b
        for n, b in enumerate(blocks)
    )
    end = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + body + end


def zipped(members: dict[str, bytes]) -> bytes:
    """Pack members, stored, with one fixed date."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, (2024, 1, 15, 9, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def board(title: str, key: int, found: list[tuple[datetime, str, str]]) -> bytes:
    """A 5ch dat: lines of time, poster's ID and text; CP932; an empty text is a post that the board removed."""
    rows = []
    for n, (when, poster, text) in enumerate(found):
        body = html.escape(text, quote=False).replace("\n", " <br> ")
        day, hundredths = "月火水木金土日"[when.weekday()], (key + n * 37) % 100
        stamp = f"{when:%Y/%m/%d}({day}) {when:%H:%M:%S}.{hundredths:02d} ID:{poster}"
        gone = "あぼーん<>あぼーん<>あぼーん<>あぼーん<>あぼーん"
        rows.append(f"名無しさん@汐見板<>sage<>{stamp}<> {body} <>{title if n == 0 else ''}" if text else gone)
    return "\n".join(rows).encode("cp932", errors="xmlcharrefreplace") + b"\n"


def sheet(found: list[tuple[str, str, str, str, str]]) -> bytes:
    """A CP932 sheet with Japanese headers, as a Japanese spreadsheet saves it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(("投稿ID", "ユーザー名", "投稿日時", "本文", "URL"))
    writer.writerows(found)
    return buffer.getvalue().encode("cp932")


def generic(found: list[dict[str, str]], bom: bool = False, crlf: bool = False) -> bytes:
    """Generic lines, one JSON object a line."""
    end = "\r\n" if crlf else "\n"
    text = "".join(json.dumps(row, ensure_ascii=False, separators=(", ", ": ")) + end for row in found)
    return (b"\xef\xbb\xbf" if bom else b"") + text.encode()


def row(post: Post, utc: bool = False, lang: bool = False) -> dict[str, str]:
    """Return a post as a generic line."""
    created = post.when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if utc else post.when.astimezone(JST).isoformat()
    found = {"id": post.id, "author": post.author, "created_at": created, "text": post.text}
    if lang:
        found["lang"] = "ja" if re.search(r"[ぁ-んァ-ヶ一-龥]", post.text) else "en"
    if post.repost_of is not None:
        found["repost_of"] = post.repost_of
    if post.reply_to is not None:
        found["reply_to"] = post.reply_to
    return found
