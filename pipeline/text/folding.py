"""Characters put into one form: what cannot be text goes, widths and repeats are folded, spaces are tidied.

Blanket NFKC is not used: it turns ① into 1, ㍻ into 平成 and breaks emoticons. Full-width letters and digits become
ASCII, half-width katakana full-width; other signs stay as the writer chose them (！ and ! are both left).
"""

from __future__ import annotations

import re
import unicodedata

_SURROGATE = re.compile("[\ud800-\udfff]")
_INVISIBLE = re.compile(
    "[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000e0100-\U000e01ef]"
)
"""Never part of a word nor of an emoji: controls, bidi marks, zero width, ideographic variation selectors."""
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_LEFT_OVER = re.compile("[\u200c\u200d\ufe0e\ufe0f\u20e3\U000e0000-\U000e007f]")
"""Parts of emoji; senseless once the emoji are taken out."""
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe20-\ufe2f]+")
"""Combining marks that NFC could not compose (Z͑ͫ̓ͪ̂A, あ゙): no dictionary has them."""

_WIDE = re.compile("[\u3000\u00a0\u1680\u2000-\u200a\u202f\u205f～０-９Ａ-Ｚａ-ｚ]")
_WIDTHS: dict[int, str] = {
    **{full: chr(full - 0xFEE0) for full in range(ord("０"), ord("ｚ") + 1) if chr(full).isalnum()},
    **dict.fromkeys([0x3000, 0xA0, 0x1680, 0x202F, 0x205F, *range(0x2000, 0x200B)], " "),
    ord("～"): "〜",  # U+FF5E, what CP932 decodes to, and U+301C, what EUC-JP does
}
_HALF = re.compile("[｡-ﾟ]+")

_REPEAT = re.compile(r"([^\d\sA-Zw])\1\1+|([A-VX-Z])\2{3,}|([ーっッ〜])\3")
_LOOSE_LINES = re.compile(r"[ \t\n]\n|\n[ \t]")


def repair(text: str) -> str:
    """Put text into NFC, with newlines as its only controls and U+FFFD for lone surrogates."""
    if _SURROGATE.search(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = _INVISIBLE.sub("", _LINE_END.sub("\n", text))
    return unicodedata.normalize("NFC", text)


def fold_width(text: str) -> str:
    """Give full-width letters, digits and spaces, and half-width katakana, their usual width."""
    if _WIDE.search(text):
        text = text.translate(_WIDTHS)
    if _HALF.search(text):
        # NFKC alone, within the run, composes ﾊﾟ; NFC then joins a mark to the letter before (かﾞ).
        text = unicodedata.normalize("NFC", _HALF.sub(lambda run: unicodedata.normalize("NFKC", run[0]), text))
    return text


def drop_marks(text: str) -> str:
    """Drop combining marks and parts of emoji that belong to nothing."""
    return _MARKS.sub("", _LEFT_OVER.sub("", text))


def fold_repeats(text: str) -> str:
    """Fold runs of one character, so that a stretched word meets its dictionary form.

    ー, っ and 〜 stay once: MeCab knows すごーい and えーっ, not すごーーい. Of three or more, a letter stays twice
    (ああ, ええ, うう and まあまあ are words; あ alone is another), a sign once, dots as …. Capitals fold only from
    four on: AAA and III are names. Digits never fold, nor w, which is laughter or an address.
    """
    return _REPEAT.sub(_shorter, text)


def _shorter(run: re.Match[str]) -> str:
    sign = run[0][0]
    if sign in ".・":
        return "…"
    return sign * 2 if sign.isalnum() and sign not in "ーっッ〜" else sign


def tidy_spaces(text: str) -> str:
    """Fold runs of spaces to one and of newlines to one, without any at the edges."""
    if "\n" not in text:
        return " ".join(text.split())
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def has_loose_lines(text: str) -> bool:
    """Tell whether there are empty lines, or spaces at the ends of lines."""
    return _LOOSE_LINES.search(text) is not None


def fold(text: str) -> str:
    """Fold the characters of a word as :func:`pipeline.text.normalise.clean` folds a post's: for lists of words."""
    return tidy_spaces(fold_repeats(drop_marks(fold_width(repair(text)))))
