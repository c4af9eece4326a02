import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models import evidence
from pipeline.models.daily import Task
from pipeline.models.evidence import Spoken
from pipeline.tables import EVIDENCE

MOOD = Task("mood", "mood/0001", ["bad", "good"], False, 0.0, None)


def ask(texts):
    """Good by half a point a 楽, bad by a point a 怖: what a model might say, with words that count."""
    good = np.array([0.5 + 0.2 * text.count("楽") - 0.3 * text.count("怖") for text in texts]).clip(0, 1)
    return np.stack([1 - good, good], axis=1)


def test_words_are_weighed_by_leaving_them_out():
    sampled = [
        Spoken("今日は楽しい", [("今日", "今日"), ("楽しい", "楽しい")]),
        Spoken("楽しかった、楽しい日", [("楽しい", "楽しかっ"), ("楽しい", "楽しい"), ("日", "日")]),
        Spoken("怖い日😱", [("怖い", "怖い"), ("日", "日")], ["😱"]),
        Spoken("怖くない", [("怖い", "怖く")]),
    ]
    found = evidence.words(MOOD, sampled, ask)
    assert found.schema.equals(EVIDENCE)
    told = [(r["label"], r["rank"], r["word"], round(r["value"], 3), r["posts"]) for r in found.to_pylist()]
    # 楽しい: falls of 0.2 and 0.4 in two posts; 怖い: 0.3 in two. 今日 and 😱 are in one post only, 日 does nothing.
    assert told == [("bad", 1, "怖い", 0.3, 2), ("good", 1, "楽しい", 0.3, 2)]


def test_a_word_whose_form_is_not_in_the_text_is_passed_over():
    assert evidence.words(MOOD, [Spoken("あ", [("い", "い"), ("", "")])] * 3, ask).num_rows == 0


def test_the_sample_takes_of_each_label_evenly_over_the_day():
    probabilities = np.where(np.arange(1000)[:, None] < 990, [0.9, 0.1], [0.1, 0.9])
    chosen = evidence.sample(probabilities, several=False)
    assert (chosen < 990).sum() == 120 and (chosen >= 990).sum() == 10  # 240 over two labels; all of the seldom one
    assert chosen[chosen < 990].max() > 950 and (np.diff(chosen) > 0).all()


def test_typical_posts_are_those_it_is_surest_of_and_short_ones_are_none():
    texts = ["とても楽しい一日だったよ", "怖い怖い怖い話を聞いた", "楽楽楽", "なんでもない普通の一日です"]
    found = evidence.posts(MOOD, ["a", "b", "c", "d"], texts, ask(texts)).to_pylist()
    typical = [(r["label"], r["rank"], r["post_id"]) for r in found if r["kind"] == "typical"]
    assert typical == [("bad", 1, "b"), ("bad", 2, "d"), ("good", 1, "a")]
    assert [r["post_id"] for r in found if r["kind"] == "surprising"] == ["d", "a", "b"]  # 0.5, 0.7, 1
    assert [r["value"] for r in found if r["kind"] == "surprising"] == pytest.approx([0.5, 0.7, 1.0])


def test_a_language_model_tells_the_least_and_the_most_expected():
    texts = [f"十文字より長い投稿その{n}です" for n in range(12)]
    perplexities = np.array([5, 4, 3, 2, 1, 12, 11, 10, 9, 8, 7, 6], float)
    found = evidence.of_language(MOOD, [f"p{n}" for n in range(12)], texts, perplexities).to_pylist()
    assert [r["post_id"] for r in found if r["kind"] == "typical"] == ["p4", "p3", "p2", "p1", "p0"]
    assert [r["post_id"] for r in found if r["kind"] == "surprising"] == ["p5", "p6", "p7", "p8", "p9"]
    assert {r["label"] for r in found} == {None}


@given(st.text(max_size=30), st.lists(st.text(min_size=1, max_size=3), max_size=5))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_a_copy_is_the_text_without_what_was_left_out(text, forms):
    one = Spoken(text, [(form, form) for form in forms])
    for word, copy in evidence._without(one):
        assert len(copy) < len(text) and word in text
        rest = iter(text)
        assert all(sign in rest for sign in copy)  # in the same order, nothing added


@given(st.integers(0, 50), st.integers(1, 60))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_evenly_takes_distinct_rows_in_order(size, limit):
    rows = evidence.evenly(size, limit)
    assert len(rows) == min(size, limit) and (np.diff(rows) > 0).all() and (rows < max(size, 1)).all()
