"""Texts -> units: words by MeCab (Japanese) or by a simple rule (English), or characters.

Units travel as numbers: the distinct units of a run of texts, and which of them stands where.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from pipeline.errors import DictionaryError
from pipeline.models.recipe import Branch
from pipeline.text import normalise
from pipeline.text.lexicon import Lexicon
from pipeline.text.tokenise import distinct, open_tokeniser

LONGEST = 10_000
"""Characters of a text that are read; MeCab crashes near 190,000."""

_ENGLISH = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]", re.UNICODE)
"""A run of letters or digits, apostrophes inside it; or one sign."""
_ENDS = frozenset("。．.！!？?…")
_POSSESSIVE = re.compile(r"(?<=\w)['’]s$")


@dataclass(frozen=True)
class Units:
    """The units of a run of texts."""

    kinds: list[str]
    """The distinct ones."""
    codes: np.ndarray
    """int32, (units,): which of ``kinds``, text after text."""
    lengths: np.ndarray
    """int32, (texts,): units of each text."""
    forms: tuple[list[str], ...] = ()
    """Other forms of each kind, the nearest first: of a Japanese word the dictionary form and the lemma, of an English
    one that without 's."""

    def lists(self) -> list[list[str]]:
        """Spell the units out, a list a text."""
        ends = np.cumsum(self.lengths).tolist()
        words = [self.kinds[code] for code in self.codes.tolist()]
        return [words[end - size : end] for end, size in zip(ends, self.lengths.tolist(), strict=True)]


def in_pieces(units: Units, longest: int) -> tuple[Units, np.ndarray]:
    """Make several of each text of more than ``longest`` units, cut behind the last end of a sentence that fits.

    Also tells which text each piece is of; int64 (pieces,).
    """
    ends = np.isin(units.codes, [code for code, kind in enumerate(units.kinds) if kind in _ENDS])
    lengths: list[int] = []
    texts: list[int] = []
    for text, (length, end) in enumerate(zip(units.lengths.tolist(), np.cumsum(units.lengths).tolist(), strict=True)):
        left, before = length, len(lengths)
        while left > longest:
            start = end - left
            fitting = np.flatnonzero(ends[start : start + longest])
            lengths.append(int(fitting[-1]) + 1 if len(fitting) else longest)
            left -= lengths[-1]
        lengths.append(left)
        texts += [text] * (len(lengths) - before)
    return replace(units, lengths=np.array(lengths, np.int32)), np.array(texts, np.int64)


def split(texts: Sequence[str], branch: Branch, lexicon: Lexicon | None = None) -> Units:
    """Split texts as a branch reads them. Raises DictionaryError where Japanese words are wanted without a lexicon."""
    texts = [text[:LONGEST] for text in texts]
    if branch.language == "ja":
        cleaned = normalise.clean_all(texts)
        signs = [c.emoji + c.kaomoji for c in cleaned]
        clean = [c.clean for c in cleaned]
    else:
        signs, clean = [()] * len(texts), texts
    if branch.unit == "character":
        return _numbered([*text.replace("\n", " "), *extra] for text, extra in zip(clean, signs, strict=True))
    if branch.language == "en":
        return _without_possessive(_numbered(_ENGLISH.findall(text.lower()) for text in clean))
    if lexicon is None:
        raise DictionaryError("Japanese words need a compiled dictionary")
    return _with_signs(_japanese(clean, lexicon), signs)


def _without_possessive(units: Units) -> Units:
    """Say which word a word with 's belongs to: lists of vectors seldom hold it."""
    return replace(units, forms=([_POSSESSIVE.sub("", kind) for kind in units.kinds],))


def _numbered(rows: Iterable[Sequence[str]]) -> Units:
    place: dict[str, int] = {}
    lengths, codes = [], []
    for row in rows:
        lengths.append(len(row))
        codes.extend([place.setdefault(unit, len(place)) for unit in row])
    return Units(list(place), np.array(codes, np.int32), np.array(lengths, np.int32))


def _japanese(texts: list[str], lexicon: Lexicon) -> Units:
    tokeniser = open_tokeniser(Path(lexicon.folder), lexicon.fingerprint)
    found = tokeniser.encode(texts)
    kinds, codes = distinct(found.morphemes, tokeniser.lexicon.size + len(found.unknown))
    known = kinds[kinds < tokeniser.lexicon.size]
    unknown = [found.unknown[row - tokeniser.lexicon.size].split("\t")[0] for row in kinds[len(known) :].tolist()]
    columns = [tokeniser.lexicon.table[name].take(known).to_pylist() for name in ("surface", "base", "lemma")]
    spelt, *forms = [column + unknown for column in columns]
    return Units(spelt, codes, found.lengths, tuple(forms))


def _with_signs(units: Units, signs: Sequence[tuple[str, ...]]) -> Units:
    """Put each text's emoji and emoticons behind its words: MeCab is not given them, but they speak."""
    counts = np.fromiter(map(len, signs), np.int32, len(signs))
    if not counts.any():
        return units
    extra = _numbered([list(chain.from_iterable(signs))])
    ends = np.repeat(np.cumsum(units.lengths), counts)
    codes = np.insert(units.codes, ends, extra.codes + len(units.kinds)).astype(np.int32)
    forms = tuple(form + extra.kinds for form in units.forms)
    return Units(units.kinds + extra.kinds, codes, units.lengths + counts, forms)
