"""A post as a person sees it -> the words that MeCab is given, and what was taken out of them.

The order matters: NFC, controls, entities; then links, emoticons, custom emoji, accounts, tags and emoji are taken
out; then width, repeats, laughter, spaces. Taking something out may bring together something new, so the steps are
repeated until the text stays as it is: ``clean(clean(t).clean).clean == clean(t).clean``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import pyarrow as pa

from pipeline.text import folding, kaomoji, laughter, takeout

VERSION = 1
"""Raised when the same text gives another result."""
LAUGH = laughter.WORD
"""The one word that stands for laughter."""

_ROUNDS = 100
"""Bound against text made to change at every round; posts need one or two."""

_PLAIN = (
    "A-VX-Za-vxy0-9 \n!\"%'+,\\-.;=?\\[\\]{}|~"
    "ぁ-ゖ゛゜ゝゞァ-ヺーヽヾ、。々〆〇「」『』【】〈〉《》・！？一-\u7b10\u7b12-\u8348\u834a-\u9fff"
)
"""Characters that no step touches, unless repeated; w, z (of orz), 笑 (U+7B11) and 草 (U+8349) are not among them."""
_SPECIAL = re.compile(f"[^{_PLAIN}]")
_STRANGE = re.compile("[^ -~｡-ﾟ！-～　〜…笑草〒-〟￥]")
"""Special characters for which NFC and the invisible ones must be seen to."""
_REPOST = re.compile(r"RT @([A-Za-z0-9_]{1,50}):? ")

_MARKUP = frozenset("&`<(*$")
_FACES = frozenset("(（^＾_＿;；z")
_TAGS = frozenset("#＃")


class Cleaned(NamedTuple):
    """What MeCab is given, and what stood in the post beside its words, each in order.

    Tuples, as results are shared between equal posts (and a hundred thousand lists a day keep the collector busy).
    """

    clean: str
    urls: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    emoji: tuple[str, ...] = ()
    kaomoji: tuple[str, ...] = ()


class _Found(NamedTuple):
    urls: list[str]
    hashtags: list[str]
    mentions: list[str]
    emoji: list[str]
    kaomoji: list[str]


def clean(text: str) -> Cleaned:
    """Clean one post. Accepts any string; ``clean`` is NFC, with newlines as its only controls."""
    reposted: tuple[str, ...] = ()
    while text.startswith("RT @") and (prefix := _REPOST.match(text)):
        reposted += (prefix[1],)
        text = text[prefix.end() :]
    if _untouched(text):
        return Cleaned(text, (), (), reposted)
    cleaned = _clean(text)
    return cleaned._replace(mentions=reposted + cleaned.mentions) if reposted else cleaned


def clean_all(texts: Iterable[str]) -> list[Cleaned]:
    """Clean posts, in order."""
    return [clean(text) for text in texts]


def clean_table(texts: Iterable[str]) -> pa.Table:
    """Clean posts; a row a post, the columns those of Cleaned. Smaller between processes than the tuples."""
    rows = clean_all(texts)
    columns = zip(*rows, strict=True) if rows else ([] for _ in Cleaned._fields)
    kinds = [pa.string()] + [pa.list_(pa.string())] * (len(Cleaned._fields) - 1)
    arrays = [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    return pa.table(arrays, names=list(Cleaned._fields))


def _untouched(text: str) -> bool:
    """Tell at a glance what most posts are: text that no step changes."""
    return (
        _SPECIAL.search(text) is None
        and text.strip() is text
        and not ("\n" in text and folding.has_loose_lines(text))
        and "  " not in text
        and not folding.has_repeats(text)
    )


@lru_cache(maxsize=1 << 13)  # reposts repeat what was cleaned an hour ago
def _clean(text: str) -> Cleaned:
    found = _Found([], [], [], [], [])
    for _ in range(_ROUNDS):
        before, text = text, _round(text, found)
        if text == before or _untouched(text):
            break
    return Cleaned(text, *map(tuple, found))


def _round(text: str, found: _Found) -> str:
    """Take every step once. Only steps whose signs stand in the text are called: most posts need one or two."""
    signs = "".join(_SPECIAL.findall(text))
    strange = _STRANGE.search(signs) is not None
    if strange:
        text = folding.repair(text)
    if not _MARKUP.isdisjoint(signs):
        text = takeout.strip_markup(text)
    if ":" in signs or "/" in signs:
        text = takeout.take_urls(text, found.urls)
    if not _FACES.isdisjoint(signs):
        text = kaomoji.take(text, found.kaomoji)
    if ":" in signs:
        text = takeout.take_custom_emoji(text, found.emoji)
    if "@" in signs:
        text = takeout.take_accounts(text, found.mentions)
    if not _TAGS.isdisjoint(signs):
        text = takeout.take_tags(text, found.hashtags)
    if strange:
        text = folding.drop_marks(takeout.take_emoji(text, found.emoji))
    if not signs.isascii():
        text = folding.fold_width(text)
    text = laughter.unify(folding.fold_repeats(text))
    return folding.tidy_spaces(text)
