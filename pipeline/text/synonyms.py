"""Spellings that tables count as one word: variant -> preferred, by base form."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import SettingsError
from pipeline.text import dictionary, listfile
from pipeline.text.folding import fold

_HEADER = frozenset({"variant", "異表記", "変種"})


def load(path: Path | None, shipped: bool = True) -> dict[str, str]:
    """Read the user's table (CSV: variant, preferred) over the shipped one; chains lead to their end.

    Raises SettingsError naming file and line: not two columns, a word that leads back to itself, or one variant
    with two preferred words.
    """
    table: dict[str, str] = {}
    paths = [listfile.SHIPPED / "synonyms.csv"] if shipped else []
    for each in paths if path is None else [*paths, path]:
        table |= _read(each)
    return {variant: _end(table, variant, path or listfile.SHIPPED) for variant in table}


def _read(path: Path) -> dict[str, str]:
    table: dict[str, str] = {}
    for line, row in listfile.read_rows(path, _HEADER):
        cells = [fold(cell) for cell in row]
        if len(cells) != 2 or not all(cells):
            raise SettingsError(f"{path}, line {line}: needs two columns, variant and preferred")
        variant, preferred = cells
        if len(variant) > (longest := dictionary.LONGEST) or "\n" in variant:
            raise SettingsError(f"{path}, line {line}: a variant has one line of at most {longest} characters")
        if table.setdefault(variant, preferred) != preferred:
            raise SettingsError(f"{path}, line {line}: {variant} stands for {table[variant]} already; keep one of them")
        if variant == preferred:
            raise SettingsError(f"{path}, line {line}: {variant} stands for itself; remove the line")
        _end(table, variant, path, line)
    return table


def _end(table: dict[str, str], variant: str, path: Path, line: int | None = None) -> str:
    seen, word = {variant}, table[variant]
    while word in table:
        if word in seen:
            where = f"{path}, line {line}" if line else str(path)
            raise SettingsError(f"{where}: {variant} leads back to itself through {word}; remove one of the lines")
        seen.add(word)
        word = table[word]
    return word
