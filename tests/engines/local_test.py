import json
import shutil
from collections import Counter

import fugashi
import pytest
from desk import QUICK, Workers

from pipeline.errors import SettingsError, StoreBusy
from pipeline.store import lock, parquet
from pipeline.store.layout import Layout

TABLES = ("posts", "tokens", "counts", "word_authors", "tables", "summary")
DAY = "2024-01-01"
LONG = "今日は駅前の新しいパン屋で塩パンを買って帰ったけれど本当においしかった"


def days_that_ran(desk):
    return {day: ran for day, ran in desk.watcher.lines if ran}


def three_days(desk):
    for d in (1, 2, 3):
        rows = [
            (f"{d}-{i}", f"2024-01-0{d}T{i:02}:30:00", f"{i}時の{'雨' if i % 2 else '雪'}がとても冷たい。楽しい一日。")
            for i in range(12)
        ]
        desk.put(f"2024-01-0{d}.jsonl", *rows)


def test_a_day_from_inbox_to_report(desk):
    desk.put(
        "a.jsonl",
        ("1", f"{DAY}T00:00:00", "嬉しい！うれしいなあ #推し活 https://example.jp/ 😊"),
        ("2", f"{DAY}T23:59:59", LONG),
        {"id": "3", "author": "b", "created_at": f"{DAY}T12:00:00+09:00", "text": "RT @a-2: " + LONG, "repost_of": "2"},
        ("4", f"{DAY}T23:59:59.5", LONG.replace("塩パン", "塩パン！")),
        ("5", "2024-01-02T00:00:00", "次の日"),
        {"id": "6", "text": "時刻なし"},
    )
    outcome = desk.run()
    assert not outcome.failed
    assert [str(r.day) for r in outcome.days] == [DAY, "2024-01-02"]
    posts = desk.read("posts", DAY).set_index("post_id")
    assert list(posts.index) == ["jsonl:1", "jsonl:3", "jsonl:2", "jsonl:4"]
    assert posts.loc["jsonl:1", ["hashtags", "urls", "emoji"]].map(list).tolist() == [
        ["推し活"],
        ["https://example.jp/"],
        ["😊"],
    ]
    assert posts["is_repost"].tolist() == [False, True, False, False]
    assert posts.loc["jsonl:4", "duplicate_of"] == "jsonl:2"
    report = json.loads((desk.store / "reports" / DAY / "report.json").read_text())
    assert [report["totals"][k] for k in ("posts", "authors", "reposts", "copies", "quarantined")] == [4, 4, 1, 1, 0]
    for name in ("index.html", "report.xlsx", "adjectives.png", "nouns.png"):
        assert (desk.store / "reports" / DAY / name).stat().st_size > 1000
    rejected = list((desk.store / "quarantine").rglob("*.jsonl"))
    assert [json.loads(p.read_text())["line"] for p in rejected] == [6]


def test_rows_read_are_accounted_for(desk):
    desk.put(
        "a.jsonl",
        ("1", f"{DAY}T01:00:00", "あ"),
        ("1", f"{DAY}T01:00:00", "い"),
        {"id": "x"},
        ("2", f"{DAY}T02:00:00", "う"),
    )
    desk.put("b.jsonl", ("2", f"{DAY}T02:00:00", "え"), ("3", "2024-01-03T00:00:00", "お"))
    desk.run()
    files = [
        file
        for day in (DAY, "2024-01-03")
        for file in json.loads((desk.store / "reports" / day / "report.json").read_text())["files"]
    ]
    read = Counter()
    for f in files:
        assert f["read"] == f["kept"] + f["repeated"] + f["quarantined"] + sum(f["skipped"].values())
        read[f["name"]] += f["read"]
    assert read == {"a.jsonl": 4, "b.jsonl": 2}
    assert sum(f["kept"] for f in files) == 3


def test_a_second_run_does_nothing(desk):
    three_days(desk)
    assert len(days_that_ran(desk) or desk.run().days) == 3
    before = {p: p.stat().st_mtime_ns for p in desk.store.rglob("*") if p.is_file()}
    again = desk.run()
    assert (again.days, again.taken) == ([], [])
    after = {p: p.stat().st_mtime_ns for p in desk.store.rglob("*") if p.is_file()}
    runs = Layout(desk.store).runs  # tells when the last run was
    assert after == before | {runs: after[runs]}


def test_a_late_file_touches_its_day_and_what_looks_back_at_it(desk):
    three_days(desk)
    desk.run()
    desk.put("late.jsonl", ("late", f"{DAY}T05:00:00", "遅れて届いた投稿"))
    desk.run()
    ran = days_that_ran(desk)
    everything = ["merge", "tokenise", "count", "predict", "tabulate", "draw", "summarise", "report"]
    assert ran[DAY] == everything
    assert ran["2024-01-02"] == ["tabulate", "report"]  # ranks of the day before; the charts
    assert ran["2024-01-03"] == ["report"]  # the charts


def test_day_by_day_or_all_at_once_gives_the_same_bytes(new_desk):
    once, daily = new_desk("once"), new_desk("daily")
    three_days(once)
    once.run()
    daily.salted_like(once)
    for d in (1, 2, 3):
        three_days(daily)
        for later in range(d + 1, 4):
            (daily.inbox / f"2024-01-0{later}.jsonl").unlink()
        daily.run()
    assert once.bytes(*TABLES) == daily.bytes(*TABLES)


def test_the_order_of_files_does_not_matter(new_desk):
    first, second = new_desk("first"), new_desk("second")
    old = (("1", f"{DAY}T01:00:00", "古い"), ("2", f"{DAY}T02:00:00", "同じ"))
    new = (("1", f"{DAY}T01:00:00", "新しい"),)
    first.put("old.jsonl", *old, mtime=1_700_000_000)
    first.run()
    first.put("new.jsonl", *new, mtime=1_700_000_900)
    first.run()
    second.salted_like(first)
    second.put("new.jsonl", *new, mtime=1_700_000_900)
    second.run()
    second.put("old.jsonl", *old, mtime=1_700_000_000)
    second.run()
    assert first.read("posts", DAY)["text"].tolist() == ["新しい", "同じ"]
    assert first.bytes(*TABLES) == second.bytes(*TABLES)


def test_the_same_file_under_another_name_adds_nothing(desk):
    path = desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "一度だけ"))
    desk.run()
    shutil.copyfile(path, path.with_name("b.jsonl"))
    assert desk.run().days == []


def test_a_post_collected_for_two_days_counts_to_its_latest(desk):
    desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "推定"), ("2", f"{DAY}T01:00:00", "残る"), mtime=1_700_000_000)
    desk.run()
    desk.put("b.jsonl", ("1", "2024-01-02T01:00:00", "確定"), mtime=1_700_000_900)
    desk.run()
    assert desk.read("posts", DAY)["post_id"].tolist() == ["jsonl:2"]
    assert desk.read("posts", "2024-01-02")["text"].tolist() == ["確定"]


DELETED = {
    "did": "did:plc:a", "time_us": 1704070000000000, "kind": "commit",
    "commit": {"operation": "delete", "collection": "app.bsky.feed.post", "rkey": "k1"},
}  # fmt: skip
CREATED = {
    "did": "did:plc:a", "time_us": 1704067200000000, "kind": "commit",
    "commit": {
        "operation": "create", "collection": "app.bsky.feed.post", "rkey": "k1",
        "record": {"$type": "app.bsky.feed.post", "createdAt": "2024-01-01T00:00:00Z", "text": "消える投稿"},
    },
}  # fmt: skip


@pytest.mark.parametrize("order", [(CREATED, DELETED), (DELETED, CREATED)])
def test_a_deletion_in_another_file_removes_the_post_in_any_order(desk, order):
    desk.put("keep.jsonl", ("1", f"{DAY}T01:00:00", "残る"))
    for name, row in zip("ab", order, strict=True):
        desk.put(f"{name}.jsonl", row)
        desk.run()
    assert desk.read("posts", DAY)["post_id"].tolist() == ["jsonl:1"]


@pytest.mark.parametrize(("rows", "workers"), [(parquet.ROWS, 1), (parquet.ROWS, 3), (7, 1), (7, 3)])
def test_counts_equal_a_plain_loop_over_clean(desk, monkeypatch, rows, workers):
    monkeypatch.setattr(parquet, "ROWS", rows)  # few: the day's tokens fill many row groups
    desk.pool = Workers(workers)
    three_days(desk)
    desk.run()
    tagger, counts, posts = fugashi.Tagger(), Counter(), Counter()
    for clean in desk.read("posts", DAY)["clean"]:
        words = [(w.feature.orthBase or w.surface, w.feature.lemma or w.surface, w.feature.pos1) for w in tagger(clean)]
        counts.update(words)
        posts.update(set(words))
    found = desk.read("counts", DAY)
    assert {(r.base, r.lemma, r.pos): r["count"] for _, r in found.iterrows()} == counts
    assert {(r.base, r.lemma, r.pos): r["posts"] for _, r in found.iterrows()} == posts


def test_a_broken_file_is_named_and_the_rest_goes_on(desk):
    desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "よい"))
    (desk.inbox / "b.jsonl.gz").write_bytes(b"\x1f\x8b\x08\x00broken")
    outcome = desk.run()
    assert outcome.failed
    assert [t.path.name for t in outcome.taken if t.error] == ["b.jsonl.gz"]
    assert [str(d.day) for d in outcome.days] == [DAY]
    assert desk.run().failed  # said again until it is mended


def test_a_file_that_is_no_posts_is_named_but_no_failure(desk):
    desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "よい"))
    (desk.inbox / "planted.json").write_text('{"2024-01-04": {"流星群": 3}}')
    outcome = desk.run()
    assert not outcome.failed
    assert [t.path.name for t in outcome.taken if t.foreign] == ["planted.json"]


def test_another_run_holds_the_store(desk):
    three_days(desk)
    with lock.held(Layout(desk.store)), pytest.raises(StoreBusy):
        desk.run()


def test_forcing_a_stage_runs_it_and_no_more(desk):
    three_days(desk)
    desk.run()
    desk.run(force="tokenise")
    assert days_that_ran(desk) == {f"2024-01-0{d}": ["tokenise"] for d in (1, 2, 3)}  # the same bytes: nothing follows


def test_only_wanted_days_run(desk):
    import datetime as dt

    three_days(desk)
    outcome = desk.run(since=dt.date(2024, 1, 2), until=dt.date(2024, 1, 2))
    assert [str(d.day) for d in outcome.days] == ["2024-01-02"]
    assert [str(d) for d in outcome.open_days] == [DAY, "2024-01-03"]


def test_a_late_post_reaches_all_reports_whose_charts_show_its_day(new_desk):
    late = "2024-02-08"  # 38 days later
    for days, ran in ((39, [DAY, late]), (38, [DAY])):
        desk = new_desk(str(days), pictures=QUICK["pictures"] | {"days": days})
        desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "よい"), ("2", f"{late}T01:00:00", "よい"))
        desk.run()
        desk.put("b.jsonl", ("3", f"{DAY}T02:00:00", "遅い"))
        assert [str(one.day) for one in desk.run().days] == ran


def test_a_lost_table_is_made_again(desk):
    three_days(desk)
    desk.run()
    path = desk.store / "counts" / f"date={DAY}" / "part-0.parquet"
    data = path.read_bytes()
    path.unlink()
    desk.run()
    assert path.read_bytes() == data


def test_an_inbox_that_is_not_there_is_an_error(desk):
    with pytest.raises(SettingsError, match="no such file or folder"):
        desk.run(inbox=desk.inbox / "nothere")


def test_the_salt_is_secret_and_authors_are_hashed(desk):
    desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "よい"))
    desk.run()
    salt = desk.store / ".salt"
    assert salt.stat().st_mode & 0o777 == 0o600
    assert len(desk.read("posts", DAY)["author"][0]) == 16
    for path in desk.store.rglob("*"):
        if path.is_file() and path != salt:
            assert salt.read_bytes() not in path.read_bytes()
            assert b"a-1" not in path.read_bytes() or path.name.endswith(".svg"), path


def test_plain_authors_where_settings_say_so(new_desk):
    desk = new_desk("plain", privacy={"authors": "plain"})
    desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "よい"))
    desk.run()
    assert desk.read("posts", DAY)["author"].tolist() == ["a-1"]


def test_an_empty_inbox_makes_an_empty_calendar(desk):
    assert desk.run().days == []
    assert (desk.store / "reports" / "index.html").exists()
