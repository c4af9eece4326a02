"""The plain functions of the stages: totals, chunks, copies' weights, candidates of the summary, words counted."""

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline import stages
from pipeline.errors import LostWorker
from pipeline.settings import Settings
from pipeline.tables import EXCLUSIONS, POSTS, SUMMARY, TOKENS

TOKYO = ZoneInfo("Asia/Tokyo")


def here(job, items):
    """A mapper in this process."""
    return [job(*item) for item in items]


def posts(*rows):
    """Rows of posts; what a row does not say is as in a plain post of nobody."""
    plain = {"created_at": dt.datetime(2024, 1, 1, tzinfo=dt.UTC), "is_repost": False, "clean": "", "text": ""}
    filled = [plain | {"post_id": f"p{n}"} | row for n, row in enumerate(rows)]
    return pa.Table.from_pylist(filled, POSTS)


def tokens(*rows):
    """(post, sentence, base, pos, subpos) to rows of tokens."""
    columns = {name: pa.nulls(len(rows), TOKENS.field(name).type) for name in TOKENS.names}
    for at, name in enumerate(("post", "sentence", "base", "pos", "subpos")):
        column = pa.array([row[at] for row in rows], pa.int32() if at < 2 else pa.string())
        columns[name] = column if at < 2 else column.dictionary_encode()
    return pa.table(columns, schema=TOKENS)


# chunks


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, []),
        (1, [(0, 1)]),
        (10_000, [(0, 10_000)]),
        (10_001, [(0, 10_000), (10_000, 10_001)]),
        (25_000, [(0, 10_000), (10_000, 20_000), (20_000, 25_000)]),
    ],
)
def test_chunks_are_runs_of_ten_thousand(size, expected):
    assert stages.chunks(size) == expected


@hypothesis_settings(deadline=None, derandomize=True)
@given(st.integers(0, 100_000))
def test_chunks_hold_every_row_once(size):
    found = stages.chunks(size)
    assert [start for start, _ in found] == [0, *(end for _, end in found[:-1])][: len(found)]
    assert (found[-1][1] if found else 0) == size
    assert all(0 < end - start <= stages.CHUNK for start, end in found)


# totals


def at(hour, minute=0, second=0, micro=0, day=1):
    """A moment of January 2024 in Tokyo, in UTC as stored."""
    return dt.datetime(2024, 1, day, hour, minute, second, micro, TOKYO).astimezone(dt.UTC)


def test_totals_count_posts_authors_reposts_and_copies():
    found = stages.totals(
        posts(
            {"author": "ann"},
            {"author": "ann", "duplicate_of": "p0"},
            {"author": "bob", "is_repost": True},
            {"author": None},
            {"author": None, "is_repost": True},
        ),
        TOKYO,
    )
    assert [found[key] for key in ("posts", "authors", "reposts", "copies")] == [5, 2, 2, 1]


def test_hours_are_those_of_tokyo():
    moments = [at(0), at(0, 59, 59, 999_999), at(8, 59, 59), at(9), at(23, 59, 59, 999_999), at(23)]
    hours = stages.totals(posts(*({"created_at": moment} for moment in moments)), TOKYO)["hours"]
    assert {hour: n for hour, n in enumerate(hours) if n} == {0: 2, 8: 1, 9: 1, 23: 2}
    assert len(hours) == 24


@pytest.mark.parametrize(
    ("zone", "moment", "hour"),
    [
        ("Asia/Kolkata", dt.datetime(2024, 1, 1, 0, 29, tzinfo=dt.UTC), 5),  # +05:30
        ("Asia/Kolkata", dt.datetime(2024, 1, 1, 0, 30, tzinfo=dt.UTC), 6),
        ("Asia/Kathmandu", dt.datetime(2024, 1, 1, 0, 14, tzinfo=dt.UTC), 5),  # +05:45
        ("Asia/Kathmandu", dt.datetime(2024, 1, 1, 0, 15, tzinfo=dt.UTC), 6),
        ("Europe/Berlin", dt.datetime(2024, 3, 31, 0, 59, tzinfo=dt.UTC), 1),  # then the clock goes forward
        ("Europe/Berlin", dt.datetime(2024, 3, 31, 1, 0, tzinfo=dt.UTC), 3),
    ],
)
def test_hours_of_zones_that_are_not_whole_hours_away(zone, moment, hour):
    hours = stages.totals(posts({"created_at": moment}), ZoneInfo(zone))["hours"]
    assert hours.index(1) == hour and sum(hours) == 1


def test_a_day_without_posts_has_zeros():
    assert stages.totals(posts(), TOKYO) == {"posts": 0, "authors": 0, "reposts": 0, "copies": 0, "hours": [0] * 24}


# merge


def test_a_merge_of_nothing_is_an_empty_table():
    table, facts = stages.merge([], EXCLUSIONS.empty_table(), Settings(), here)
    assert table.num_rows == 0 and table.schema.equals(POSTS)
    assert facts == {"kept": [], "repeated": [], "excluded": []}


# tokenise


def column(texts):
    return pa.chunked_array([pa.array(texts, pa.string())])


def lengths(texts, first):
    return first, [len(text) for text in texts]


def deadly(*fatal):
    """A mapper whose workers die at some texts, and a record of the sizes asked for."""
    sizes = []

    def spread(job, items):
        sizes.extend(len(item[0]) for item in items)
        return [LostWorker("died") if set(fatal) & set(item[0]) else job(*item) for item in items]

    return spread, sizes


@hypothesis_settings(deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(["a", "bb", "X", "Y"]), max_size=40))
def test_all_texts_but_the_deadly_are_analysed_in_order(texts):
    spread, _ = deadly("X", "Y")
    found = list(stages.tokenise(column(texts), lengths, (), spread))
    assert [n for (_, some), _ in found for n in some] == [0 if t in "XY" else len(t) for t in texts]
    assert [n for _, lost in found for n in lost] == [i for i, t in enumerate(texts) if t in "XY"]


def test_a_deadly_text_is_found_by_halving():
    spread, sizes = deadly("X")
    texts = ["a"] * 1000 + ["X"] + ["a"] * 23
    [(result, lost)] = stages.tokenise(column(texts), lengths, (), spread)
    assert lost == [1000] and len(result[1]) == 1024
    # 1024 once, two halves at each of ten levels, and once more without it
    assert len(sizes) == 1 + 2 * 10 + 1


def test_chunks_far_apart_are_asked_for_in_windows(monkeypatch):
    monkeypatch.setattr(stages, "CHUNK", 2)
    asked = []

    def spread(job, items):
        asked.append(len(items))
        return here(job, items)

    found = list(stages.tokenise(column(["a"] * 70), lengths, (), spread))
    assert [first for (first, _), _ in found] == list(range(0, 70, 2))
    assert sum(asked) == 35 and max(asked) <= 16  # as many as may wait in memory at once


# count_words


def test_words_are_what_is_neither_sign_nor_space():
    table = tokens(
        (0, 0, "雨", "名詞", ""),
        (0, 0, "。", "補助記号", ""),
        (0, 0, "α", "記号", ""),
        (0, 0, " ", "空白", ""),
        (1, 0, "だ", "助動詞", ""),
        (1, 0, "SUM", "名詞", ""),
    )
    assert stages.count_words(table) == 3
    assert stages.count_words(table.slice(1, 3)) == 0
    assert stages.count_words(table.slice(0, 0)) == 0
    assert stages.count_words(pa.concat_tables([table, table.slice(4)])) == 3 + 2


# summarise


def weights(*rows):
    return stages._weights(posts(*rows)).tolist()


def test_a_post_weighs_itself_its_copies_and_its_reposts():
    assert weights(
        {"clean": "雨が降る"},
        {"clean": "雨が降る。", "duplicate_of": "p0"},
        {"clean": "雨が降る!", "duplicate_of": "p0"},
        {"clean": "雨が降る", "is_repost": True},
        {"clean": "雪"},
    ) == [1 + 2 + 1, 0, 0, 0, 1]


def test_reposts_of_an_unknown_post_weigh_in_the_first_of_them():
    assert weights(
        {"clean": "どこかの話", "is_repost": True},
        {"clean": "雨"},
        {"clean": "どこかの話", "is_repost": True},
        {"clean": "よその話", "is_repost": True},
        {"clean": "どこかの話", "is_repost": True},
    ) == [3, 1, 0, 1, 0]


def test_a_repost_counts_to_the_first_post_that_says_the_same():
    assert weights(
        {"clean": "はい"},
        {"clean": "はい"},  # too short to be a copy of the first
        {"clean": "はい", "is_repost": True},
    ) == [2, 1, 0]


def test_a_copy_of_another_day_or_of_nothing_weighs_itself():
    assert weights({"clean": "雨", "duplicate_of": "elsewhere"}, {"clean": "雪"}) == [1, 1]
    assert weights() == []


ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(-3, 3)), max_size=12)


@hypothesis_settings(deadline=None, derandomize=True)
@given(ROWS)
def test_all_weights_together_are_all_posts(rows):
    made, first = [], []
    for n, (clean, repost, back) in enumerate(rows):
        # copies name an earlier post that is neither repost nor copy, as duplicates.first_copies does
        copy_of = first[back % len(first)] if first and back >= 0 and not repost else None
        made.append(
            {"clean": clean, "is_repost": repost, "duplicate_of": f"p{copy_of}" if copy_of is not None else None}
        )
        if not repost and copy_of is None:
            first.append(n)
    found = weights(*made)
    assert sum(found) == len(rows)
    assert all(weight == 0 for weight, row in zip(found, made, strict=True) if row["duplicate_of"])


def test_candidates_are_sentences_of_content_words_with_the_weight_of_their_post():
    table = posts(
        {"clean": "雨が静かに降る。雪ではない。"},
        {"clean": "雨が静かに降る。雪ではない。", "is_repost": True},
        {"clean": "三つ", "author": "ann"},
        {"clean": "雪だ"},
    )
    said = [
        ("雨", "名詞", "普通名詞-一般"),
        ("が", "助詞", "格助詞"),
        ("静か", "形状詞", "一般"),
        ("に", "助動詞", ""),
        ("降る", "動詞", "一般"),
        ("。", "補助記号", "句点"),
    ]
    also = [("雪", "名詞", "普通名詞-一般"), ("で", "助動詞", ""), ("ない", "形容詞", "非自立可能")]
    rows = [(post, 0, *w) for post in (0, 1) for w in said] + [(post, 1, *w) for post in (0, 1) for w in also]
    rows = sorted(rows, key=lambda row: row[:2])
    rows += [(2, 0, "三", "名詞", "数詞"), (3, 0, "雪", "名詞", "普通名詞-一般"), (3, 0, "日", "名詞", "普通名詞-一般")]
    found = stages.candidates(table, [tokens(*rows[:18]), tokens(*rows[18:])], frozenset({"日"}))
    # the repost has no sentence of its own, the number none at all
    assert [list(map(int, c)) for c in (found.post, found.number, found.weight)] == [[0, 0, 3], [0, 1, 0], [2, 2, 1]]
    sentences = [found.words[a:b].tolist() for a, b in pairwise(found.indptr)]
    rain, calm, fall, snow = sentences[0] + sentences[1]
    assert sentences == [[rain, calm, fall], [snow], [snow]] and len({rain, calm, fall, snow}) == 4


def test_candidates_of_no_words_are_none():
    found = stages.candidates(posts({"clean": "。"}), [tokens((0, 0, "。", "補助記号", "句点"))], frozenset())
    for none in (found, stages.candidates(posts(), [], frozenset())):
        assert (none.indptr.tolist(), len(none.post), len(none.words)) == ([0], 0, 0)


def test_a_summary_gives_the_sentence_as_it_stands_in_the_post():
    clean = "今日は雨が降る。\n明日は雪の朝の道。"
    words = (("今日", "雨", "降る"), ("明日", "雪", "朝", "道"))
    rows = [(0, n, word, "名詞", "普通名詞-一般") for n, some in enumerate(words) for word in some]
    table = stages.summarise(posts({"clean": clean}), [tokens(*rows)], frozenset(), Settings())
    assert table.schema.equals(SUMMARY)
    found = {(row["post"], row["sentence"]): row["text"] for row in table.to_pylist()}
    assert set(found.items()) <= {((0, 0), "今日は雨が降る。"), ((0, 1), "明日は雪の朝の道。")} and found
    assert [row["rank"] for row in table.to_pylist()] == list(range(1, len(found) + 1))
    assert all(np.isfinite(row["score"]) and 0 <= row["share"] <= 1 for row in table.to_pylist())


# settings


@pytest.mark.parametrize("stage", stages.STAGES, ids=lambda stage: stage.name)
def test_every_setting_that_a_stage_names_is_there(stage):
    for key in stage.settings:
        stages.setting(Settings(), key)


def test_stages_read_only_what_comes_before_them():
    done = set()
    for stage in stages.STAGES:
        assert set(stage.reads) <= done
        assert {name for name, _ in stage.reads_before} <= {s.name for s in stages.ANALYSE}
        done.add(stage.name)
    assert stages.ANALYSE + stages.PRESENT == stages.STAGES
