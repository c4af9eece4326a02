"""A post as a person sees it -> the words that MeCab is given, and what was taken out of them.

The order matters: NFC, controls, entities; then links, emoticons, custom emoji, accounts, tags and emoji are taken
out; then width, repeats, laughter, spaces. Taking something out may bring together something new, so the steps are
repeated until the text stays as it is: ``clean(clean(t).clean).clean == clean(t).clean``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import pyarrow as pa

from pipeline.text import folding, kaomoji, laughter, takeout
from pipeline.text.glance import PLAIN, touched

VERSION = 1
"""Raised when the same text gives another result."""
LAUGH = laughter.WORD
"""The one word that stands for laughter."""

_ROUNDS = 100
"""Bound against text made to change at every round; posts need one or two."""

_SPECIAL = re.compile(f"[^{PLAIN}]")
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


_NOTHING = _Found([], [], [], [], [])


def clean(text: str) -> Cleaned:
    """Clean one post. Accepts any string; ``clean`` is NFC, with newlines as its only controls."""
    return clean_all([text])[0]


def clean_all(texts: Iterable[str]) -> list[Cleaned]:
    """Clean posts, in order; equal ones, as reposts are without their ``RT @name:``, once."""
    posts = [_reposted(text) if text.startswith("RT @") else ((), text) for text in texts]
    distinct = list({text: None for _, text in posts})
    cleaned = dict(zip(distinct, _clean(distinct), strict=True))
    return [_naming(names, cleaned[text]) if names else cleaned[text] for names, text in posts]


def _naming(names: tuple[str, ...], found: Cleaned) -> Cleaned:
    clean, urls, hashtags, mentions, emoji, faces = found
    return Cleaned(clean, urls, hashtags, names + mentions, emoji, faces)


def _reposted(text: str) -> tuple[tuple[str, ...], str]:
    """Split the accounts of ``RT @name: RT @other: …`` from what they posted."""
    names, at = list[str](), 0
    while prefix := _REPOST.match(text, at):
        names.append(prefix[1])
        at = prefix.end()
    return tuple(names), text[at:]


def clean_table(texts: Iterable[str]) -> pa.Table:
    """Clean posts; a row a post, the columns those of Cleaned. Smaller between processes than the tuples."""
    rows = clean_all(texts)
    columns = zip(*rows, strict=True) if rows else ([] for _ in Cleaned._fields)
    kinds = [pa.string()] + [pa.list_(pa.string())] * (len(Cleaned._fields) - 1)
    arrays = [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    return pa.table(arrays, names=list(Cleaned._fields))


def _clean(texts: list[str]) -> list[Cleaned]:
    now, found = texts.copy(), [_NOTHING] * len(texts)
    waiting = touched(now)
    for post in waiting:
        found[post] = _Found([], [], [], [], [])
    for _ in range(_ROUNDS):
        before = [now[post] for post in waiting]
        for post in waiting:
            now[post] = _round(now[post], found[post])
        changed = [post for post, text in zip(waiting, before, strict=True) if now[post] != text]
        waiting = [changed[place] for place in touched([now[post] for post in changed])]
        if not waiting:
            break
    return [
        Cleaned(text) if taken is _NOTHING else Cleaned(text, *map(tuple, taken))
        for text, taken in zip(now, found, strict=True)
    ]


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
    text = folding.fold_repeats(text)
    if not laughter.SIGNS.isdisjoint(signs):
        text = laughter.unify(text)
    return folding.tidy_spaces(text)
