"""Days with less than one thinks of: without a post, without a word, of one author, of one post again and again."""

import json

import openpyxl
import pytest
from desk import QUICK, Desk, Here

DAY, NEXT = "2024-01-01", "2024-01-02"

CREATED, DELETED = (
    {
        "did": "did:plc:a", "time_us": 1_704_067_200_000_000 + n, "kind": "commit",
        "commit": {
            "operation": operation, "collection": "app.bsky.feed.post", "rkey": "k1",
            "record": {"$type": "app.bsky.feed.post", "createdAt": "2024-01-01T00:00:00Z", "text": "消える投稿"},
        },
    }
    for n, operation in enumerate(("create", "delete"))
)  # fmt: skip


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path, Here(), **QUICK)


def whole(desk, day):
    """The day's report in all its forms can be opened."""
    folder = desk.store / "reports" / day
    assert "</html>" in (folder / "index.html").read_text("utf-8")
    assert openpyxl.load_workbook(folder / "report.xlsx").sheetnames
    assert (desk.store / "tables" / day / "adjectives.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    return json.loads((folder / "report.json").read_bytes())


def test_a_day_without_posts_between_others_is_a_gap_not_a_failure(desk):
    for n in (1, 3):
        desk.put(f"{n}.jsonl", (str(n), f"2024-01-0{n}T01:00:00", "静かな朝の雨"))
    outcome = desk.run()
    assert not outcome.failed and [str(day.day) for day in outcome.days] == [DAY, "2024-01-03"]
    assert whole(desk, "2024-01-03")["totals"]["posts"] == 1
    assert not (desk.store / "reports" / NEXT).exists()


def test_a_day_whose_every_post_was_deleted_is_empty_in_its_report(desk):
    desk.put("a.jsonl", CREATED)
    desk.put("b.jsonl", ("1", f"{NEXT}T01:00:00", "静かな朝の雨"))
    assert not desk.run().failed and whole(desk, DAY)["totals"]["posts"] == 1
    desk.put("c.jsonl", DELETED)
    assert not desk.run().failed
    report = whole(desk, DAY)
    assert report["totals"]["posts"] == report["totals"]["authors"] == 0
    assert all(not table["rows"] for table in report["tables"].values())
    assert whole(desk, NEXT)["totals"]["posts"] == 1
    assert desk.run().days == []


@pytest.mark.parametrize("text", ["", "　 \n", "https://example.jp/ @taro", "😊🎉", "。。。！？"])
def test_a_day_without_a_word_has_a_report(desk, text):
    desk.put("a.jsonl", *((str(n), f"{DAY}T0{n}:00:00", text) for n in range(3)))
    assert not desk.run().failed
    report = whole(desk, DAY)
    assert report["totals"]["posts"] == 3
    assert not report["tables"]["content_words"]["rows"]


def test_an_inbox_without_files_makes_no_day_and_is_no_failure(desk):
    outcome = desk.run()
    assert not outcome.failed and outcome.days == [] and (desk.store / "reports" / "index.html").exists()


def test_a_day_of_one_author_is_a_day(desk):
    texts = ("雨の朝に傘がない", "楽しい雪の夜でした", "静かな昼のコーヒー", "新しい靴を買った")
    rows = [
        {"id": str(n), "author": "one", "created_at": f"{DAY}T0{n}:00:00+09:00", "text": t} for n, t in enumerate(texts)
    ]
    desk.put("a.jsonl", *rows)
    assert not desk.run().failed
    report = whole(desk, DAY)
    assert (report["totals"]["posts"], report["totals"]["authors"]) == (4, 1)
    assert set(desk.read("counts", DAY)["authors"]) == {1}


def test_a_day_of_nobody_known_counts_no_author(desk):
    desk.put(
        "a.jsonl", *({"id": str(n), "created_at": f"{DAY}T0{n}:00:00+09:00", "text": f"静かな朝{n}"} for n in range(3))
    )
    assert not desk.run().failed
    assert whole(desk, DAY)["totals"]["authors"] == 0 and set(desk.read("counts", DAY)["authors"]) == {0}


def test_a_day_of_one_post_again_and_again_is_one_original(desk):
    long = "今日は駅前の新しいパン屋で塩パンを買って帰ったけれど本当においしかった"
    desk.put("a.jsonl", *((str(n), f"{DAY}T{n % 24:02}:{n // 24:02}:00", long) for n in range(100)))
    assert not desk.run().failed
    totals = whole(desk, DAY)["totals"]
    assert (totals["posts"], totals["copies"]) == (100, 99)
    counts = desk.read("counts", DAY).set_index("base")
    assert (counts.loc["パン屋" if "パン屋" in counts.index else "塩", ["count", "original_count"]] == [100, 1]).all()
