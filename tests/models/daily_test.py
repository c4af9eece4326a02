import numpy as np
import pytest

from pipeline.models import daily
from pipeline.models.daily import Task
from pipeline.tables import PREDICTIONS, SHARES

MOOD = Task("mood", "mood/0003", ["bad", "good"], False, 0.7, np.array([[90, 10], [20, 80]]))
TAGS = Task("tags", "tags/0001", ["a", "b"], True, 0.6, np.array([[80, 0, 0, 20], [80, 0, 0, 20]]))


def rows(table):
    return table.to_pylist()


def test_each_post_has_its_likeliest_label_with_the_version_that_said_so():
    found = daily.predictions(MOOD, ["x:1", "x:2"], np.array([[0.2, 0.8], [0.65, 0.35]], np.float32))
    assert found.schema.equals(PREDICTIONS)
    assert [(r["post_id"], r["label"], round(r["probability"], 2), r["unsure"]) for r in rows(found)] == [
        ("x:1", "good", 0.8, False),
        ("x:2", "bad", 0.65, True),  # below 0.7
    ]
    assert {(r["task"], r["model_version"]) for r in rows(found)} == {("mood", "mood/0003")}


def test_a_post_may_have_several_labels_or_none():
    found = daily.predictions(TAGS, ["x:1", "x:2"], np.array([[0.9, 0.5], [0.1, 0.2]], np.float32))
    assert [(r["post_id"], r["label"], round(r["probability"], 2), r["unsure"]) for r in rows(found)] == [
        ("x:1", "a", 0.9, False),
        ("x:1", "b", 0.5, True),
        ("x:2", None, 0.72, False),  # none at all: 0.9 × 0.8
    ]
    assert daily.unsure(TAGS, np.array([[0.9, 0.5], [0.1, 0.2]])).tolist() == [True, False]


def test_shares_of_the_day_and_of_the_hours_that_have_posts():
    # 40 of 100 posts are said to be good; of the good 0.8 are found and of the bad 0.1 taken for good:
    # 0.4 = 0.8 g + 0.1 (1 - g), so g = 0.3 / 0.7
    good = np.arange(100) < 40
    probabilities = np.where(good[:, None], [0.1, 0.9], [0.9, 0.1])
    hours = np.where(np.arange(100) < 50, 8, 20)
    found = rows(daily.shares_of_day(MOOD, probabilities, hours))
    assert daily.shares_of_day(MOOD, probabilities, hours).schema.equals(SHARES)
    day = {r["label"]: r for r in found if r["hour"] is None}
    assert (day["good"]["posts"], day["good"]["answers"]) == (100, 40)
    assert day["good"]["share"] == pytest.approx(0.3 / 0.7, abs=0.01)
    assert day["bad"]["share"] + day["good"]["share"] == pytest.approx(1)
    assert {r["hour"] for r in found} == {None, 8, 20}
    morning, evening = (
        next(r["share"] for r in found if r["hour"] == hour and r["label"] == "good") for hour in (8, 20)
    )
    assert morning > evening  # 40 of 50 and none of 50 answers
    assert (morning + evening) / 2 == pytest.approx(day["good"]["share"], abs=1e-9)


def test_shares_where_posts_have_several_labels():
    probabilities = np.array([[0.9, 0.1]] * 3 + [[0.1, 0.1]] * 7)
    found = rows(daily.shares_of_day(TAGS, probabilities, np.array([3] * 10)))
    day = {r["label"]: r for r in found if r["hour"] is None}
    assert day["a"]["answers"] == 3 and day["a"]["share"] == pytest.approx(0.3, abs=0.02)
    assert {(r["hour"], r["label"]) for r in found} == {(None, "a"), (None, "b"), (3, "a"), (3, "b")}
    assert all(0 <= r["low"] <= r["share"] <= r["high"] <= 1 for r in found)


def test_nothing_is_told_without_posts_or_where_mistakes_are_unknown():
    unknown = Task("mood", "mood/0001", ["bad", "good"], False, 0.0, None)
    assert daily.shares_of_day(unknown, np.array([[0.1, 0.9]]), np.array([1])).num_rows == 0
    assert daily.shares_of_day(MOOD, np.zeros((0, 2)), np.zeros(0, np.int64)).num_rows == 0
    assert daily.predictions(MOOD, [], np.zeros((0, 2), np.float32)).num_rows == 0
    assert daily.predictions(TAGS, [], np.zeros((0, 2), np.float32)).num_rows == 0
