"""Which column of a sheet means what: by the settings, else by its header in Japanese or English."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from pipeline.errors import InputError

COLUMNS = ("id", "author", "created_at", "text", "url", "lang", "reply_to", "repost_of", "quote_of")
_HEADERS = {
    "id": "投稿id id postid tweetid statusid commentid コメントid ツイートid ポストid 記事id メッセージid messageid",
    "author": "ユーザー名 ユーザ名 ユーザー ユーザ 投稿者 投稿者名 アカウント アカウント名 著者 発言者 名前 "
    "ニックネーム ハンドル名 author username user screenname account accountname handle authorid "
    "userid ユーザーid ユーザid アカウントid 投稿者id",
    "created_at": "投稿日時 日時 投稿日 日付 投稿時刻 投稿時間 作成日時 作成日 発言日時 公開日時 タイムスタンプ "
    "時刻 createdat date datetime timestamp time postedat postdate publishedat",
    "text": "本文 テキスト 内容 投稿内容 コメント ツイート ポスト 投稿 投稿本文 つぶやき メッセージ 発言 "
    "コメント本文 ツイート本文 レビュー 感想 文章 自由記述 回答 text body content message comment "
    "tweet post fulltext review",
    "url": "url リンク 投稿url 投稿リンク link urls permalink ツイートurl アドレス",
    "lang": "lang language 言語",
    "reply_to": "replyto inreplyto inreplytostatusid 返信先 返信先id",
    "repost_of": "repostof retweetof リポスト元 rt元 リツイート元",
    "quote_of": "quoteof 引用元 引用元id",
}
_RANK = {column: {name: i for i, name in enumerate(names.split())} for column, names in _HEADERS.items()}


def assign(header: list[str], told: Mapping[str, str]) -> dict[str, int] | None:
    """Return our column -> position; None if there is no column for text and time, so that this is no header of posts.

    Raises InputError where the settings name a header that is not there although the rest fits.
    """
    plain = [_plain(name) for name in header]
    places = {column: _position(header, told[column]) for column in COLUMNS if column in told}
    found = {column: place for column, place in places.items() if place is not None}
    for column in COLUMNS:
        place = _guess(plain, column, set(found.values())) if column not in told else None
        if place is not None:
            found[column] = place
    missing = [told[column] for column, place in places.items() if place is None]
    if missing and found.keys() & {"text", "created_at", "id"}:
        raise InputError(
            f"the settings name a column {missing[0]!r}, which the header {', '.join(header)[:200]!r} lacks"
        )
    return found if "text" in found and "created_at" in found else None


def _plain(name: str) -> str:
    kept = (c for c in unicodedata.normalize("NFKC", name[:100]).lower() if c.isalnum() or c == "ー")
    return "".join(kept)


def _position(header: list[str], wanted: str) -> int | None:
    names = [name.strip() for name in header]
    return names.index(wanted.strip()) if wanted.strip() in names else None


def _guess(plain: list[str], column: str, taken: set[int]) -> int | None:
    ranks = _RANK[column]
    fitting = [(ranks[name], place) for place, name in enumerate(plain) if name in ranks and place not in taken]
    return min(fitting)[1] if fitting else None
