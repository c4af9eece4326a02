"""Laughter in its many spellings becomes one word: 笑, with spaces around it.

UniDic knows 笑 as a noun of its own (base 笑); the space keeps MeCab from reading a compound with the word before it.
What only looks like laughter stays: www.example.jp, wifi, w杯, 草むしり, 庭の草, 笑う, 爆笑.
"""

from __future__ import annotations

import re

WORD = "笑"
SIGNS = frozenset("wWｗＷ笑草(（")
"""One of these is in every laughter, as it is written."""

_END = r"(?=[\s。、！？!?…〜)）」』】\]♪☆★]|$)"
"""What may follow laughter: the end of a phrase."""
_END_HERE = re.compile(_END)
_JAPANESE = re.compile(r"[ぁ-ゖァ-ヺー一-鿿々。、！？!?…〜)）」』】\n]")

# Each pattern starts with a set of characters, which `re` finds fast; what must stand before is asked afterwards.
_BRACKETED = re.compile(rf"[(（](?: ?(?:笑[wW笑]*|[爆藁]|[wW]+) ?[)）]|笑+{_END})")
_LETTERS = re.compile(r"[wW]++(?: [wW]++(?![A-Za-z0-9_@]))*+(?![A-Za-z0-9_@]|[.\-/:][A-Za-z0-9/])")
_CHARACTER = re.compile(
    rf"笑(?<![爆苦微談嘲失冷大哄一憫朗含艶破巧媚喜目泣可物誹静].)笑*{_END}|笑笑+(?![いうえっわお顔])"
)
_GRASS = re.compile(
    # After の, い, が … it is grass: 庭の草, い草. After は, で, た … it is a comment: それは草.
    r"[大草](?<![一-鿿々のいがをとにもやきぎ].)(?:(?<=大)草原|(?<=草)草*)"
    rf"(?:生え(?:る|た|てる|てた|ます|ました)|はえる|不可避|すぎる|すぎ)?わ?{_END}"
)
_AGAIN = re.compile(rf" {WORD}(?: +{WORD})+(?= |$)", re.MULTILINE)
_SPACED = f" {WORD} "


def unify(text: str) -> str:
    """Write every laughter as 笑 with spaces around it; laughter after laughter counts once."""
    letters, character = "w" in text or "W" in text, WORD in text
    if letters or character or "爆" in text or "藁" in text:
        text = _BRACKETED.sub(_SPACED, text)
    if letters:
        text = _LETTERS.sub(_letters, text)
    if character:
        text = _CHARACTER.sub(_SPACED, text)
    if "草" in text:
        text = _GRASS.sub(_SPACED, text)
    return _AGAIN.sub(f" {WORD}", text) if text.count(WORD) > 1 else text


def _letters(run: re.Match[str]) -> str:
    """Tell laughter (www, すごいw, OKww) from letters (w杯, 10w, WWW, w alone in English)."""
    letters, before = run[0].replace(" ", ""), run.string[run.start() - 1 : run.start()]
    if before.isascii() and before.isalpha():
        laughs = before.isupper() and letters.islower() and len(letters) > 1
    elif len(letters) > 1:
        laughs = "w" in letters or len(letters) > 3
    else:
        near = run.string[max(0, run.start() - 9) : run.start()]
        before = near.rstrip(" ")[-1:] or ("\n" if len(near) < 9 else " ")
        laughs = letters == "w" and bool(_JAPANESE.match(before) and _END_HERE.match(run.string, run.end()))
    return _SPACED if laughs else run[0]
