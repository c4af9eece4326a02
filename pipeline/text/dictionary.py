"""The user's words: a CSV list -> entries of a MeCab user dictionary, in the manner of UniDic's own.

A row is word, reading, part of speech, and, if wanted, the preferred form (the lemma that tables group by).
"""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import DictionaryError, SettingsError
from pipeline.text import exemplars, listfile
from pipeline.text.costs import Price
from pipeline.text.exemplars import Form
from pipeline.text.folding import fold
from pipeline.text.lexicon import FIELDS

SHIPPED = listfile.SHIPPED / "words.csv"
"""The starter list."""
PARTS_OF_SPEECH = (*exemplars.STATIC, "形容詞", "動詞", "動詞-五段", "動詞-一段")

LONGEST = 64
"""Characters of a word; MeCab's compiler reads lines of 8 KiB, and a feature repeats the word many times."""
_HEADER = frozenset({"word", "単語", "語"})
_READING = re.compile("[ァ-ヺー・ ]+")
TO_KATAKANA = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}


@dataclass(frozen=True)
class UserWord:
    """One row of a list, folded as posts are."""

    word: str
    reading: str
    part_of_speech: str
    preferred: str = ""


@dataclass(frozen=True)
class Entry:
    """One line of a MeCab user dictionary; ``feature`` is a UniDic line of 26 fields."""

    surface: str
    left: int
    right: int
    cost: int
    feature: str


def read_words(path: Path) -> list[UserWord]:
    """Read a list. Raises SettingsError naming file, line, column and what to do."""
    words: dict[tuple[str, str], int] = {}
    result = []
    for line, row in listfile.read_rows(path, _HEADER):
        where = f"{path}, line {line}"
        if not 3 <= len(row) <= 4:
            raise SettingsError(f"{where}: has {len(row)} columns; write word, reading, part of speech, preferred form")
        word = _word(row, where)
        first = words.setdefault((word.word, word.part_of_speech), line)
        if first != line:
            raise SettingsError(f"{where}, column 1 (word): {word.word} stands on line {first} already; remove one")
        result.append(word)
    return result


def _word(row: list[str], where: str) -> UserWord:
    word, reading, kind = (fold(cell) for cell in row[:3])
    preferred = fold(row[3]) if len(row) > 3 else ""
    for column, name, text in ((1, "word", word), (4, "preferred form", preferred)):
        if len(text) > LONGEST or "\n" in text:
            raise SettingsError(f"{where}, column {column} ({name}): longer than {LONGEST} characters or several lines")
    if not word:
        raise SettingsError(f"{where}, column 1 (word): empty; write the word as it stands in posts")
    reading = (reading or word).translate(TO_KATAKANA)
    if not _READING.fullmatch(reading) or len(reading) > 2 * LONGEST:
        raise SettingsError(
            f"{where}, column 2 (reading): {reading[:LONGEST]!r} is not katakana; write the reading, as in スマホ"
        )
    if kind not in PARTS_OF_SPEECH:
        raise SettingsError(
            f"{where}, column 3 (part of speech): {kind[:LONGEST]!r} is none of {'、'.join(PARTS_OF_SPEECH)}"
        )
    if kind == "形容詞" and not (word.endswith("い") and reading.endswith("イ")):
        raise SettingsError(f"{where}, column 1 (word): an adjective (形容詞) ends in い; 〜な words are 形状詞")
    if kind.startswith("動詞") and exemplars.verb(word, reading, kind) is None:
        raise SettingsError(
            f"{where}, column 1 (word): {word} is no dictionary form of a verb; for 〜する give the noun as サ変名詞"
        )
    return UserWord(word, reading, kind, preferred)


def entries(words: Sequence[UserWord], dicdir: Path) -> list[Entry]:
    """Make every form of every word, in order; a word given again (the user's after the shipped) replaces the first.

    Raises DictionaryError where ``dicdir`` is not UniDic as we know it.
    """
    latest = {(word.word, word.part_of_speech): word for word in words}
    price = Price(dicdir)
    made: dict[tuple[str, str, int], Entry] = {}
    for word in latest.values():
        for form, surface, fields in _forms(word, dicdir):
            cost = price.of(surface, form, word.part_of_speech)
            entry = Entry(surface, form.left, form.right, cost, _line(fields))
            made.setdefault((surface, entry.feature, form.left), entry)
    return list(made.values())


def _forms(word: UserWord, dicdir: Path) -> list[tuple[Form, str, list[str]]]:
    static = exemplars.STATIC.get(word.part_of_speech)
    if static:
        form = exemplars.forms(dicdir, *static)[0]
        return [(form, surface, _fields(word, form, surface, word.reading)) for surface in _spellings(word.word)]
    if word.part_of_speech == "形容詞":
        model, pos = exemplars.ADJECTIVE, "形容詞,一般"
    else:
        model, pos = exemplars.verb(word.word, word.reading, word.part_of_speech) or "", "動詞,一般"
    stem, made = model[:-1], []
    for form in exemplars.forms(dicdir, model, pos):
        spoken = form.fields[exemplars.KANA_BASE][:-1]  # アカ of アカイ
        if form.fields[exemplars.KANA].startswith(spoken):  # not 赤え, アケエ
            surface = word.word[:-1] + form.fields[exemplars.ORTH].removeprefix(stem)
            kana = word.reading[:-1] + form.fields[exemplars.KANA].removeprefix(spoken)
            made.append((form, surface, _fields(word, form, surface, kana)))
    return made


def _fields(word: UserWord, form: Form, surface: str, kana: str) -> list[str]:
    fields = ["*"] * FIELDS
    fields[: exemplars.LFORM] = form.fields[: exemplars.LFORM]
    fields[exemplars.LEMMA] = word.preferred or word.word
    fields[exemplars.ORTH], fields[exemplars.ORTH_BASE] = surface, word.word
    for spoken in (exemplars.PRON, exemplars.KANA, exemplars.FORM):
        fields[spoken] = kana
    for base in (exemplars.LFORM, exemplars.PRON_BASE, exemplars.KANA_BASE, exemplars.FORM_BASE):
        fields[base] = word.reading
    return fields


def _spellings(word: str) -> list[str]:
    """TikTok is also written tiktok and TIKTOK; short ones (AI, PV) are taken as they are."""
    letters = sum(sign.isascii() and sign.isalnum() for sign in word)
    folded = [word.lower(), word.upper()] if letters > 2 else []
    return list(dict.fromkeys([word, *folded]))


def _line(fields: Sequence[str | int]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()


def compile(entries: Sequence[Entry], dicdir: Path, out: Path) -> None:
    """Compile entries to a MeCab user dictionary at ``out``; same entries, same bytes.

    MeCab's compiler prints to the terminal and ends the process at an error, so it runs in one of its own.
    Raises DictionaryError with its last words.
    """
    if not entries:
        raise DictionaryError("no words to compile; leave the user dictionary away")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "words.csv"), Path(folder, "user.dic")
        lines = (f"{_line([e.surface, e.left, e.right, e.cost])},{e.feature}\n" for e in entries)
        source.write_text("".join(lines), encoding="utf-8", newline="")
        arguments = f'compile -f utf8 -t utf8 -d "{dicdir}" -u "{target}" "{source}"'
        code = "import sys, fugashi; fugashi.build_dictionary(sys.argv[1])"
        run = subprocess.run([sys.executable, "-c", code, arguments], capture_output=True, timeout=600, check=False)
        if run.returncode or not target.is_file():
            said = (run.stderr or run.stdout).decode(errors="replace").strip().splitlines()
            raise DictionaryError(f"the user's words cannot be compiled: {said[-1] if said else run.returncode}")
        out.write_bytes(target.read_bytes())
