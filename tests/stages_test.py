"""The plain functions of the stages: totals, words counted, the summary's rows, what each stage names."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from plain_tables import posts, tokens

from pipeline import stages
from pipeline.settings import Settings
from pipeline.tables import EXCLUSIONS, POSTS, SUMMARY

TOKYO = ZoneInfo("Asia/Tokyo")


def here(job, items):
    """A mapper in this process."""
    return [job(*item) for item in items]


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
    assert facts == {"kept": [], "repeated": [], "excluded": [], "lost": []}


# summarise


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
