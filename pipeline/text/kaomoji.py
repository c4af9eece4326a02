"""Emoticons of the upright kind: (´･ω･`), ＼(^o^)／, m(_ _)m, orz.

They are found by their shape: a short bracket that holds no ordinary letters, but the marks people draw faces with,
and then the arms and tears beside it. (笑), （東京）, (2024) and (10-20) are left alone.
"""

from __future__ import annotations

import re

_BRACKET = re.compile(r"[(（]([^()（）\n]{2,18})[)）]")
_LETTER = re.compile(
    "(?![oOTxXvVuUqQpｏ０Ｏ03３ノヽツシワロへヘつっのｰﾉﾛﾜｪﾍﾐｴェ口人皿益艸一三彡工])"
    "[「」『』【】、0-9０-９A-Za-zＡ-Ｚａ-ｚぁ-ゖァ-ヺ一-鿿㐀-䶿가-힣ｦ-ﾝ]"
)
"""What no face has: letters and digits, but for the few that are drawn with."""
_DRAWN = re.compile("[ωДд∀▽∇´｀`゜ﾟ≧≦◕ಠ◡╹⌒￣ᗜ益皿艸ㅂ՞ᐛ˘◔﹏▿⊙•ڡᴗ‿ਊ◞◟╥╯╰͜ʖ͡]")
"""Marks that are hardly ever anything but a face."""
_EYE = r"[T;；>＞<＜･・^＾@＠xXoOpq0°.+＋*＊?？=＝~～〜\-－ー￣'’◎○●□ｏ]"
_PLAIN = re.compile(
    rf"{_EYE} ?[_＿]+ ?{_EYE}"  # T_T ;_; -_- ^_^
    r"|[\^＾][-.oOpq3ｏーへェｪ0口ロ□△]?[\^＾]|T[-.oO0ー□ロ]T|[・･][oOｏ3３へェｪ0口ロ□△ー\-][・･]"
    r"|[>＞][.oO]?[<＜]|[;；][-.oOー□][;；]|；；|-[.ー]-|[・･]{2}[;；]|T T|[-ー] [-ー]"
    r"|^[_＿][ 　]?[_＿][;；]?$|^[._・][_＿][._・]$"  # m(_ _)m
)
_BEFORE = re.compile(r"(?:[｡。][゜ﾟ°]|(?<![A-Za-z])[mｍopdbq_]\Z|[＼\\ヽヾΣ∑┐┌╮╰ლщ٩⊂∩ᕙᐠ¯<＜゜ﾟ°]){1,3}\Z")
_AFTER = re.compile(
    r"(?:[゜ﾟ°][｡。]|[ノﾉ](?![ァ-ヺー])|[mｍopdbqvyσ](?![A-Za-z0-9])|[／/ヾゞ丿┌┐╭ლщو۶∩⊃ᕗᐟ¯>＞゜ﾟ°;；]){1,3}"
)
_BRACKETLESS = re.compile(
    # The first character is a set, which `re` finds fast; what it must be for each shape is asked afterwards.
    r"[\^＾T;；>＞_＿\-](?<![A-Za-z0-9_^＾\-].)(?:"
    r"(?<=[\^＾])[_＿oOーω.\-]?[\^＾]|(?:(?<=T)_T|(?<=[;；])_[;；]|(?<=[>＞])_[<＜]|(?<=-)_-|(?<=[_＿])[|｜]￣+[|｜][○◯])"
    r")(?![A-Za-z0-9_^＾\-])[;；]*"
)
_SHRUG = re.compile(r"(?:[¯ー]?\\?_)?[(（]ツ[)）](?:_/?[¯ー]?)?")
_FALLEN = re.compile(r"[oO](?<![A-Za-z].)rz(?![A-Za-z])")


def take(text: str, found: list[str]) -> str:
    """Take emoticons out of text into ``found``: those in brackets, then the others, each in order."""
    if "(" in text or "（" in text:
        text = _take_bracketed(text, found)

    def out(face: re.Match[str]) -> str:
        found.append(face[0])
        return " "

    if "ツ)" in text or "ツ）" in text:
        text = _SHRUG.sub(out, text)
    if "rz" in text:
        text = _FALLEN.sub(out, text)
    return _BRACKETLESS.sub(out, text)


def _take_bracketed(text: str, found: list[str]) -> str:
    kept, at = [], 0
    for bracket in _BRACKET.finditer(text):
        if bracket.start() < at or not _is_face(bracket[1]):
            continue
        start, end = bracket.span()
        if before := _BEFORE.search(text[max(at, start - 5) : start]):
            start -= len(before[0])
        if after := _AFTER.match(text, end):
            end = after.end()
        kept.append(text[at:start])
        found.append(text[start:end])
        at = end
    return " ".join([*kept, text[at:]])


def _is_face(inside: str) -> bool:
    if _LETTER.search(inside):
        return False
    return _DRAWN.search(inside) is not None or _PLAIN.search(inside) is not None
