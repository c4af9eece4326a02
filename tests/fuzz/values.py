"""Bytes to JSON values with the keys that readers look at, so that a fuzzer reaches what random text never does."""

from __future__ import annotations

from typing import Any

_NAMES = (
    "id id_str author author_id created_at createdAt created_utc text full_text body title selftext "
    "content uri url urls hashtags lang language user username screen_name account acct reblog visibility "
    "spoiler_text tags name did time_us kind commit operation collection rkey record langs reply parent "
    "embed facets features data includes users tweets referenced_tweets type note_tweet entities $type "
    "__twarc retrieved_at object actor published orderedItems to cc tag posts feed post reason userId "
    "renoteId renote localOnly cw comments extractor timestamp epoch subreddit crosspost_parent parent_id "
    "retweeted_status extended_tweet delete status timestamp_ms date rawContent _type repost_of reply_to "
    "quote_of statuses tweet edited_at collected_at quoted_status_id_str truncated protected contentMap "
    "attributedTo inReplyTo quote summary updated is_self indexedAt cid link external images host replyId "
    "poll files active meta errors edited "
)
KEYS = _NAMES.split()
WORDS = (
    "",
    "public",
    "home",
    "direct",
    "retweeted",
    "quoted",
    "replied_to",
    "create",
    "delete",
    "Create",
    "Announce",
    "Delete",
    "Tombstone",
    "Hashtag",
    "OrderedCollection",
    "deleted",
    "takendown",
    "root",
    "[removed]",
    "app.bsky.feed.post",
    "app.bsky.feed.repost",
    "app.bsky.richtext.facet#link",
    "app.bsky.richtext.facet#tag",
    "at://did:plc:a/app.bsky.feed.post/1",
    "snscrape.modules.twitter.Tweet",
    "https://www.w3.org/ns/activitystreams#Public",
    "2024-01-01T00:00:00.000Z",
    "Sun Mar 31 14:59:59 +0000 2024",
    "1774957417067446273",
    "1704067200000",
    "<p>朝<br>の<a href='https://a.example'>雨</a></p>",
    "RT @a: 朝の雨…",
    "\ud7ff\ufffd\U0010ffff\0",
)
NUMBERS = (0, -1, 1, 2**53, 2**63 - 1, 1_704_067_200, 1_704_067_200_000, 1.5, -0.0, 1e308)
_DEEPEST, _MOST = 6, 8


class Values:
    """Takes bytes off, one decision each; at their end every decision is 0."""

    def __init__(self, raw: bytes) -> None:
        self._raw, self._at = raw, 0

    def _byte(self) -> int:
        self._at += 1
        return self._raw[self._at - 1] if self._at <= len(self._raw) else 0

    def object(self, depth: int = 0) -> dict[str, Any]:
        """Make an object."""
        return {KEYS[self._byte() % len(KEYS)]: self.value(depth + 1) for _ in range(self._byte() % _MOST)}

    def value(self, depth: int = 0) -> Any:
        """Make any value."""
        kind = self._byte() % (10 if depth < _DEEPEST else 6)
        if kind == 0:
            return None
        if kind == 1:
            return bool(self._byte() & 1)
        if kind == 2:
            return NUMBERS[self._byte() % len(NUMBERS)]
        if kind in (3, 4):
            return WORDS[self._byte() % len(WORDS)]
        if kind == 5:
            size = self._byte() % 32
            self._at += size
            return self._raw[self._at - size : self._at].decode("utf-8", "replace")
        if kind in (6, 7):
            return [self.value(depth + 1) for _ in range(self._byte() % _MOST)]
        return self.object(depth)
