"""What the readers do beyond the examples of tests/formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ingest_reading import DEFAULT, FORMATS, TOKYO, kinds, lines, micros, posts, records, write

from pipeline.ingest import quarantine, strict_json
from pipeline.ingest.files import members
from pipeline.ingest.html import to_text
from pipeline.ingest.records import Post, Rejected, Removal, Unusable
from pipeline.settings import Ingest, Source

GENERIC: dict[str, Any] = {"id": "1", "author": "a", "created_at": "2024-04-01T00:00:00+09:00", "text": "x"}


def generic(tmp_path: Path, **more: object) -> Post | Rejected:
    (found,) = records(lines(tmp_path / "a.jsonl", {**GENERIC, **more}))
    assert isinstance(found, Post | Rejected)
    return found


def test_a_generic_line_with_all_it_may_have(tmp_path: Path) -> None:
    found = generic(
        tmp_path,
        lang="ja",
        repost_of="7",
        reply_to=8,
        quote_of=None,
        url="https://a.example",
        hashtags=["#春", "桜"],
        edited_at="2024-04-01T01:00:00Z",
        collected_at=1_711_999_999,
    )
    day = micros("2024-03-31T15:00:00+00:00")
    want = Post("jsonl:1", "jsonl", "a", day, "x", 1, "ja", True, "7", "8", None, ["https://a.example"], ["春", "桜"])
    want.edited_at, want.collected_at = micros("2024-04-01T01:00:00+00:00"), 1_711_999_999_000_000
    assert found == want


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"id": None}, "id: missing"),
        ({"id": ""}, "id: missing"),
        ({"id": " "}, "id: missing"),
        ({"id": 1.5}, "id: neither text nor a whole number"),
        ({"id": 12345678901234567890123}, "id: neither text nor a whole number"),
        ({"id": True}, "id: neither text nor a whole number"),
        ({"id": "a" * 2001}, "id: longer than 2,000 characters"),
        ({"author": {"name": "a"}}, "author: neither text nor a whole number"),
        ({"created_at": None}, "created_at: missing"),
        ({"created_at": "yesterday"}, "created_at: no usable time"),
        ({"created_at": "1901-01-01"}, "created_at: no usable time"),
        ({"text": None}, "text: missing"),
        ({"text": 5}, "text: not text"),
    ],
)
def test_a_generic_line_is_rejected_naming_the_field(more: dict[str, object], reason: str, tmp_path: Path) -> None:
    found = generic(tmp_path, **more)
    assert isinstance(found, Rejected) and (found.reason, found.line) == (reason, 1)
    assert found.raw.startswith('{"id":') and len(found.raw) <= 2_000


def test_generic_ids_may_be_integers_and_authors_unknown(tmp_path: Path) -> None:
    found = generic(tmp_path, id=2**63, author=None, created_at=1_711_929_600)
    assert isinstance(found, Post)
    assert (found.post_id, found.author, found.created_at) == (f"jsonl:{2**63}", None, 1_711_929_600_000_000)


def test_generic_reposts_by_prefix_keep_their_text(tmp_path: Path) -> None:
    found = generic(tmp_path, text="RT @kuma: やあ")
    assert isinstance(found, Post) and found.is_repost and found.text == "RT @kuma: やあ"
    assert generic(tmp_path, text="RT @kuma やあ") == Post(
        "jsonl:1", "jsonl", "a", micros("2024-03-31T15:00:00+00:00"), "RT @kuma やあ", 1
    )


def test_times_without_offset_are_in_the_zone_of_source_or_store(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", {**GENERIC, "created_at": "2024-04-01T09:00:00"})
    assert posts(path)[0].created_at == micros("2024-04-01T00:00:00+00:00")
    in_utc = Ingest(sources=(Source(timezone="UTC"),))
    assert posts(path, in_utc)[0].created_at == micros("2024-04-01T09:00:00+00:00")


def test_a_list_of_generic_posts_is_a_document(tmp_path: Path) -> None:
    for indent in (None, 1):
        content = json.dumps([{**GENERIC, "id": str(i)} for i in range(3)] + [5], indent=indent)
        found = records(write(tmp_path / "a", content))
        assert [(f.line, type(f).__name__) for f in found] == [(1, "Post"), (2, "Post"), (3, "Post"), (4, "Rejected")]


def test_lines_of_other_formats_in_one_file_are_read_as_what_they_are(tmp_path: Path) -> None:
    raw = json.dumps(GENERIC).encode() + b"\n" + (FORMATS / "snscrape.jsonl").read_bytes() + b"[]\n5\n"
    found = records(write(tmp_path / "a", raw))
    assert kinds(found) == {"Post": 2, "notice": 1, "Rejected": 1}
    assert [f.source for f in found if isinstance(f, Post)] == ["jsonl", "snscrape_twitter"]


def test_the_first_line_may_be_broken(tmp_path: Path) -> None:
    raw = b'{"id": "cut", "te\n' + json.dumps(GENERIC).encode() + b"\n" + json.dumps(GENERIC).encode()
    assert kinds(records(write(tmp_path / "a", raw))) == {"Rejected": 1, "Post": 2}
    assert kinds(records(write(tmp_path / "b", raw.rpartition(b"\n")[0]))) == {"Rejected": 1, "Post": 1}


def test_values_nested_deeper_than_the_stack_are_rejected(tmp_path: Path) -> None:
    deep = b'{"statuses":[' * 500 + b"]}" * 500
    found = records(write(tmp_path / "a", json.dumps(GENERIC).encode() + b"\n" + deep + b"\n"))
    assert [(type(f).__name__, f.line) for f in found] == [("Post", 1), ("Rejected", 2)]
    pages = [{"statuses": []}, 5, {"statuses": [{**GENERIC, "id": "2"}]}]
    assert [p.post_id for p in posts(write(tmp_path / "b", json.dumps(pages)))] == ["jsonl:2"]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":2}',
        b'{"a" : 1, "a":2}',
        b'{"b":{"a"\t:1,"a"\t:1}}',
        b'[{"a":1,"a":1}]',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":' + b"1" * 5000 + b"}",
        b'{"a":1e999}',
        b'{"a":"\\ud83d"}',
        b'{"a":"\xff"}',
        b"[" * 3000,
        b'{"a":1',
        b"",
        b"{'a':1}",
    ],
)
def test_json_is_strict(raw: bytes) -> None:
    with pytest.raises(strict_json.BadJson):
        strict_json.loads(raw)


def test_colons_in_texts_are_no_keys() -> None:
    value = {"a": 'say "x": y', "b": [{"c": '":":"'}], "d": " : "}
    assert strict_json.loads(json.dumps(value).encode()) == value


def test_repairs_touch_only_what_is_damaged() -> None:
    assert strict_json.repaired(rb'{"a":"\ud83d\ude00 \ud83d \\ud83d"}') == rb'{"a":"\ud83d\ude00 \ufffd \\ud83d"}'
    assert strict_json.repaired(b'{"a":"\xff"}') == b'{"a":"\xef\xbf\xbd"}'
    assert strict_json.repaired('{"a":"あ"}'.encode()) is None


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>a<br>b</p><p>c</p>", "a\nb\n\nc"),
        ("<p>a</p>tail", "a\n\ntail"),
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("<ul><li>x</li><li>y</li></ul><p>z</p>", "x\ny\n\nz"),
        ("<p>a<script>alert(1)</script>b<style>x</style></p>", "ab"),
        ('<p>:<img src="x" alt=":blob:" onerror="x">:</p>', "::blob::"),
        ("<p>unclosed <b>bold", "unclosed bold"),
        ("<p>a</p><div><div><div><div><div><p>b</p></div></div></div></div></div>", "a\n\nb"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_html_becomes_what_a_person_sees(markup: str, text: str) -> None:
    assert to_text(markup)[0] == text


def test_links_of_html() -> None:
    markup = (
        '<a href="https://a.example/1">1</a><a href="https://a.example/@x" class="u-url mention">x</a>'
        '<a href="javascript:alert(1)">2</a><a class="hashtag" href="https://a.example/t">#t</a><a>3</a>'
    )
    assert to_text(markup)[1] == ["https://a.example/1"]


def test_html_of_too_many_tags_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(Unusable, match="more than 5,000 tags"):
        to_text("<div>" * 300_000)


def archive(tmp_path: Path, *tweets: dict[str, object], name: str = "tweets") -> Path:
    return write(tmp_path / "t.js", f"window.YTD.{name}.part0 = " + json.dumps([{"tweet": t} for t in tweets]) + ";")


TWEET: dict[str, object] = {"id_str": "5", "created_at": "Sun Mar 31 14:59:59 +0000 2024", "full_text": "x"}


def test_old_archives_have_no_wrapper_and_entities_are_undone_once(tmp_path: Path) -> None:
    raw = "window.YTD.tweet.part0 = " + json.dumps([{**TWEET, "full_text": "&amp;lt; &lt;3 &quot;"}])
    (post,) = posts(write(tmp_path / "t.js", raw))
    assert post.text == "&lt; <3 &quot;"


def test_archives_with_damage_give_what_comes_before(tmp_path: Path) -> None:
    path = archive(tmp_path, TWEET, {**TWEET, "id_str": "6"}, {"id_str": "7"})
    assert [(type(f).__name__, f.line) for f in records(path)] == [("Post", 1), ("Post", 2), ("Rejected", 3)]
    lone = write(tmp_path / "u.js", path.read_bytes().replace(b'"x"', rb'"\ud83d"', 1))
    assert [(p.text, p.flags) for p in posts(lone)] == [("\ufffd", ["text=repaired"]), ("x", [])]


def test_deleted_tweets_of_an_archive_are_no_posts(tmp_path: Path) -> None:
    from pipeline.errors import NotPosts

    with pytest.raises(NotPosts):
        list(members(archive(tmp_path, TWEET, name="deleted_tweets"), DEFAULT, TOKYO))


def test_v2_pages_without_the_original_flag_a_cut_repost(tmp_path: Path) -> None:
    repost = {"type": "retweeted", "id": "3"}
    page = {
        "data": [
            {"id": "5", "text": "RT @a: cut…", "created_at": "2024-04-01T00:00:00Z", "referenced_tweets": [repost]},
            {"id": "6", "text": "x", "created_at": "2024-04-01T00:00:00Z", "author_id": "1"},
            "no object",
            {"id": "20", "text": "before ids told the time"},
        ],
        "includes": {"users": [{"id": "1", "username": "a", "protected": True}]},
    }
    found = records(write(tmp_path / "a", json.dumps(page)))
    assert kinds(found) == {"Post": 1, "private": 1, "Rejected": 2}
    (post,) = (f for f in found if isinstance(f, Post))
    assert (post.flags, post.repost_of, post.is_repost) == (["text=truncated"], "3", True)
    assert posts(write(tmp_path / "a", json.dumps(page)), Ingest(private=True))[1].author == "a"


def test_an_empty_page_is_counted(tmp_path: Path) -> None:
    raw = (FORMATS / "twarc2_pages.jsonl").read_bytes() + b'{"meta": {"result_count": 0}, "__twarc": {}}\n'
    assert kinds(records(write(tmp_path / "a", raw))) == {"Post": 4, "notice": 1}


def test_pages_tell_when_they_were_collected() -> None:
    found = [p.collected_at for p in posts(FORMATS / "twarc2_pages.jsonl")]
    assert found == [micros("2024-04-02T02:00:00+00:00")] * 4
    assert posts(FORMATS / "bluesky_jetstream.jsonl")[0].collected_at == 1_732_064_523_456_321
    assert posts(FORMATS / "x_api_v2.json")[0].collected_at is None


def test_reposts_tell_of_what() -> None:
    originals = {
        "x_api_v2.json": "1774919668331446281",
        "v11_stream.jsonl": "1557335954027446273",
        "mastodon_statuses.json": "https://mastodon.example/users/midori/statuses/112540562227200002",
        "mastodon_outbox.json": "https://social.example/users/midori/statuses/1",
        "bluesky_jetstream.jsonl": "at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3lbdqteg5k227",
        "misskey_notes.json": "9vaaaaaaaa",
        "misskey_export.json": "9vzzzzzzzz",
    }
    for name, original in originals.items():
        assert [p.repost_of for p in posts(FORMATS / name) if p.is_repost] == [original], name
        assert all(p.repost_of is None for p in posts(FORMATS / name) if not p.is_repost)


def test_the_server_of_the_settings_completes_local_names() -> None:
    settings = Ingest(sources=(Source(server="misskey.example", author="sora"),))
    notes = posts(FORMATS / "misskey_notes.json", settings)
    assert [(p.post_id, p.author) for p in notes][:2] == [
        ("misskey:misskey.example/9vaaaaaaaa", "sora@misskey.example"),
        ("misskey:misskey.example/9vbbbbbbbb", "umi@misskey.example"),
    ]
    assert {p.author for p in posts(FORMATS / "misskey_export.json", settings)} == {"sora"}
    statuses = posts(FORMATS / "mastodon_statuses.json", Ingest(sources=(Source(server="mastodon.example"),)))
    assert [p.author for p in statuses] == ["ao@mastodon.example", "midori@social.example", "ao@mastodon.example"]


@pytest.mark.parametrize(
    ("visibility", "kept"), [("public", 1), ("unlisted", 1), ("private", 0), ("direct", 0), (5, 0), (None, 0)]
)
def test_visibility_of_statuses(visibility: object, kept: int, tmp_path: Path) -> None:
    status = json.loads((FORMATS / "mastodon_statuses.json").read_text("utf-8"))[0]
    path = lines(tmp_path / "a", {**status, "visibility": visibility})
    assert kinds(records(path)) == ({"Post": 1} if kept else {"private": 1})


def test_a_boost_of_a_private_post_is_private(tmp_path: Path) -> None:
    status = json.loads((FORMATS / "mastodon_statuses.json").read_text("utf-8"))[2]
    status["reblog"]["visibility"] = "private"
    assert kinds(records(lines(tmp_path / "a", status))) == {"private": 1}


def test_deletions_and_tombstones_of_an_outbox(tmp_path: Path) -> None:
    gone = {"type": "Tombstone", "id": "https://a.example/1"}
    items = [
        {"type": "Delete", "actor": "a", "object": gone, "published": "2024-04-01T00:00:00Z"},
        {"type": "Create", "actor": "a", "object": gone},
        {"type": "Like", "actor": "a", "object": "https://a.example/2"},
    ]
    found = records(write(tmp_path / "a", json.dumps({"type": "OrderedCollection", "orderedItems": items})))
    removal = Removal("mastodon:https://a.example/1", None, micros("2024-04-01T00:00:00+00:00"), 1, "mastodon")
    assert found[0] == removal and kinds(found) == {"Removal": 1, "tombstone": 1, "notice": 1}


def test_a_thread_without_a_name_takes_its_key_from_its_first_post(tmp_path: Path) -> None:
    raw = (FORMATS / "fivech_1705330798.dat").read_bytes()
    assert [p.post_id for p in posts(write(tmp_path / "thread", raw))][:2] == [
        "fivech:1705330798/1",
        "fivech:1705330798/2",
    ]
    rest = raw.split(b"\n", 1)[1]
    found = records(write(tmp_path / "rest", b"a<>b<>no time<>x<>\n" + rest))
    assert kinds(found) == {"Rejected": 4, "tombstone": 1}
    assert all("name it KEY.dat" in f.reason for f in found[1:] if isinstance(f, Rejected))


@pytest.mark.parametrize(
    ("line", "text", "reply_to", "urls"),
    [
        ("n<>m<>2024/01/15(月) 23:59:58.12 ID:a<> <a href=x>&gt;&gt;12</a> そう <>", ">>12 そう", "1234567890/12", []),
        ("n<>m<>2024/01/15(月) 23:59:58<>　∧＿∧ <br> （　´∀｀）<>", "　∧＿∧\n（　´∀｀）", None, []),
        (
            "n<>m<>24/01/15 23:59<> ttp://a.example/x?y=1、https://b.example <>",
            "ttp://a.example/x?y=1、https://b.example",
            None,
            ["http://a.example/x?y=1", "https://b.example"],
        ),
    ],
)
def test_lines_of_a_thread(line: str, text: str, reply_to: str | None, urls: list[str], tmp_path: Path) -> None:
    (post,) = posts(write(tmp_path / "1234567890.dat", line.encode("cp932")))
    assert (post.text, post.reply_to, post.urls) == (text, reply_to, urls)


def test_reddit_posts_and_deletions(tmp_path: Path) -> None:
    base = {"subreddit": "r", "created_utc": 1_700_000_000, "author": "[deleted]"}
    path = lines(
        tmp_path / "a",
        {**base, "id": "p1", "title": "題 &amp; 名", "selftext": "本文"},
        {**base, "id": "p2", "title": "リンク", "selftext": "", "url": "https://a.example", "is_self": False},
        {**base, "id": "p3", "title": "消えた", "selftext": "[removed]"},
        {**base, "id": "c1", "body": "x", "parent_id": "t3_p1", "edited": 1_700_000_100},
    )
    first, second, comment = posts(path)
    assert (first.post_id, first.text, first.author, first.urls) == ("reddit:t3_p1", "題 & 名\n\n本文", None, None)
    assert (second.post_id, second.text, second.urls) == ("reddit:t3_p2", "リンク", ["https://a.example"])
    assert (comment.reply_to, comment.edited_at) == ("t3_p1", 1_700_000_100_000_000)
    assert kinds(records(path)) == {"Post": 3, "tombstone": 1}


def test_quarantine_lines_do_not_act_on_a_terminal() -> None:
    row = quarantine.entry("a", Rejected(3, "why", "\x1b[31m\u202e\u2028\x9b\x7fあ" + "x" * 5000))
    told = quarantine.to_line(row)
    assert told.endswith("\n") and told[:-1].isprintable() and "あ" in told
    assert json.loads(told) == row and len(row["raw"]) == 2_000
