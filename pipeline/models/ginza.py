"""Word vectors of a spaCy vocabulary on disk, such as the package ja-ginza holds, read without spaCy.

``strings.json`` lists strings, ``key2row`` (MessagePack) maps a string's 64-bit hash to a row, ``vectors`` is a NumPy
array; many words share a row, as the table was pruned to the nearest 20,000. The hash is MurmurHash64A, seed 1
(Austin Appleby, MurmurHash2.cpp), as in spaCy's ``strings.pyx``.
"""

from __future__ import annotations

import importlib.util
import json
import struct
from pathlib import Path

import numpy as np

from pipeline.errors import InputError

_MIX, _MASK, _SHIFT = 0xC6A4A7935BD1E995, (1 << 64) - 1, 47
_SIZES = {0xCC: "B", 0xCD: "H", 0xCE: "I", 0xCF: "Q"}
"""MessagePack's unsigned integers; smaller ones are a byte of their own."""


def read(folder: Path | None = None) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Read a folder ``vocab`` of a spaCy model, or that of ja-ginza.

    Returns words, the row of each, int32 (words,), and float32 (rows, width). Raises InputError where the package is
    missing or the folder not as we know it.
    """
    folder = folder or _folder()
    try:
        strings = json.loads((folder / "strings.json").read_text(encoding="utf-8"))
        rows = _key_to_row((folder / "key2row").read_bytes())
        matrix = np.load(folder / "vectors", allow_pickle=False)
    except (OSError, ValueError, IndexError, KeyError, struct.error) as error:
        raise InputError(f"{folder}: not a vocabulary of spaCy with vectors as we know it ({error})") from error
    found = {text: row for text in strings if (row := rows.get(string_hash(text.encode("utf-8")), -1)) >= 0}
    places = np.fromiter(found.values(), np.int32, len(found))
    return list(found), places, np.asarray(matrix, np.float32)


def _folder() -> Path:
    spec = importlib.util.find_spec("ja_ginza")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for folder in sorted(Path(place).glob("ja_ginza-*/vocab")):
            return folder
    raise InputError(
        "the recipe wants the vectors of the package ja-ginza, which is not installed: pip install --no-deps ja-ginza, "
        "or take the recipe of the same name without -ginza"
    )


def string_hash(text: bytes) -> int:
    """Compute MurmurHash64A of bytes with seed 1."""
    size = len(text)
    value = (1 ^ (size * _MIX)) & _MASK
    whole = size // 8
    for word in struct.unpack_from(f"<{whole}Q", text):
        mixed = word * _MIX & _MASK
        mixed = (mixed ^ (mixed >> _SHIFT)) * _MIX & _MASK
        value = (value ^ mixed) * _MIX & _MASK
    if rest := text[8 * whole :]:
        value = (value ^ int.from_bytes(rest, "little")) * _MIX & _MASK
    value = (value ^ (value >> _SHIFT)) * _MIX & _MASK
    return value ^ (value >> _SHIFT)


def _key_to_row(data: bytes) -> dict[int, int]:
    """Read a MessagePack map of unsigned integers to integers."""
    kind = data[0]
    if kind == 0xDF:
        count, at = struct.unpack_from(">I", data, 1)[0], 5
    elif kind == 0xDE:
        count, at = struct.unpack_from(">H", data, 1)[0], 3
    else:
        count, at = kind & 0x0F, 1
    numbers = []
    for _ in range(2 * count):
        kind = data[at]
        at += 1
        if kind < 0x80:
            numbers.append(kind)
        elif kind >= 0xE0 or kind in (0xD0, 0xD1, 0xD2, 0xD3):  # negative: no row
            at += {0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}.get(kind, 0)
            numbers.append(-1)
        else:
            code = ">" + _SIZES[kind]
            numbers.append(struct.unpack_from(code, data, at)[0])
            at += struct.calcsize(code)
    return dict(zip(numbers[::2], numbers[1::2], strict=True))
