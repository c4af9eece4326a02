"""What points at a person, covered in texts that are shown: accounts, e-mail addresses, telephone numbers.

For pages and sheets that are passed on. The store keeps texts as they were written, and models learn from those.
"""

from __future__ import annotations

import re

ACCOUNT, MAIL, PHONE = "@***", "***@***", "***-***"

_NAME = r"(?=[0-9_.\-]*[A-Za-z])[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_])?"
_HOST = r"[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63})+"
_MAIL = re.compile(
    rf"(?<![A-Za-z0-9._%+\-@＠])[A-Za-z0-9._%+\-]{{1,64}}\s?(?:[@＠]|\((?:at|アット)\)|［at］|\[at\])\s?{_HOST}",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(rf"[@＠]{_NAME}(?:[@＠]{_HOST})?")
_ID = re.compile(
    r"<@[A-Z0-9]{5,}(?:\|[^<>\n]*)?>|(?<![\w/])/?u/[A-Za-z0-9_\-]{3,20}(?!\w)|\bdid:(?:plc|web):[A-Za-z0-9.:%\-]+"
)
_PROFILE = re.compile(
    r"((?:https?://)?(?:[a-z0-9\-]{1,20}\.)?"
    r"(?:x|twitter|instagram|tiktok|facebook|threads|note|pixiv|github|bsky)\.(?:com|net|app)"
    r"/(?:profile/|users/|user/|en/users/)?)(?!i/|hashtag/|search|share|intent|explore|home|p/|reel)[A-Za-z0-9_.\-]{2,60}",
    re.IGNORECASE,
)
_FEDIVERSE = re.compile(r"(/users/)[A-Za-z0-9_.\-]{1,60}")
_PATH = re.compile(r"(/users/|/@)[^/]+")

_DIGIT, _GAP = "[0-9０-９]", r"[ \u3000()（）\-‐‑‒–—―−ー－.]"
_PHONE = re.compile(
    rf"(?<![0-9０-９A-Za-z/=_.#\-])(?:"
    rf"[+＋]{_GAP}?{_DIGIT}(?:{_GAP}{{0,2}}{_DIGIT}){{8,13}}"  # with the country's number
    rf"|[(（]?[0０]{_DIGIT}{{1,4}}{_GAP}{{1,2}}{_DIGIT}{{1,4}}{_GAP}{{1,2}}{_DIGIT}{{3,4}}"
    rf"|[0０]{_DIGIT}{{9,10}}"
    rf")(?![0-9０-９A-Za-z])"
)
_HINT = re.compile(r"[@＠/]|\((?:at|アット)\)|\[at\]|［at］|did:|[0+０＋]", re.IGNORECASE)

_FIELD = re.compile(
    r'("(?:author|author_id|user|username|user_name|user_id|screen_name|name|display_name|handle|acct|account|did|email'
    r'|mail|phone|tel)"\s*:\s*)("(?:[^"\\]|\\.)*"?|\d+)',
    re.IGNORECASE,
)


def mask(text: str) -> str:
    """Cover accounts, e-mail addresses, telephone numbers and what names an account in a link; the rest stays."""
    if not _HINT.search(text):
        return text
    text = _MAIL.sub(MAIL, _ID.sub(ACCOUNT, text))
    text = _PROFILE.sub(r"\1***", text)
    text = _FEDIVERSE.sub(r"\1***", text)
    return _PHONE.sub(_number, _ACCOUNT.sub(ACCOUNT, text))


def mask_id(post_id: str) -> str:
    """Cover the account in an id or address of a post; those of most networks have none."""
    return _PATH.sub(r"\1***", post_id)


def mask_raw(raw: str) -> str:
    """Cover a row that could not be read: in JSON what names a person, any other whole, as its cells have no names."""
    if raw.lstrip().startswith(("{", "[")):
        return mask(_FIELD.sub(r'\1"***"', raw))
    return "***"


def _number(found: re.Match[str]) -> str:
    """Cover 9 to 15 digits, as telephone numbers have them; a date or a price is none."""
    digits = sum(sign.isdigit() for sign in found[0])
    return PHONE if 9 <= digits <= 15 else found[0]
