"""What stands in a post without being its words: markup, links, addresses, accounts, tags and emoji.

Each ``take_…`` returns the text without them, a space in their place, and appends what it took to a list.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html.entities import html5

import regex
from emoji import EMOJI_DATA

from pipeline.text.folding import fold_width

_ENTITY = re.compile(r"&(?:amp;)*(?:([A-Za-z][A-Za-z0-9]{1,31});|#([0-9]{1,7});|#[xX]([0-9A-Fa-f]{1,6});)")
_CODE = re.compile(r"```.*?```", re.DOTALL)
_SLACK = re.compile(r"<[h@#!]")
_SLACK_LINK = re.compile(r"<(https?://[^\s<>|]+)(?:\|([^<>\n]*))?>")
_SLACK_ACCOUNT = re.compile(r"<@([A-Z0-9]{5,})(?:\|[^<>\n]*)?>|<!(?:here|channel|everyone)(?:\|[^<>\n]*)?>")
_SLACK_CHANNEL = re.compile(r"<#[A-Z0-9]{5,}\|([^<>\n]*)>")
_MARKDOWN_LINK = re.compile(r"\??\[([^\[\]\n]{1,500})\]\((https?://[^\s()]+)\)")
_MFM = re.compile(r"\$\[[a-z0-9]+(?:\.[A-Za-z0-9.,=_\-]+)? ([^\[\]]*)\]")
_MFM_TAG = re.compile(r"</?(?:b|i|s|small|center|plain)>")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")

_ADDRESS = r"[!#$%&*+,\-./0-9:;=?@A-Z_a-z~]"
_URL = re.compile(rf"(?:h?ttp(s?)://(?=[0-9A-Za-z]))((?:{_ADDRESS}|\({_ADDRESS}*\))+)|pic\.twitter\.com/[0-9A-Za-z]+")
_CUT_URL = re.compile(r"(?<![A-Za-z0-9.\-])[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,5}/[!-~]{0,200}…")
_MAIL = re.compile(r"(?<![A-Za-z0-9._%+@\-])[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63})+")
_MAIL_HINT = re.compile(r"[A-Za-z0-9]@[A-Za-z0-9]")
_NAME = r"(?=_*[A-Za-z0-9])[A-Za-z0-9_]++(?:[.\-][A-Za-z0-9_]+)*+"
_ACCOUNT = re.compile(rf"@(?<![A-Za-z0-9_@].)({_NAME}(?:@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+)?)(?!@)(:(?!\S))?")
_REPOST = re.compile(r"(?<!\S)[RQ]T ?(?=@[A-Za-z0-9_])")
_TAG = r"(?:\w++|[・〜～](?=\w))++"
_TAGS = re.compile(rf"[#＃](?<![A-Za-z0-9_&#＃/].){_TAG}(?:[#＃]{_TAG})*")
_HASH = re.compile("[#＃]")
_CUSTOM = re.compile(
    r"(?<![A-Za-z0-9:])(?::(?=[0-9_+\-]*[A-Za-z])[A-Za-z0-9_+\-]{2,64}(?:@[A-Za-z0-9.\-]+)?:)+(?![A-Za-z0-9:])"
)

_PICTURE = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23fa\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935"
    "\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
"""What an emoji may start with, digits apart; :func:`_qualified` tells which are."""
_PICTURE_HINT = re.compile(f"[{_PICTURE}\u20e3]")
_CLUSTER = regex.compile(rf"(?=[{_PICTURE}]|[0-9#*]\ufe0f?\u20e3)\X")


def strip_markup(text: str) -> str:
    """Resolve entities that were left over, and keep the content of Slack's, Misskey's and Markdown's markup.

    Blocks of code go; links are left beside their label, for :func:`take_urls`.
    """
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    if "```" in text:
        text = _CODE.sub(" ", text)
    if _SLACK.search(text):
        text = _SLACK_LINK.sub(lambda m: f" {m[2] or ''} {m[1]} ", text)
        text = _SLACK_ACCOUNT.sub(lambda m: f" @{m[1]} " if m[1] else " ", text)
        text = _SLACK_CHANNEL.sub(r" \1 ", text)
    if "</" in text:
        text = _MFM_TAG.sub("", text)
    if "](" in text:
        text = _MARKDOWN_LINK.sub(r"\1 \2 ", text)
    if "$[" in text:
        text = _MFM.sub(r"\1", text)
    return _BOLD.sub(r"\1", text) if "**" in text else text


def _character(entity: re.Match[str]) -> str:
    if entity[1]:
        return html5.get(entity[1] + ";", entity[0])
    number = int(entity[2]) if entity[2] else int(entity[3], 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"


def take_urls(text: str, found: list[str]) -> str:
    """Take links out. A link ends before Japanese, a closing bracket or the sentence's punctuation; ttp:// is http://."""

    def out(link: re.Match[str]) -> str:
        if link[2] is None:
            found.append("https://" + link[0])
            return " "
        address = link[2].rstrip(".,:;!?&*")
        found.append(f"http{link[1]}://{address}")
        return " " + link[2][len(address) :]

    if "tp://" in text or "tps://" in text or "pic.tw" in text:
        text = _URL.sub(out, text)
    return _CUT_URL.sub(" ", text) if "…" in text and "/" in text else text


def take_accounts(text: str, found: list[str]) -> str:
    """Take ``@name`` and ``@name@server`` out, with the ``RT`` before and the colon after; e-mail addresses just go."""

    def out(account: re.Match[str]) -> str:
        found.append(account[1])
        return " "

    if "T@" in text or "T @" in text:
        text = _REPOST.sub(" ", text)
    return _ACCOUNT.sub(out, _MAIL.sub(" ", text) if _MAIL_HINT.search(text) else text)


def take_tags(text: str, found: list[str]) -> str:
    """Take hashtags out, of letters and digits of any script; a number alone (#1) is none."""

    def out(run: re.Match[str]) -> str:
        tags, rest = _tags(run[0])
        found.extend(tags)
        return rest

    return _TAGS.sub(out, text)


@lru_cache(maxsize=10_000)
def _tags(run: str) -> tuple[list[str], str]:
    """Split tags without a space between; the numbers among them stay in the text."""
    tags = _HASH.split(run)[1:]
    numbers = [f"#{tag}" for tag in tags if tag.isdigit()]
    return [fold_width(tag) for tag in tags if not tag.isdigit()], " ".join(["", *numbers, ""])


def take_custom_emoji(text: str, found: list[str]) -> str:
    """Take the fediverse's ``:blobcat:`` out."""

    def out(run: re.Match[str]) -> str:
        found.extend(f":{name}:" for name in run[0].split(":") if name)
        return " "

    return _CUSTOM.sub(out, text) if text.count(":") > 1 else text


def take_emoji(text: str, found: list[str]) -> str:
    """Take emoji out, one a grapheme cluster, each in its fully qualified form (❤ and ❤️ are one)."""

    def out(cluster: regex.Match[str]) -> str:
        emoji = _qualified(cluster[0])
        if emoji is None:
            return str(cluster[0])
        found.append(emoji)
        return " "

    return _CLUSTER.sub(out, text) if _PICTURE_HINT.search(text) else text


def _qualified(cluster: str) -> str | None:
    """Return the emoji, or None for a sign that is text (™, ♪, ★, ▶ without its variation selector)."""
    bare = cluster.replace("\ufe0e", "")
    if bare[0] < "\u2600" or bare[0] in "〰〽㊗㊙⤴⤵⬅⬆⬇":
        return bare if "\ufe0f" in bare and bare in EMOJI_DATA else None
    if bare + "\ufe0f" in EMOJI_DATA:
        return bare + "\ufe0f"
    return bare if bare in EMOJI_DATA or bare[0] in EMOJI_DATA or bare[0] >= "\U0001f300" else None
