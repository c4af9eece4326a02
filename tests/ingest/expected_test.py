"""Every line of tests/formats/expected.jsonl, for each file as it is and in other wrappings and under other names."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ingest_reading import DEFAULT, FORMATS, SERIAL, TOKYO, expected, kinds, micros, records

from pipeline.ingest.files import companions, members
from pipeline.ingest.records import Post, Record, Rejected, Removal, Skipped

EXPECTED = expected()
FILES = sorted(EXPECTED)
# Rows of each file by kind, counted by hand: what is read must add up to them.
ROWS = {
    "bluesky_author_feed.json": {"Post": 1},
    "bluesky_jetstream.jsonl": {"Post": 3, "Removal": 2, "notice": 2},
    "bluesky_posts.json": {"Post": 1},
    "fivech_1705330798.dat": {"Post": 4, "tombstone": 1},
    "hostile.jsonl": {"Post": 18, "Rejected": 3},
    "mastodon_outbox.json": {"Post": 2, "private": 1},
    "mastodon_statuses.json": {"Post": 3},
    "misskey_export.json": {"Post": 2},
    "misskey_notes.json": {"Post": 3, "private": 1},
    "reddit_comments.jsonl": {"Post": 1, "tombstone": 1},
    "sheet_cp932.csv": {"Post": 3, "Rejected": 1, "header": 1},
    "sheet_eucjp.csv": {"Post": 3, "Rejected": 1, "header": 1},
    "sheet_utf16.tsv": {"Post": 3, "Rejected": 1, "header": 1},
    "sheet_utf8_bom.csv": {"Post": 3, "Rejected": 1, "header": 1},
    "snscrape.jsonl": {"Post": 1},
    "twarc2.csv": {"Post": 1, "header": 1},
    "twarc2_flat.jsonl": {"Post": 1},
    "twarc2_pages.jsonl": {"Post": 4},
    "v11_stream.jsonl": {"Post": 3, "Removal": 1, "notice": 1, "blank": 1},
    "x_api_v2.json": {"Post": 4},
    "x_api_v2_default_fields.json": {"Post": 1},
    "x_archive_tweets.js": {"Post": 4},
    "youtube_comments.info.json": {"Post": 1, "Rejected": 1},
}
NETWORKS = {
    "x_archive": "x",
    "x_v2": "x",
    "x_v11": "x",
    "snscrape_twitter": "x",
    "mastodon": "mastodon",
    "activitypub": "mastodon",
    "bluesky": "bluesky",
    "misskey": "misskey",
    "misskey_export": "misskey",
    "youtube": "youtube",
    "fivech": "fivech",
    "csv": "sheet",
    "reddit": "reddit",
    "jsonl": "jsonl",
}
PLAIN = ("text", "lang", "is_repost", "reply_to", "quote_of", "source")


def wrap(name: str, way: str, folder: Path) -> Path:
    """Put an example, with what lies beside an X archive, into another wrapping; its own name tells nothing."""
    raw = (FORMATS / name).read_bytes()
    beside = {p.name: p.read_bytes() for p in sorted(FORMATS.glob("x_archive_*")) if p.name != name}
    beside = beside if name.startswith("x_archive") else {}
    if way in ("zip", "tar.gz"):
        # A reader that looked for account.js only before the tweets would miss it here.
        return pack({f"data/{name}": raw, **{f"data/{k}": v for k, v in beside.items()}}, way, folder)
    for other, content in beside.items():
        (folder / other).write_bytes(content)
    packed = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "renamed": bytes}[way](raw)
    path = folder / ("posts" if way == "renamed" else f"posts.{way}")
    path.write_bytes(packed)
    return path


def pack(files: dict[str, bytes], way: str, folder: Path) -> Path:
    path = folder / f"archive.{way}"
    if way == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1_700_000_000
            tar.addfile(info, io.BytesIO(content))
    return path


def check(found: list[Record], told: list[dict[str, Any]], name: str) -> None:
    posts = {f.post_id: f for f in found if isinstance(f, Post)}
    assert dict(kinds(found)) == ROWS[name]
    for line in told:
        if line["expect"] == "see_note":
            continue
        post = posts.pop(f"{NETWORKS[line['source']]}:{line['id']}", None)
        if line["expect"] in ("private", "tombstone", "quarantine", "no_time"):
            assert post is None, line["id"]
            continue
        assert post is not None, line["id"]
        assert {key: getattr(post, key) for key in PLAIN} == {key: line[key] for key in PLAIN}
        assert post.author == (None if line["author"] == "ID:???" else line["author"])  # nobody, as the note says
        assert post.created_at == micros(line["created_at"])
        assert post.urls in (None, line["urls"])
        assert post.hashtags in (None, line["hashtags"])
    assert name == "hostile.jsonl" or not posts


@pytest.mark.parametrize("name", FILES)
def test_each_post_is_as_told(name: str) -> None:
    check(records(FORMATS / name, SERIAL), EXPECTED[name], name)


@pytest.mark.parametrize("way", ["renamed", "gz", "bz2", "xz", "zip", "tar.gz"])
@pytest.mark.parametrize("name", FILES)
def test_wrapping_and_name_change_nothing(name: str, way: str, tmp_path: Path) -> None:
    check(records(wrap(name, way, tmp_path), SERIAL), EXPECTED[name], name)


@pytest.mark.parametrize("name", [n for n in FILES if n.endswith((".jsonl", ".json", ".js", ".dat"))])
def test_crlf_changes_nothing(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    for other in FORMATS.glob("x_archive_*"):
        shutil.copy(other, tmp_path)
        (tmp_path / other.name).chmod(0o644)
    path.write_bytes((FORMATS / name).read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    check(records(path, SERIAL), EXPECTED[name], name)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", [n for n in FILES if n.endswith((".jsonl", ".json", ".js")) and n != "hostile.jsonl"])
def test_json_in_other_unicode_encodings(name: str, encoding: str, tmp_path: Path) -> None:
    for other in FORMATS.glob("x_archive_*"):
        shutil.copy(other, tmp_path)
        (tmp_path / other.name).chmod(0o644)
    path = tmp_path / name
    path.write_bytes((FORMATS / name).read_bytes().decode().encode(encoding))
    check(records(path, SERIAL), EXPECTED[name], name)


def test_deletions_are_told() -> None:
    stream = [r for r in records(FORMATS / "v11_stream.jsonl") if isinstance(r, Removal)]
    assert stream == [Removal("x:1557335954027446273", None, 1_660_132_802_000_000, 4, "x")]
    post, account = (r for r in records(FORMATS / "bluesky_jetstream.jsonl") if isinstance(r, Removal))
    did = "did:plc:bbbbbbbbbbbbbbbbbbbbbbbb"
    assert post == Removal(
        f"bluesky:at://{did}/app.bsky.feed.post/3lbdqv2dqc227", None, 1_732_064_700_000_321, 5, "bluesky"
    )
    assert account == Removal(None, did, 1_732_064_700_001_000, 7, "bluesky")


def test_hostile_lines_are_kept_repaired_or_rejected_one_by_one() -> None:
    found = records(FORMATS / "hostile.jsonl")
    assert [f.line for f in found] == list(range(1, 22))
    posts = {f.post_id: f for f in found if isinstance(f, Post)}
    assert list(posts) == [f"jsonl:x{i}" for i in range(1, 19)]
    assert {key: p.flags for key, p in posts.items() if p.flags} == {
        "jsonl:x17": ["text=repaired"],
        "jsonl:x18": ["text=repaired"],
    }
    assert posts["jsonl:x17"].text == "\ufffd lone surrogate"
    assert posts["jsonl:x18"].text == "\ufffd\ufffd invalid utf-8"
    assert posts["jsonl:x8"].text == "NUL\0のあと"
    assert posts["jsonl:x12"].text == "行区切り\u2028と\u0085と\u000bを含む"
    rejected = [f for f in found if isinstance(f, Rejected)]
    assert all("not valid JSON" in r.reason for r in rejected) and [len(r.raw) for r in rejected][1] == 2_000


def test_flags_and_warnings() -> None:
    assert [p.flags for p in records(FORMATS / "x_api_v2_default_fields.json") if isinstance(p, Post)] == [
        ["created_at=id"]
    ]
    comments = [p for p in records(FORMATS / "youtube_comments.info.json") if isinstance(p, Post)]
    assert [(p.flags, p.collected_at) for p in comments] == [(["created_at=estimated"], 1_717_300_000_000_000)]
    notes = [p.warning for p in records(FORMATS / "misskey_notes.json") if isinstance(p, Post)]
    assert notes == [None, None, "願い事"]


def test_private_posts_are_kept_if_the_settings_say_so() -> None:
    settings = DEFAULT.model_copy(update={"private": True})
    for name, own_id in (("misskey_notes.json", "9vdddddddd"), ("mastodon_outbox.json", "/statuses/9")):
        found = [r for r in records(FORMATS / name, settings) if isinstance(r, Post)]
        told = next(line for line in EXPECTED[name] if line["expect"] == "private")
        post = next(p for p in found if p.post_id.endswith(own_id))
        assert (post.text, post.author) == (told["text"], told["author"])


def test_serial_dates_are_refused_unless_the_settings_allow_them() -> None:
    found = records(FORMATS / "sheet_cp932.csv")
    assert [(r.line, r.reason) for r in found if isinstance(r, Rejected)][1] == (6, "created_at: no usable time")
    assert kinds(found) == {"Post": 2, "Rejected": 2, "header": 1}


def test_an_archive_alone_has_no_author_and_cut_texts_are_flagged(tmp_path: Path) -> None:
    alone = tmp_path / "tweets.js"
    shutil.copy(FORMATS / "x_archive_tweets.js", alone)
    found = [r for r in records(alone) if isinstance(r, Post)]
    assert {p.author for p in found} == {None}
    assert [p.flags for p in found] == [[], [], [], ["text=truncated"]]
    assert companions(alone) == []


def test_companions_are_found_by_content_and_for_archives_only(tmp_path: Path) -> None:
    tweets = tmp_path / "alice_tweets.js"
    shutil.copy(FORMATS / "x_archive_tweets.js", tweets)
    shutil.copy(FORMATS / "x_archive_account.js", tmp_path / "alice_account.js")
    (tmp_path / "bob_account.js").write_text('window.YTD.account.part0 = [{"account": {"username": "bob"}}]')
    (tmp_path / "alice_account.txt").write_text("no archive")
    assert companions(tweets) == [tmp_path / "alice_account.js"]
    assert companions(tmp_path / "alice_account.js") == []
    assert {p.author for p in records(tweets) if isinstance(p, Post)} == {"mikan_taro"}


def test_notes_and_accounts_alone_are_no_posts() -> None:
    from pipeline.errors import NotPosts

    for name in ("x_archive_account.js", "x_archive_note_tweet.js", "README.md"):
        with pytest.raises(NotPosts, match=name):
            list(members(FORMATS / name, DEFAULT, TOKYO))


def test_skipped_rows_have_lines() -> None:
    found = [r for r in records(FORMATS / "v11_stream.jsonl") if isinstance(r, Skipped)]
    assert [(r.line, r.rule) for r in found] == [(5, "notice"), (6, "blank")]
