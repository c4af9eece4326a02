"""How these tests read a file: all members, all records."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.ingest.files import members
from pipeline.ingest.records import Post, Record, Run, Skipped
from pipeline.settings import Ingest, Source

FORMATS = Path(__file__).parent.parent / "formats"
TOKYO = ZoneInfo("Asia/Tokyo")
DEFAULT = Ingest()
SERIAL = Ingest(sources=(Source(serial_dates=True),))


def records(path: Path, settings: Ingest = DEFAULT) -> list[Record]:
    return [record for member in members(path, settings, TOKYO) for record in member.records]


def posts(path: Path, settings: Ingest = DEFAULT) -> list[Post]:
    return [record for record in records(path, settings) if isinstance(record, Post)]


def numbers(found: list[Record]) -> list[int]:
    """Tell the lines of records, those of a run included."""
    return [n for r in found for n in (r.columns["line"].to_pylist() if isinstance(r, Run) else [r.line])]


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def lines(path: Path, *values: object) -> Path:
    return write(path, "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values))


def kinds(found: list[Record]) -> Counter[str]:
    return Counter(record.rule if isinstance(record, Skipped) else type(record).__name__ for record in found)


def micros(iso: str) -> int:
    moment = datetime.fromisoformat(iso)
    return int(moment.replace(microsecond=0).timestamp()) * 1_000_000 + moment.microsecond


def expected() -> dict[str, list[dict[str, Any]]]:
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in (FORMATS / "expected.jsonl").read_text("utf-8").split("\n"):
        if line:
            told[json.loads(line)["file"]].append(json.loads(line))
    return told
