"""The layouts in which networks hand out posts; each function returns a file's bytes."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from layouts import zipped
from posts import Post

_TAG = re.compile(r"[#＃](\w+)")
_URL = re.compile(r"https?://[\w./?=&%-]+")
_RT = re.compile(r"RT @(\w+): ")
_ISO = "%Y-%m-%dT%H:%M:%S.000Z"
_FEED = "app.bsky.feed."
_Object = dict[str, Any]


def _utc(when: datetime, form: str) -> str:
    return when.astimezone(UTC).strftime(form)


def code(*parts: object, length: int) -> str:
    """Return letters and digits of base 32 that stand for the parts."""
    number = int.from_bytes(sha256(repr(parts).encode()).digest(), "big")
    return "".join("234567abcdefghijklmnopqrstuvwxyz"[number >> 5 * i & 31] for i in range(length))


def _js(name: str, items: list[_Object]) -> bytes:
    return f"window.YTD.{name}.part0 = {json.dumps(items, ensure_ascii=False, indent=1)}\n".encode()


def x_archive(username: str, display: str, found: list[Post]) -> bytes:
    """X archive, zipped as downloaded."""
    account = {"email": "sample@example.jp", "createdVia": "web", "username": username, "accountId": "900000101"}
    account |= {"createdAt": "2021-04-01T00:00:00.000Z", "accountDisplayName": display}
    tweets = [{"tweet": _tweet(post, n)} for n, post in enumerate(found)]
    return zipped({"data/account.js": _js("account", [{"account": account}]), "data/tweets.js": _js("tweets", tweets)})


def _tweet(post: Post, n: int) -> _Object:
    milliseconds = int(post.when.timestamp()) * 1000
    own_id = str((milliseconds - 1288834974657 << 22) + n)
    tags = [{"text": m[1], "indices": [str(m.start()), str(m.end())]} for m in _TAG.finditer(post.text)]
    passed_on = _RT.match(post.text)
    users = [_mention(passed_on)] if passed_on else []
    return {
        "edit_info": {
            "initial": {
                "editTweetIds": [own_id],
                "editableUntil": _utc(post.when + timedelta(hours=1), _ISO),
                "editsRemaining": "5",
                "isEditEligible": not users,
            }
        },
        "retweeted": False,
        "source": '<a href="https://app.example.jp/" rel="nofollow">Example App</a>',
        "entities": {"hashtags": tags, "symbols": [], "user_mentions": users, "urls": []},
        "display_text_range": ["0", str(len(post.text))],
        "favorite_count": str(1200 + 37 * n),
        "id_str": own_id,
        "truncated": False,
        "retweet_count": str(80 + 3 * n),
        "id": own_id,
        "created_at": _utc(post.when, "%a %b %d %H:%M:%S +0000 %Y"),
        "favorited": False,
        "full_text": html.escape(post.text, quote=False),
        "lang": "ja",
    }


def _mention(found: re.Match[str]) -> _Object:
    name, number = found[1], "900000100"
    return {"name": name, "screen_name": name, "indices": ["3", str(found.end() - 2)], "id_str": number, "id": number}


def mastodon(found: list[Post], remote: set[str], private: set[str], boosts: dict[str, str]) -> bytes:
    """Mastodon statuses as the API gives them. ``boosts``: id of a post -> name of who passed it on an hour later."""
    statuses = []
    for post in found:
        own = _status(post, remote)
        own["visibility"] = "private" if post.id in private else "public"
        if post.topic == "media":
            own["sensitive"], own["spoiler_text"] = True, "作品の感想"
        statuses.append(own)
        if post.id in boosts:
            when = post.when + timedelta(hours=1)
            boost = _status(Post(boosts[post.id], when, "", "n", "", id=post.id[:-4] + "9999"), remote)
            statuses.append({**boost, "reblog": own})
    return (json.dumps(statuses, ensure_ascii=False, indent=1) + "\n").encode()


def _status(post: Post, remote: set[str]) -> _Object:
    host = "social.example" if post.author in remote else "mastodon.example"
    acct = f"{post.author}@{host}" if post.author in remote else post.author
    number = str(int(post.when.timestamp()) * 1000 << 16 | int(post.id[-4:]))
    created = _utc(post.when, _ISO)
    link = f"https://mastodon.example/@{acct}"
    account: _Object = {"id": str(1000 + sum(map(ord, post.author))), "username": post.author, "acct": acct}
    account |= {"display_name": post.author, "bot": False, "created_at": "2022-11-01T00:00:00.000Z", "url": link}
    tags = [{"name": tag, "url": f"https://mastodon.example/tags/{tag}"} for tag in _TAG.findall(post.text)]
    status: _Object = {"id": number, "created_at": created, "in_reply_to_id": None, "in_reply_to_account_id": None}
    status |= {"sensitive": False, "spoiler_text": "", "visibility": "public", "language": "ja"}
    status |= {"uri": f"https://{host}/users/{post.author}/statuses/{number}", "url": f"{link}/{number}"}
    status |= {"replies_count": 0, "reblogs_count": 0, "favourites_count": 0, "edited_at": None}
    status |= {"content": _content(post.text) if post.text else "", "reblog": None, "account": account}
    status |= {"card": None, "poll": None}
    return status | {"media_attachments": [], "mentions": [], "tags": tags, "emojis": [], "quote": None}


def _content(text: str) -> str:
    body = html.escape(text, quote=False)
    body = _URL.sub(lambda m: f'<a href="{m[0]}" rel="nofollow noopener" target="_blank">{_shown(m[0])}</a>', body)
    tag = '<a href="https://mastodon.example/tags/{0}" class="mention hashtag" rel="tag">#<span>{0}</span></a>'
    body = _TAG.sub(lambda m: tag.format(m[1]), body)
    return f"<p>{body.replace(chr(10), '<br />')}</p>"


def _shown(url: str) -> str:
    return f'<span class="invisible">https://</span><span class="">{url.removeprefix("https://")}</span>'


def bluesky(found: list[Post], deleted: set[str], boosts: dict[str, str]) -> bytes:
    """Lines of Bluesky's Jetstream; a deleted post is taken back half an hour later."""
    events: list[tuple[int, _Object]] = []

    def add(seen: int, *what: Any) -> None:
        events.append((seen, _commit(seen, *what)))

    for post in found:
        seen, key = int(post.when.timestamp()) * 1_000_000 + 456_321, _key(post)
        add(seen, post.author, "post", "create", key, _record(post))
        if post.id in deleted:
            add(seen + 1_800_000_000, post.author, "post", "delete", key)
        if post.id in boosts:
            record: _Object = {"$type": f"{_FEED}repost", "createdAt": _utc(post.when + timedelta(minutes=20), _ISO)}
            record |= {"subject": {"cid": _cid(post), "uri": f"at://{_did(post.author)}/{_FEED}post/{key}"}}
            who = boosts[post.id]
            add(seen + 1_200_000_000, who, "repost", "create", "3" + code(post.id, who, length=12), record)
    events.sort(key=lambda event: event[0])
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for _, event in events).encode()


def _did(author: str) -> str:
    return "did:plc:" + code(author, length=24)


def _key(post: Post) -> str:
    return "3" + code(post.id, length=12)


def _cid(post: Post) -> str:
    return "bafyrei" + code(post.id, post.text, length=52)


def _commit(seen: int, author: str, kind: str, operation: str, key: str, record: _Object | None = None) -> _Object:
    commit: _Object = {"rev": "3" + code(seen, length=12), "operation": operation}
    commit |= {"collection": _FEED + kind, "rkey": key}
    if record is not None:
        commit |= {"record": record, "cid": "bafyrei" + code(seen, author, length=52)}
    return {"did": _did(author), "time_us": seen, "kind": "commit", "commit": commit}


def _record(post: Post) -> _Object:
    record: _Object = {"$type": f"{_FEED}post", "createdAt": _utc(post.when, _ISO)}
    record |= {"langs": ["ja" if re.search(r"[ぁ-んァ-ヶ一-龥]", post.text) else "en"], "text": post.text}
    facets = [_facet(post.text, m, "tag", m[1]) for m in _TAG.finditer(post.text)]
    facets += [_facet(post.text, m, "link", m[0]) for m in _URL.finditer(post.text)]
    facets.sort(key=lambda facet: facet["index"]["byteStart"])
    return record | ({"facets": facets} if facets else {})


def _facet(text: str, found: re.Match[str], kind: str, value: str) -> _Object:
    """Return a facet; its places are in UTF-8 bytes."""
    index = {"byteStart": len(text[: found.start()].encode()), "byteEnd": len(text[: found.end()].encode())}
    name = "uri" if kind == "link" else kind
    return {"index": index, "features": [{"$type": f"app.bsky.richtext.facet#{kind}", name: value}]}
