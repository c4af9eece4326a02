"""MeCab's dictionary in the form that makes tokenising fast: a morpheme is an integer.

MeCab spends as long on writing UniDic's 200-byte features, and Python on splitting and hashing them, as it spends on
analysis. So the dictionary is compiled once into a form where the feature of entry *n* is *n* itself, as four
printable characters (base 90), and a table ``lexicon.arrow`` tells what entry *n* is. The costs are the original's,
only entries that no sentence can choose are left out (:mod:`pipeline.text.pruning`), and the connections stand in
another order (:mod:`pipeline.text.contexts`), so the analysis is the same: a test compares it with plain fugashi.

The layout of ``sys.dic`` (MeCab's ``dictionary.cpp``): ten little-endian uint32 (magic = size ^ 0xef718f77, version,
type, entries, left size, right size, bytes of trie, of tokens, of features, zero), a 32-byte charset, the trie, the
tokens (16 bytes each; the third uint32 is the offset of the feature), the features (NUL-terminated).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.errors import DictionaryError
from pipeline.text import contexts, pruning

ANALYSIS = 5
"""Part of the fingerprint: raised when the same dictionary splits texts otherwise, and stores must be retokenised."""
FORM = 2
"""Raised when what is compiled changes and its analysis does not: it is compiled anew, and stores stay as they are."""

_BASE, _FIRST, _WIDTH = 90, ord("#"), 4
_PAIRS = [chr(_FIRST + n // _BASE) + chr(_FIRST + n % _BASE) for n in range(_BASE**2)]
HEADER = struct.Struct("<10I32s")
_MAGIC = 0xEF718F77
TOKEN = np.dtype([("left", "<u2"), ("right", "<u2"), ("pos", "<u2"), ("cost", "<i2"), ("feature", "<u4"), ("x", "<u4")])
FIELDS = 26
"""Fields of a feature."""
_SHARED = ("char.bin", "dicrc")
_NEEDED = ("sys.dic", "unk.dic", "matrix.bin", *_SHARED)

SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("surface", "base", "lemma", "reading", "pos", "subpos")] + [("width", pa.int32())]
)
"""Columns of ``lexicon.arrow``, one row a morpheme; ``reading`` is null where the dictionary has none, ``width`` the
characters of the surface, spaces apart."""


def width(surface: str) -> int:
    """Count the characters of a surface, spaces apart."""
    return len("".join(surface.split(" ")))


def code(numbers: np.ndarray) -> np.ndarray:
    """Write numbers, shape (n,), as codes, uint8 of shape (n, 4)."""
    places = np.array([_BASE**3, _BASE**2, _BASE, 1])
    return np.asarray(numbers[:, None] // places % _BASE + _FIRST, np.uint8)


def code_of(number: int) -> str:
    """Write one number as its code."""
    return _PAIRS[number // _BASE**2] + _PAIRS[number % _BASE**2]


def decode(codes: bytes) -> np.ndarray:
    """Read a run of codes, 4n bytes, as int32 of shape (n,)."""
    digits = np.frombuffer(codes, np.uint8).reshape(-1, _WIDTH).astype(np.int32) - _FIRST
    return np.asarray(digits @ np.array([_BASE**3, _BASE**2, _BASE, 1], np.int32), np.int32)


@dataclass(frozen=True)
class Lexicon:
    """A compiled dictionary on disk."""

    folder: Path
    fingerprint: str

    @cached_property
    def table(self) -> pa.Table:
        """Every morpheme, by number; memory-mapped, so that workers share it."""
        with pa.memory_map(str(self.folder / "lexicon.arrow")) as source:
            return pa.ipc.open_file(source).read_all()

    @cached_property
    def size(self) -> int:
        """How many morphemes it has."""
        rows: int = self.table.num_rows
        return rows

    @property
    def arguments(self) -> str:
        """Arguments for fugashi's GenericTagger: codes for known words, ``!surface TAB feature`` lines for unknown."""
        user = self.folder / "user.dic"
        words = f' -u "{user}"' if user.exists() else ""
        return f"""-r /dev/null -d "{self.folder}"{words} -O '' -F '%H' -U '!%m\\t%H\\n' -E ''"""


def source_folder() -> Path:
    """The folder of the dictionary that comes by pip. Raises DictionaryError without it."""
    try:
        import unidic_lite
    except ImportError as error:
        raise DictionaryError("the package unidic-lite is missing; install hibi again") from error
    folder = Path(unidic_lite.DICDIR)
    absent = [name for name in _NEEDED if not (folder / name).is_file()]
    if absent:
        raise DictionaryError(f"{folder}: {', '.join(absent)} missing; reinstall the package unidic-lite")
    return folder


def fingerprint(source: Path, words: bytes) -> str:
    """Identify a dictionary and the user's words: what a stored result says that it was made with."""
    return hashlib.sha256(f"{ANALYSIS}:".encode() + _digests(source) + words).hexdigest()[:16]


def source_fingerprint(source: Path) -> str:
    """Identify a dictionary by itself, whatever it is compiled to."""
    return hashlib.sha256(_digests(source)).hexdigest()[:16]


def _digests(source: Path) -> bytes:
    found = []
    for name in ("sys.dic", "unk.dic", "char.bin", "matrix.bin"):
        with (source / name).open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256").digest())
    return b"".join(found)


def compile_lexicon(source: Path, target: Path, user_features: list[str]) -> None:
    """Compile ``source`` (a UniDic folder) into ``target``, which must not exist yet.

    ``user_features`` are the feature lines of the user's words, numbered after the dictionary's own. The caller
    compiles ``user.dic`` for ``source``, with those numbers as features (:func:`user_codes`), and has it adopted.
    """
    header, trie, tokens, features = _read(source / "sys.dic")
    offsets, entry = np.unique(tokens["feature"], return_inverse=True)
    if len(offsets) + len(user_features) >= _BASE**_WIDTH:
        raise DictionaryError("the dictionary has too many entries")
    target.mkdir(parents=True)
    matrix = _matrix(source)
    ranks = contexts.rank(tokens, matrix)
    likeliest = _cheapest_first(entry, tokens["cost"])
    coded = tokens.copy()
    coded["feature"] = np.argsort(likeliest)[entry] * (_WIDTH + 1)
    trie, coded = pruning.prune(trie, coded, matrix)
    contexts.renumber(coded, ranks)
    _write_words(target / "sys.dic", _sized(header, ranks), trie, coded, len(offsets))
    (target / "unk.dic").write_bytes(_renumbered(source / "unk.dic", ranks))
    _write_matrix(target / "matrix.bin", contexts.reorder(matrix, ranks))
    for name in _SHARED:
        _share(source / name, target / name)
    table = _parse(features, user_features)
    rows = np.append(likeliest, np.arange(len(likeliest), table.num_rows))
    _write_table(table.take(pa.array(rows)), target / "lexicon.arrow")


def _matrix(source: Path) -> np.ndarray:
    return pruning.connections(np.memmap(source / "matrix.bin", np.int16, "r"))


def _sized(header: tuple[int, ...], ranks: contexts.Ranks) -> tuple[int, ...]:
    """Give a dictionary the number of contexts, by which MeCab tells whether it fits the table of connections."""
    return (*header[:4], int(ranks.right.max()) + 1, int(ranks.left.max()) + 1, *header[6:])


def _write_words(path: Path, header: tuple[int, ...], trie: bytes, coded: np.ndarray, entries: int) -> None:
    codes = np.zeros((entries, _WIDTH + 1), np.uint8)
    codes[:, :_WIDTH] = code(np.arange(entries))
    size = HEADER.size + len(trie) + coded.nbytes + codes.nbytes
    head = HEADER.pack(size ^ _MAGIC, *header[1:8], codes.nbytes, 0, header[10])
    with path.open("wb") as file:
        file.writelines((head, trie, coded.tobytes(), codes.tobytes()))


def _write_matrix(path: Path, matrix: np.ndarray) -> None:
    after, before = matrix.shape
    with path.open("wb") as file:
        file.writelines((np.array([before, after], "<u2").tobytes(), matrix.tobytes()))


def _cheapest_first(entries: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Order entries by their cheapest token: likely words stand on few pages of memory."""
    cheapest = np.full(entries.max() + 1, np.iinfo(costs.dtype).max)
    np.minimum.at(cheapest, entries, costs)
    return np.argsort(cheapest, kind="stable")


def user_codes(source: Path, count: int) -> list[str]:
    """Codes of ``count`` user words, numbered after the entries of the dictionary in ``source``."""
    _, _, tokens, _ = _read(source / "sys.dic")
    first = len(np.unique(tokens["feature"]))
    return [code_of(number) for number in range(first, first + count)]


def adopt(source: Path, user: Path) -> None:
    """Give a user dictionary that MeCab compiled for ``source`` the compiled lexicon's context numbers, in place."""
    _, _, tokens, _ = _read(source / "sys.dic")
    user.write_bytes(_renumbered(user, contexts.rank(tokens, _matrix(source))))


def _renumbered(path: Path, ranks: contexts.Ranks) -> bytes:
    """Read a small ``.dic`` with other context numbers."""
    header, _, tokens, _ = _read(path)
    raw, place = path.read_bytes()[HEADER.size :], header[6]
    renumbered = tokens.copy()
    contexts.renumber(renumbered, ranks)
    head = HEADER.pack(*_sized(header, ranks))
    return head + raw[:place] + renumbered.tobytes() + raw[place + renumbered.nbytes :]


def _read(path: Path) -> tuple[tuple[int, ...], bytes, np.ndarray, bytes]:
    raw = np.memmap(path, np.uint8, "r")
    header = HEADER.unpack(raw[: HEADER.size].tobytes())
    if header[0] ^ _MAGIC != len(raw):
        raise DictionaryError(f"{path}: damaged; reinstall the package unidic-lite")
    ends = np.cumsum([HEADER.size, *header[6:9]])
    parts = [raw[a:b].tobytes() for a, b in pairwise(ends)]
    return header, parts[0], np.frombuffer(parts[1], TOKEN), parts[2]


def _parse(features: bytes, user_features: list[str]) -> pa.Table:
    """Split feature lines into the lexicon's columns. Fields by name stand in UniDic's ``dicrc``."""
    from pyarrow import csv

    lines = features.replace(b"\0", b"\n") + "".join(line + "\n" for line in user_features).encode()
    names = [str(n) for n in range(FIELDS)]
    table = csv.read_csv(
        pa.BufferReader(lines),
        csv.ReadOptions(column_names=names, block_size=1 << 24),
        csv.ParseOptions(),
        csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), include_columns=["0", "1", "2", "7", "8", "10", "18"]
        ),
    )
    return columns(*(table[name] for name in ("8", "10", "7", "18", "0", "1", "2")))


def columns(
    surface: pa.ChunkedArray, base: pa.ChunkedArray, lemma: pa.ChunkedArray, reading: pa.ChunkedArray,
    pos: pa.ChunkedArray, pos2: pa.ChunkedArray, pos3: pa.ChunkedArray,
) -> pa.Table:  # fmt: skip
    """Make lexicon rows of UniDic's fields, where ``*`` means that there is none."""
    from pyarrow import compute as pc

    def given(field: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.if_else(pc.equal(field, "*"), None, field)

    finer = pc.if_else(pc.equal(pos3, "*"), pos2, pc.binary_join_element_wise(pos2, pos3, "-"))
    return pa.table(
        [
            surface,
            pc.coalesce(given(base), surface),
            pc.coalesce(given(lemma), surface),
            given(reading),
            pos,
            pc.if_else(pc.equal(pos2, "*"), "", finer),
            pc.utf8_length(pc.replace_substring(surface, " ", "")),
        ],
        schema=SCHEMA,
    )


def _write_table(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        writer.write_table(table.combine_chunks())


def _share(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
