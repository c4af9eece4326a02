"""Write the sample: ``python data/sample/generate.py [FOLDER]``, the same bytes each time.

Needs nothing but Python. README.md tells what is in it; the phrases stand in phrases/.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import layouts
import networks
from grammar import rows
from people import BLUESKY, MASTODON
from posts import JST, Post, posts

SEED = 20240101
LABELS = 600
_MEMBER = "shizuku_hibikinone"
_KEY = int(datetime(2024, 1, 6, 10, 20, 0, tzinfo=JST).timestamp())


def main(folder: Path) -> None:
    """Write inbox/ and labels.csv into a folder."""
    everything = posts(SEED)
    daily = [post for post in everything if post.author not in (*MASTODON, *BLUESKY)]
    rng = Random(SEED + 1)
    late = _late(rng, daily)
    files = {f"2024-01-{day:02d}.jsonl": _day(daily, day, late) for day in range(1, 15)}
    files["2024-01-12.jsonl.gz"] = layouts.gzipped(files.pop("2024-01-12.jsonl"))
    files["late/2024-01-05-late.jsonl"] = layouts.generic([layouts.row(post) for post in late])
    files["x-archive-shizuku.zip"] = networks.x_archive(_MEMBER, "凪沢しずく", _member())
    files["mastodon-shiomi.json"] = _mastodon(everything)
    files["bluesky-shiomi.jsonl"] = _bluesky(everything)
    files[f"{_KEY}.dat"] = _board()
    files["goiken.csv"] = _sheet(rng)
    for name, data in files.items():
        path = folder / "inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "labels.csv").write_bytes(_labels(rng, daily))


def _late(rng: Random, daily: list[Post]) -> list[Post]:
    """Posts of the 5th and 6th that nobody answered or passed on, found a week later."""
    needed = {post.reply_to for post in daily} | {post.repost_of for post in daily}
    free = [p for p in daily if p.when.day in (5, 6) and p.role == "own" and p.id not in needed and len(p.text) > 15]
    chosen = sorted(free, key=lambda post: (post.when.day, rng.random()))
    return sorted(chosen[:16] + chosen[-5:], key=lambda post: post.when)


def _day(daily: list[Post], day: int, late: list[Post]) -> bytes:
    """A day's generic lines, with its repeated and its bad ones; every file has a manner of its own."""
    gone = {post.id for post in late}
    today = [post for post in daily if post.when.day == day and post.id not in gone]
    found = [layouts.row(post, utc=day == 4, lang=day % 2 == 1) for post in today]
    found = [_collected(line, day) for line in found] if day in (7, 8) else found
    if day in (8, 9):
        found[:0] = _again(daily, day)
    return _spoilt(layouts.generic(found, bom=day == 7, crlf=day == 7), day)


def _collected(line: dict[str, str], day: int) -> dict[str, str]:
    return line | {"collected_at": f"2024-01-{day + 1:02d}T00:10:00+09:00"}


def _again(daily: list[Post], day: int) -> list[dict[str, str]]:
    """Posts of the evening before, collected once more: on the 8th as they were, on the 9th edited."""
    evening = [p for p in daily if p.when.day == day - 1 and p.when.hour >= 21 and p.role == "own"]
    before = [p for p in evening if len(p.text) > 15][:6]
    at = f"2024-01-{day:02d}T12:00:00+09:00"
    if day == 8:
        return [layouts.row(post) | {"collected_at": at} for post in before]
    endings = ("（誤字直しました）", "\n追記：たくさんの反応ありがとう", "\n※時間を間違えていたので直しました")
    edited = [replace(post, text=post.text + endings[n % 3]) for n, post in enumerate(before[:4])]
    return [layouts.row(p) | {"edited_at": _shifted(p.when), "collected_at": at} for p in edited]


def _shifted(when: datetime) -> str:
    return (when + timedelta(minutes=50)).isoformat()


_BAD = {
    3: '{"id": "17042500009001", "author": "kaito_bb", "created_at": "2024-01-03T12:00:00+09:00", "text": "山より高い',
    6: '{"id": "17045100009002", "author": "pan_to_coffee", "text": "時刻のない投稿。塩パンがうまい"}',
    9: '{"id": "17047700009003", "author": "nemui_panda", "created_at": "2024-01-09T08:00:00+09:00", "text": ""}',
    11: '{"id": "17049400009004", "author": "hp_1", "created_at": "きのうの夜", "text": "日時が読めない投稿"}',
    13: "Internal Server Error",
}


def _spoilt(data: bytes, day: int) -> bytes:
    """Put the day's bad line in the middle."""
    if day not in _BAD:
        return data
    lines = data.split(b"\n")
    lines.insert(len(lines) // 2, _BAD[day].encode())
    return b"\n".join(lines)


def _member() -> list[Post]:
    split = (row.partition(" | ") for row in rows("member"))
    found = []
    for head, _, text in split:
        day, clock, topic, sign = head.split(" ")
        hour, minute = map(int, clock.split(":"))
        when = datetime(2024, 1, int(day), hour, minute, 7 * int(day) % 60, tzinfo=JST)
        found.append(Post(_MEMBER, when, text, sign, topic))
    return found


def _mastodon(everything: list[Post]) -> bytes:
    found = [post for post in everything if post.author in MASTODON]
    boosts = {post.id: MASTODON[n % 2] for n, post in enumerate(found[5::12]) if post.author != MASTODON[n % 2]}
    return networks.mastodon(found, set(MASTODON[2:]), {post.id for post in found[9::40]}, boosts)


def _bluesky(everything: list[Post]) -> bytes:
    found = [post for post in everything if post.author in BLUESKY]
    boosts = {post.id: BLUESKY[n % 4] for n, post in enumerate(found[3::15]) if post.author != BLUESKY[n % 4]}
    return networks.bluesky(found, {found[len(found) // 2].id, found[-9].id}, boosts)


def _board() -> bytes:
    found = []
    for n, line in enumerate(rows("thread")):
        head, _, text = line.partition(" | ")
        minutes, letter = head.split(" ")
        when = datetime.fromtimestamp(_KEY, JST) + timedelta(minutes=int(minutes), seconds=n * 17 % 60)
        poster = "???" if letter == "?" else networks.code("board", letter, length=8) + "0"
        found.append((when, poster, text.replace("\\n", "\n")))
    found.insert(30, (found[29][0], "", ""))
    return layouts.board("【新店】汐見町のパン屋を語るスレ ①斤目", _KEY, found)


def _sheet(rng: Random) -> bytes:
    found = []
    for n, line in enumerate(rows("sheet")):
        head, _, text = line.partition(" | ")
        day, _, name = head.partition(" ")
        when = datetime(2024, 1, int(day), 9 + int(rng.random() * 9), int(rng.random() * 60), tzinfo=JST)
        stamp = f"{when.year}/{when.month}/{when.day} {when.hour}:{when.minute:02d}"
        if n % 7 == 3:
            stamp = f"{when.year}年{when.month}月{when.day}日 {when.hour}時{when.minute:02d}分"
        number = "1.70467E+18" if n == 17 else str(240101 + n)
        text = text.replace("。", "。\r\n", 1) if "中学生" in text else text
        found.append((number, name, stamp, text, f"https://example.jp/goiken/{n}" if n % 4 == 0 else ""))
    return layouts.sheet(found)


def _labels(rng: Random, daily: list[Post]) -> bytes:
    """Moods and topics as the generator meant them, for as many of each mood, in order of time."""
    own = [post for post in daily if post.role == "own" and len(post.text) > 8]
    found: list[Post] = []
    for label in ("positive", "negative", "neutral"):
        of = sorted((post for post in own if post.label == label), key=lambda _: rng.random())
        found += of[: LABELS // 3]
    found.sort(key=lambda post: post.id)
    lines = [f"jsonl:{post.id},{post.label},{post.topic}" for post in found]
    return "\n".join(["post_id,mood,topic", *lines, ""]).encode()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
