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
from pipeline.text.glance import PLAIN, repeating, touched

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
_LINKS = frozenset(":/")
_FACES = frozenset("(（^＾_＿;；z")
_CUSTOM_EMOJI = frozenset(":")
_ACCOUNTS = frozenset("@")
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


def clean_table(texts: pa.Array) -> pa.Table:
    """Clean posts; a row a post, the columns those of Cleaned. Smaller between processes than the tuples."""
    rows = clean_all(texts.to_pylist())
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
        after = _round(before, [found[post] for post in waiting])
        for post, text in zip(waiting, after, strict=True):
            now[post] = text
        changed = [row for row, text in enumerate(after) if text != before[row]]
        waiting = [waiting[changed[place]] for place in touched([after[row] for row in changed])]
        if not waiting:
            break
    return [
        Cleaned(text) if taken is _NOTHING else Cleaned(text, *map(tuple, taken))
        for text, taken in zip(now, found, strict=True)
    ]


def _round(texts: list[str], found: list[_Found]) -> list[str]:
    """Take every step once, each over all texts: a little faster than text by text, as its code stays at hand.

    Only steps whose signs stand in a text are called for it: most posts need one or two.
    """
    now = texts.copy()
    signs = ["".join(special) for special in map(_SPECIAL.findall, now)]
    strange = [row for row, some in enumerate(signs) if _STRANGE.search(some)]

    def having(any_of: frozenset[str]) -> list[int]:
        return [row for row, some in enumerate(signs) if not any_of.isdisjoint(some)]

    for row in strange:
        now[row] = folding.repair(now[row])
    for row in having(_MARKUP):
        now[row] = takeout.strip_markup(now[row])
    for row in having(_LINKS):
        now[row] = takeout.take_urls(now[row], found[row].urls)
    for row in having(_FACES):
        now[row] = kaomoji.take(now[row], found[row].kaomoji)
    for row in having(_CUSTOM_EMOJI):
        now[row] = takeout.take_custom_emoji(now[row], found[row].emoji)
    for row in having(_ACCOUNTS):
        now[row] = takeout.take_accounts(now[row], found[row].mentions)
    for row in having(_TAGS):
        now[row] = takeout.take_tags(now[row], found[row].hashtags)
    for row in strange:
        now[row] = folding.drop_marks(takeout.take_emoji(now[row], found[row].emoji))
    for row, some in enumerate(signs):
        if not some.isascii():
            now[row] = folding.fold_width(now[row])
    for row in repeating(now):
        now[row] = folding.fold_repeats(now[row])
    for row in having(laughter.SIGNS):
        now[row] = laughter.unify(now[row])
    return [folding.tidy_spaces(text) for text in now]
