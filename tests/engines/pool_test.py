"""Workers that die: what is lost, and that nothing else is."""

import json
import os
import time

import pyarrow as pa
import pytest
from deadly import (
    MARKER,
    always,
    analyse_but,
    analyse_few,
    clean_but,
    dies_at,
    fails,
    greedy,
    killed,
    lengths,
    never_draws,
    process,
    square,
    without_memory,
)
from desk import QUICK, Desk

from pipeline import spreading, stages
from pipeline.engines import jobs
from pipeline.engines.pool import Pool
from pipeline.errors import LostWorker

DAY = "2024-01-01"


@pytest.fixture(scope="module")
def two():
    with Pool(2) as workers:
        yield workers


def test_results_come_in_order(two):
    assert two.map(square, [(n,) for n in range(20)]) == [n * n for n in range(20)]
    assert two.map(square, []) == []


def test_a_pool_that_is_closed_while_it_starts_starts_nothing_more():
    pool = Pool(3)
    pool.start()
    pool.close()
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(square, 1)


def test_jobs_run_in_other_processes(two):
    assert os.getpid() not in two.map(process, [(n,) for n in range(4)])


def test_a_job_that_kills_its_worker_costs_itself_alone(two):
    found = two.map(dies_at, [(n, {3, 7}) for n in range(10)])
    assert [i for i, outcome in enumerate(found) if isinstance(outcome, LostWorker)] == [3, 7]
    assert [outcome for outcome in found if not isinstance(outcome, LostWorker)] == [0, 1, 4, 16, 25, 36, 64, 81]
    assert str(found[3]) == "dies_at: its worker process died"
    assert two.map(square, [(5,)]) == [25]  # the pool goes on


def test_a_worker_killed_from_outside_is_lost_like_one_that_ends_itself(two):
    found = two.map(killed, [(0,), (1,)])
    assert isinstance(found[0], LostWorker) and found[1] == 1


@pytest.fixture
def breaking():
    """A pool of two with one process, its executor, and what breaks it (at most once) by killing that process."""
    with Pool(2) as pool:
        assert pool.submit(square, 2).result() == 4
        executor = pool._executor

        def break_it(until):
            executor._processes[min(executor._processes)].kill()
            wait_for(until)

        yield pool, executor, break_it


def wait_for(happened, seconds=2):
    """From Python 3.12 on, an executor does not break while a job is handed in; then the wait ends by itself."""
    end = time.monotonic() + seconds
    while not happened() and time.monotonic() < end:
        time.sleep(0.001)


def test_a_pool_that_breaks_while_a_process_is_started_starts_anew(monkeypatch, breaking):
    pool, executor, break_it = breaking

    def start_late():
        break_it(lambda: executor._call_queue._reader.closed)
        executor._spawn_process()

    monkeypatch.setattr(executor, "_adjust_process_count", start_late)
    assert pool.result(pool.submit(square, 6), square, 6) == 36


def test_no_job_is_waited_for_that_a_breaking_pool_has_forgotten(monkeypatch, breaking):
    pool, executor, break_it = breaking

    class Late(dict):
        def __setitem__(self, number, item):
            break_it(lambda: executor._broken)
            super().__setitem__(number, item)

    monkeypatch.setattr(executor, "_pending_work_items", Late())  # the thread that tells of losses has the former
    assert pool.submit(square, 6).result(timeout=30) == 36


def test_a_process_that_cannot_be_started_is_told(monkeypatch, breaking):
    pool, executor, _ = breaking

    def refuse():
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(executor, "_adjust_process_count", refuse)
    with pytest.raises(BlockingIOError):
        pool.submit(square, 6)


def test_an_error_of_a_job_is_raised_and_ends_no_worker(two):
    with pytest.raises(ValueError, match="no 1"):
        two.map(fails, [(1,)])
    assert two.map(square, [(3,)]) == [9]


def test_one_result_is_waited_for_or_told_as_lost(two):
    assert two.result(two.submit(square, 4), square, 4) == 16
    with pytest.raises(LostWorker, match="dies_at"):
        two.result(two.submit(dies_at, 1, {1}), dies_at, 1, {1})


def test_what_was_waiting_beside_a_lost_job_is_done_again(two):
    fatal, other = two.submit(dies_at, 1, {1}), two.submit(square, 6)
    with pytest.raises(LostWorker):
        two.result(fatal, dies_at, 1, {1})
    assert two.result(other, square, 6) == 36


# A chunk is halved until the killing posts are found.


def tokenised(monkeypatch, pool, texts, chunk, job=lengths, arguments=()):
    monkeypatch.setattr(spreading, "CHUNK", chunk)
    return list(stages.tokenise(pa.chunked_array([pa.array(texts, pa.string())]), job, arguments, pool.map))


def test_exactly_the_killing_post_of_a_chunk_is_given_up(monkeypatch, two):
    texts = ["あ" * n for n in range(1, 12)]
    texts[6] = MARKER
    # chunks of 4: 0-3, 4-7, 8-10; the second in halves 4-5, 6-7, then 6, 7; the seventh is taken as empty
    assert tokenised(monkeypatch, two, texts, 4) == [
        ([(0, [1, 2, 3, 4])], []),
        ([(4, [5, 6]), (6, [0]), (7, [8])], [6]),
        ([(8, [9, 10, 11])], []),
    ]


def test_all_killing_posts_of_a_chunk_are_given_up(monkeypatch, two):
    texts = [MARKER, "い", MARKER, "うう", MARKER]
    assert tokenised(monkeypatch, two, texts, 5) == [
        ([(0, [0]), (1, [1]), (2, [0]), (3, [2]), (4, [0])], [0, 2, 4]),
    ]


def test_a_single_post_may_be_all_there_is(monkeypatch, two):
    assert tokenised(monkeypatch, two, [MARKER], 4) == [([(0, [0])], [0])]
    assert tokenised(monkeypatch, two, [], 4) == []


@pytest.mark.parametrize("job", [greedy, without_memory])
def test_a_chunk_that_is_only_too_much_at_once_loses_no_post(monkeypatch, two, job):
    texts = ["あ" * n for n in range(8)]
    # 8 are too many, 4 too, 2 are not
    assert tokenised(monkeypatch, two, texts, 8, job, (3,)) == [
        ([(0, [0, 1]), (2, [2, 3]), (4, [4, 5]), (6, [6, 7])], []),
    ]


def test_where_not_even_an_empty_post_can_be_done_nothing_is_given_up(monkeypatch, two):
    with pytest.raises(LostWorker, match="always: its worker process died"):
        tokenised(monkeypatch, two, ["い"] * 8, 8, always)


def test_a_chunk_is_not_tried_for_ever(monkeypatch, two):
    monkeypatch.setattr(spreading, "_TRIES", 3)
    texts = [MARKER, *"あいうえおかき"]
    assert tokenised(monkeypatch, two, texts, 8)[0][1] == [0]  # lost: 0-3, 0-1, 0
    with pytest.raises(LostWorker, match="over and over"):
        tokenised(monkeypatch, two, [MARKER, *"あいうえおか", MARKER], 8)


def test_a_day_goes_on_without_the_post_that_ends_mecab(monkeypatch, tmp_path, pool):
    rows = [(str(i), f"{DAY}T{i:02}:00:00", "とても静かな朝" if i != 2 else f"静かだが{MARKER}朝") for i in range(5)]
    desk, whole = Desk(tmp_path / "dies", pool, **QUICK), Desk(tmp_path / "whole", pool, **QUICK)
    for one in (desk, whole):
        one.put("a.jsonl", *rows)
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "analyse", analyse_but)
        outcome = desk.run()
    whole.run()
    assert not outcome.failed
    [lost] = map(json.loads, (desk.store / "quarantine" / f"date={DAY}" / "tokenise.jsonl").read_text().splitlines())
    assert (lost["file"], lost["line"], lost["raw"]) == ("a.jsonl", 3, f"静かだが{MARKER}朝")
    assert "MeCab" in lost["reason"]
    assert desk.read("posts", DAY)["post_id"].tolist() == [f"jsonl:{i}" for i in range(5)]  # the post itself stays
    tokens, expected = desk.read("tokens", DAY), whole.read("tokens", DAY)
    kept = expected[expected["post"] != 2].reset_index(drop=True)
    assert tokens.astype(str).equals(kept.astype(str))
    report = desk.report(DAY)
    assert (report["totals"]["posts"], report["totals"]["quarantined"]) == (5, 1)
    assert [row["line"] for row in report["quarantine"]] == [3]
    assert any("1" in note for note in report["notes"])
    counts = desk.read("counts", DAY).set_index("base")["count"]
    assert counts["静か"] == 4  # of five posts, the lost one apart

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "analyse", analyse_few)  # more than two at once are too many, too
        assert not desk.run(force="tokenise").failed
    again = desk.read("tokens", DAY)
    assert again.astype(str).equals(tokens.astype(str))

    desk.run(force="tokenise")  # MeCab is well again
    assert not (desk.store / "quarantine" / f"date={DAY}" / "tokenise.jsonl").exists()
    assert desk.report(DAY)["totals"]["quarantined"] == 0
    assert desk.bytes("tokens", "counts", "tables") == whole.bytes("tokens", "counts", "tables")


def test_a_day_goes_on_without_the_post_that_ends_cleaning(monkeypatch, tmp_path, pool):
    desk = Desk(tmp_path, pool, **QUICK)
    desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "静かな朝"), ("2", f"{DAY}T02:00:00", f"朝\u202e\u2028{MARKER}"))
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.text.normalise.clean_table", clean_but)
        assert not desk.run().failed
    lines = (desk.store / "quarantine" / f"date={DAY}" / "merge.jsonl").read_text()
    [lost] = map(json.loads, lines.splitlines())
    assert (lost["line"], lost["reason"]) == (2, "cleaning ended at this post")
    assert lost["raw"] == f"朝\u202e\u2028{MARKER}"
    assert "\u202e" not in lines  # nothing that turns a terminal's line round
    assert desk.read("posts", DAY)["clean"].tolist() == ["静かな朝", ""]
    assert desk.report(DAY)["totals"]["quarantined"] == 1
    assert any("1" in note for note in desk.report(DAY)["notes"])
    desk.run(force="merge")
    assert not (desk.store / "quarantine" / f"date={DAY}" / "merge.jsonl").exists()
    assert desk.report(DAY)["totals"]["quarantined"] == 0


def test_a_stage_that_ends_its_worker_fails_its_day_and_the_next_run_makes_good(monkeypatch, tmp_path, pool):
    desk = Desk(tmp_path, pool, **QUICK)
    desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "静かな朝"))
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "draw_cloud", never_draws)
        outcome = desk.run()
    assert outcome.failed
    [day] = outcome.days
    assert day.error == "never_draws: its worker process died"
    assert not (desk.store / "reports" / DAY / "index.html").exists()
    [again] = desk.run().days
    assert again.error is None and "draw" in again.ran and "tokenise" not in again.ran
    assert (desk.store / "reports" / DAY / "index.html").exists()
