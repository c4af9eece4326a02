"""Words left out of tables and clouds (never out of ``counts``), by base form."""

from __future__ import annotations

from pathlib import Path

from pipeline.text import listfile
from pipeline.text.folding import fold


def load(path: Path | None, shipped: bool) -> frozenset[str]:
    """Join the user's list, one word a line, with the shipped one.

    Words are folded as posts are. Raises SettingsError naming the file where it cannot be read.
    """
    paths = [listfile.SHIPPED / "stop_words.txt"] if shipped else []
    if path is not None:
        paths.append(path)
    lines = (fold(line) for each in paths for line in listfile.read_lines(each) if not line.lstrip().startswith("#"))
    return frozenset(line for line in lines if line)
