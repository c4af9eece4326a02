"""How words of a part of speech stand in UniDic: context ids, costs and features, taken from a word that it knows.

A user's word is entered the way a known word of its kind is: バズる like サボる, エモい like ヤバい, in every form. The
entries are read from ``sys.dic`` (its layout is told in :mod:`pipeline.text.lexicon`), as MeCab alone would show only
the forms that some sentence asks for.
"""

from __future__ import annotations

import csv
import mmap
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.errors import DictionaryError
from pipeline.text.lexicon import HEADER, TOKEN

POS = slice(0, 4)
CTYPE, CFORM, LFORM, LEMMA, ORTH, PRON, ORTH_BASE, PRON_BASE, GOSHU = range(4, 13)
KANA, KANA_BASE, FORM, FORM_BASE = range(17, 21)
"""Fields of UniDic's features, by the numbers in its ``dicrc``."""


class Form(NamedTuple):
    """One entry of the dictionary."""

    left: int
    right: int
    cost: int
    fields: tuple[str, ...]


STATIC = {
    "名詞": ("カメラ", "名詞,普通名詞,一般,*"),
    "サ変名詞": ("キャンプ", "名詞,普通名詞,サ変可能,*"),
    "固有名詞": ("ソニー", "名詞,固有名詞,一般,*"),
    "組織名": ("ソニー", "名詞,固有名詞,一般,*"),
    "人名": ("ディズニー", "名詞,固有名詞,人名,一般"),
    "地名": ("東京", "名詞,固有名詞,地名,一般"),
    "形状詞": ("シンプル", "形状詞,一般,*,*"),
    "副詞": ("めっちゃ", "副詞,*,*,*"),
    "感動詞": ("おはよう", "感動詞,一般,*,*"),
}
"""Part of speech as users write it -> a known word of it, and its first four fields."""

_ROWS = {
    "ア": ("考える", "率いる"),
    "カ": ("受ける", "起きる"),
    "ガ": ("投げる", ""),
    "サ": ("任せる", ""),
    "ザ": ("混ぜる", "感じる"),
    "タ": ("捨てる", "落ちる"),
    "ダ": ("撫でる", ""),
    "ナ": ("重ねる", ""),
    "バ": ("食べる", "浴びる"),
    "マ": ("決める", "試みる"),
    "ラ": ("流れる", "借りる"),
}
"""Row of the syllable before る -> verbs of the lower (-eru) and of the upper (-iru) one-row conjugation."""
_SYLLABLES = {
    "エイ": "ア",
    "ケキ": "カ",
    "ゲギ": "ガ",
    "セシ": "サ",
    "ゼジ": "ザ",
    "テチ": "タ",
    "デヂ": "ダ",
    "ネニ": "ナ",
    "ベビ": "バ",
    "メミ": "マ",
    "レリ": "ラ",
}
_FIVE_ROWS = {
    "る": "サボる",
    "く": "書く",
    "ぐ": "泳ぐ",
    "す": "話す",
    "つ": "待つ",
    "ぬ": "死ぬ",
    "ぶ": "遊ぶ",
    "む": "読む",
    "う": "買う",
}
ADJECTIVE = "ヤバい"


def verb(word: str, reading: str, kind: str) -> str | None:
    """Name a verb that conjugates like ``word``; None if there is none.

    ``kind`` is 動詞, 動詞-五段 or 動詞-一段. Without a class, る after an i or e is taken for one-row (映える), else
    for five-row (バズる).
    """
    if word[-1:] == "る" and kind != "動詞-五段":
        for syllables, row in _SYLLABLES.items():
            if reading[-2:-1] in syllables and len(reading) > 1:
                return _ROWS[row][syllables.index(reading[-2])] or None
    return None if kind == "動詞-一段" else _FIVE_ROWS.get(word[-1:])


@lru_cache(maxsize=64)
def forms(dicdir: Path, base: str, pos: str) -> tuple[Form, ...]:
    """Read the entries whose base form is ``base`` and whose features start with ``pos``, in order of form.

    Raises DictionaryError where the dictionary has none.
    """
    raw, tokens, start = _open(dicdir)
    found = _features(raw, start, base, pos)
    rows = tokens[np.isin(tokens["feature"], list(found))]
    entries = {Form(int(t["left"]), int(t["right"]), int(t["cost"]), found[int(t["feature"])]) for t in rows}
    if not entries:
        raise DictionaryError(
            f"{dicdir}: has no entry for {base}, which user words are modelled on; reinstall unidic-lite"
        )
    return tuple(sorted(entries, key=lambda form: (form.fields, form.left)))


@lru_cache(maxsize=1)
def _open(dicdir: Path) -> tuple[mmap.mmap, np.ndarray, int]:
    """Map ``sys.dic``; its tokens, and the place where its features begin."""
    with (dicdir / "sys.dic").open("rb") as file:
        raw = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    header = HEADER.unpack_from(raw)
    start = HEADER.size + header[6]
    return raw, np.frombuffer(raw, TOKEN, header[7] // TOKEN.itemsize, start), start + header[7]


def _features(raw: mmap.mmap, start: int, base: str, pos: str) -> dict[int, tuple[str, ...]]:
    """Find features by base form; key: offset from ``start``."""
    needle, found = f",{base},".encode(), {}
    at = raw.find(needle, start)
    while at >= 0:
        begin, end = raw.rfind(b"\0", start - 1, at) + 1, raw.find(b"\0", at)
        fields = next(csv.reader([raw[max(begin, start) : end].decode()]))
        if fields[ORTH_BASE] == base and ",".join(fields).startswith(pos):
            found[max(begin, start) - start] = tuple(fields)
        at = raw.find(needle, end)
    return found
