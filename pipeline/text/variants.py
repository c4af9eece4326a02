"""Synonyms that MeCab would split, as words of the dictionary: a table of synonyms finds whole words only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import fugashi
import pyarrow as pa
from pyarrow import compute as pc

from pipeline.errors import DictionaryError
from pipeline.text import dictionary
from pipeline.text.dictionary import Entry, UserWord

_KANA = re.compile("[ぁ-ゖァ-ヺー]+")
_ADDED_UP = frozenset({"名詞", "接頭辞", "接尾辞"})
"""Parts of speech whose readings make the reading of a compound; 拉麺 is no 拉る (ヘシャゲ) and 麺."""

_STEP, _STEPS = 500, 5
"""What is added to the cost of a variant that breaks a longer word, and how often: it still stands whole alone then."""


def split_words(variants: Iterable[str], dicdir: Path) -> list[UserWord]:
    """Find the variants that the dictionary in ``dicdir`` gives as several words: nouns, in order of spelling.

    What it knows whole, in any form (らーめん, 嬉しく), and what it takes for one unknown word stays as it is.
    """
    parse, found = _parser(dicdir, r"%f[0]\t%f[17]", r"?\t"), []
    for variant in sorted(variants):
        parts = [line.split("\t") for line in parse(variant)]
        if len(parts) > 1:
            found.append(UserWord(variant, _reading(variant, parts), "名詞"))
    return found


def _reading(variant: str, parts: Sequence[Sequence[str]]) -> str:
    """Tell how a compound is read: as written in kana, as its nouns are, else ``*``, UniDic's sign for none."""
    if _KANA.fullmatch(variant):
        return variant.translate(dictionary.TO_KATAKANA)
    if all(pos in _ADDED_UP and _KANA.fullmatch(kana) for pos, kana in parts):
        return "".join(kana for _, kana in parts)
    return "*"


def compile_sparing(
    entries: Sequence[Entry], variants: Iterable[str], surfaces: pa.ChunkedArray, dicdir: Path, out: Path
) -> None:
    """Compile entries, with a variant dearer where the dictionary's longer words would break at it.

    ``surfaces`` are the dictionary's words: そうりょ (僧侶) stays one word where りょ is a variant.
    """
    names = set(variants)
    longer = _whole(_longer(names, surfaces), dicdir)
    for _ in range(_STEPS):
        dictionary.compile(entries, dicdir, out)
        parse = _parser(dicdir, "%m", "%m", f' -u "{out}"')
        broken = {part for word in longer if len(parts := parse(word)) > 1 for part in parts if part in names}
        if not broken:
            return
        entries = [replace(e, cost=e.cost + _STEP) if e.surface in broken else e for e in entries]
    dictionary.compile(entries, dicdir, out)


def _longer(names: set[str], surfaces: pa.ChunkedArray) -> list[str]:
    """Find the dictionary's words that hold one of the names and more."""
    found: set[str] = set()
    ordered = sorted(names)
    for start in range(0, len(ordered), _AT_ONCE):
        pattern = "|".join(map(re.escape, ordered[start : start + _AT_ONCE]))
        found.update(surfaces.filter(pc.match_substring_regex(surfaces, pattern)).to_pylist())
    return sorted(found - names)


_AT_ONCE = 100
"""Names of one regular expression; more would not fit its engine's memory."""


def _whole(words: Sequence[str], dicdir: Path) -> list[str]:
    parse = _parser(dicdir, "%m", "%m")
    return [word for word in words if parse(word) == [word]]


def _parser(dicdir: Path, known: str, unknown: str, user: str = "") -> Callable[[str], list[str]]:
    """Open MeCab to give a line a word, in its format for known and for unknown words. Raises DictionaryError."""
    arguments = rf"""-r /dev/null -d "{dicdir}"{user} -O '' -F '{known}\n' -U '{unknown}\n' -E ''"""
    try:
        parse = fugashi.GenericTagger(arguments).parse
    except RuntimeError as error:
        raise DictionaryError(
            f"{dicdir}: MeCab cannot open it, it is damaged; reinstall the package unidic-lite"
        ) from error
    return lambda text: [line for line in parse(text).split("\n") if line]
