"""The day in a few sentences, on days of a few words."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from pipeline.analysis import summary
from pipeline.analysis.lexrank import graph, lexrank, vectors
from pipeline.analysis.summary import Sentences, summarise


def day(*sentences, post=None, weight=None):
    """Sentences of numbered words, each of its own post unless told."""
    post = range(len(sentences)) if post is None else post
    seen: dict[int, int] = {}
    number = [seen[p] for p in post if seen.update({p: seen.get(p, -1) + 1}) is None]
    return Sentences(
        post=np.array(list(post), dtype=np.int32),
        number=np.array(number, dtype=np.int32),
        weight=np.ones(len(sentences)) if weight is None else np.array(weight, dtype=float),
        indptr=np.cumsum([0, *map(len, sentences)]),
        words=np.array([word for words in sentences for word in words], dtype=np.int32),
    )


def chosen(sentences, *, posts=None, wanted=3, diversity=0.3):
    return summarise(sentences, posts=posts or len(sentences.post), wanted=wanted, diversity=diversity)


def rows(found):
    return [(one.post, one.number) for one in found]


# All pairs of a topic have three words or more of five in common, so are linked; no two topics share a word.
RAIN = [[0, 1, 2, 3, 4], [0, 1, 2, 3, 5], [0, 1, 2, 4, 5], [0, 1, 2, 3, 6]]
TRAIN = [[20, 21, 22, 23, 24], [20, 21, 22, 23, 25], [20, 21, 22, 24, 26]]
OTHER = [[40, 41, 42, 43, 44], [50, 51, 52, 53, 54]]


def test_an_empty_day():
    assert chosen(day(), posts=1) == []


def test_a_day_without_words():
    assert chosen(day([], [])) == []


def test_one_sentence_stands_for_its_own_post():
    only = chosen(day([0, 1, 2, 3]), posts=4)
    assert rows(only) == [(0, 0)]
    assert only[0].score == pytest.approx(1)  # all the rank there is, times a cosine of 1
    assert (only[0].posts, only[0].share) == (1, 0.25)


def test_equal_sentences_are_said_once():
    found = chosen(day(*[[0, 1, 2, 3]] * 6))
    assert rows(found) == [(0, 0)]
    assert (found[0].posts, found[0].share) == (6, 1)
    assert found[0].score == pytest.approx(1)


def test_sentences_with_nothing_in_common_stand_in_order_of_weight_then_time():
    found = chosen(day([0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12, 13, 14], weight=[1, 3, 1]), posts=5)
    assert rows(found) == [(1, 0), (0, 0), (2, 0)]
    assert [one.posts for one in found] == [3, 1, 1]
    assert [one.share for one in found] == pytest.approx([0.6, 0.2, 0.2])
    assert [one.score for one in found] == pytest.approx([0.6, 0.2, 0.2])


def test_topics_by_their_size_and_each_once():
    # four posts on the rain, three on the trains, two alone
    found = chosen(day(*OTHER, *TRAIN, *RAIN), posts=9, wanted=2)
    assert [one.post >= 5 for one in found] == [True, False]
    assert 2 <= found[1].post < 5
    assert [one.posts for one in found] == [4, 3]
    assert [one.share for one in found] == pytest.approx([4 / 9, 3 / 9])


def test_a_near_repeat_is_left_out():
    repeat = [*RAIN[0][:4], 30]
    sentences = day(RAIN[0], repeat, *TRAIN[:2])
    assert len({post < 2 for post, _ in rows(chosen(sentences, wanted=2))}) == 2


def test_diversity_moves_mmr_from_weight_to_difference():
    # The second shares one word with the first, so is no repeat, and has more weight than the third, which shares none.
    sentences = day([0, 1, 2, 3, 4], [0, 11, 12, 13, 14], [20, 21, 22, 23, 24], weight=[6, 4, 3])
    assert rows(chosen(sentences, diversity=0.0)) == [(0, 0), (1, 0), (2, 0)]
    assert rows(chosen(sentences, diversity=1.0)) == [(0, 0), (2, 0), (1, 0)]


def test_mmr_by_hand():
    cosines = np.array([[1.0, 0.5, 0.0, 0.3], [0.5, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.3, 0.0, 0.0, 1.0]])
    space = sparse.csr_array(np.linalg.cholesky(cosines))
    links = sparse.csr_array(np.where(cosines >= 0.35, cosines, 0))
    rank = np.array([0.4, 0.2, 0.18, 0.22])

    def picked(diversity, fullness=(1.0, 1.0, 1.0, 1.0)):
        weights = summary._Weights(rank, np.array(fullness), np.arange(4, dtype=np.int32))
        return summary._picked(space, links, weights, wanted=4, diversity=diversity)

    # weights 0.4 + 0.1, 0.2 + 0.2, 0.18, 0.22; the first stands for the second as well, which is not shown again
    assert picked(0.0) == [0, 3, 2]
    # then 0.22 against 0.18: 0.8 × 1 - 0.2 × 0.3 = 0.74 and 0.8 × 0.18 / 0.22 = 0.65; by halves 0.35 and 0.41
    assert picked(0.2) == [0, 3, 2]
    assert picked(0.5) == [0, 2, 3]
    # at two thirds the first weighs 0.33, less than the second, which then stands for it
    assert picked(0.0, (2 / 3, 1.0, 1.0, 1.0)) == [1, 3, 2]
    assert picked(0.0, (0.0, 0.0, 1.0, 0.0)) == [2]
    assert rank.tolist() == [0.4, 0.2, 0.18, 0.22]


def test_a_post_counts_once_for_the_nearest():
    first, second = [0, 1, 2, 3, 4], [10, 11, 12, 13, 14]
    between = [0, 1, 2, 10, 11]  # three words of the first, two of the second
    sentences = day(first, first, second, second, between, weight=[1, 1, 1, 1, 5])
    space = vectors(sentences.indptr, sentences.words)
    assert summary._stood_for(space, sentences, np.array([0, 2])) == [1 + 1 + 5, 1 + 1]
    assert summary._stood_for(space, sentences, np.array([2])) == [1 + 1 + 5]


def test_a_post_with_two_sentences_on_it_counts_once():
    sentences = day(RAIN[0], RAIN[1], RAIN[2], RAIN[3], post=[0, 1, 1, 2])
    found = chosen(sentences, posts=3, wanted=1)
    assert (found[0].posts, found[0].share) == (3, 1)


def test_weights_are_posts():
    found = chosen(day(RAIN[0], RAIN[1], weight=[10, 4]), posts=20, wanted=1)
    assert (found[0].posts, found[0].share) == (14, 0.7)


def test_at_most_one_sentence_of_a_post():
    found = chosen(day(*OTHER, TRAIN[0], post=[0, 0, 1]), wanted=5)
    assert rows(found) == [(1, 0), (0, 0)]  # of two sentences each has half of the post's vote


def test_nobody_seconds_himself():
    # one post says the same nine times over, two others agree with one another
    shouted = [[60, 61, 62, 63, 64 + n] for n in range(9)]
    found = chosen(day(*shouted, *RAIN[:2], post=[0] * 9 + [1, 2]), posts=3, wanted=1)
    assert found[0].post == 1
    assert found[0].posts == 2


def test_too_short_and_too_long_sentences_are_not_shown_but_are_counted():
    short, long, fit = [0, 1], [0, 1, *range(100, 145)], [0, 1, 2]
    found = chosen(day(short, short, long, fit), posts=4)
    assert rows(found) == [(3, 0)]
    # words 0 and 1 stand in all 4, the others in 1: idf log(1 + 4/4) = 0.69 and log(1 + 4/1) = 1.61; the cosine of
    # short and fit is 1.39 / sqrt(1.39 × 3.00) = 0.68, so linked; of long and fit 1.39 / sqrt(73.8 × 3.00) = 0.09
    assert found[0].posts == 3


def test_a_fuller_sentence_is_preferred():
    found = chosen(day([0, 1, 2], [0, 1, 2, 3, 4], [0, 1, 2, 5, 6]), wanted=1)
    assert found[0].post == 1


def test_ranking_is_that_of_a_dense_matrix():
    rng = np.random.default_rng(8)
    words = [rng.choice(25, size=6, replace=False).tolist() for _ in range(30)]
    sentences = day(*words)
    found = chosen(sentences, wanted=1, diversity=0.0)
    links = graph(vectors(sentences.indptr, sentences.words), sentences.post).toarray()
    rank = np.full(30, 1 / 30)
    for _ in range(500):
        rank = 0.15 / 30 + 0.85 * (links / links.sum(axis=0)) @ rank
    mass = links @ rank
    assert found[0].post == mass.argmax()
    assert found[0].score == pytest.approx(mass.max(), abs=1e-8)
    assert lexrank(sparse.csr_array(links), np.ones(30)) == pytest.approx(rank, abs=1e-8)


def test_a_day_too_large_is_sampled_evenly_and_counted_whole(monkeypatch):
    rng = np.random.default_rng(4)
    topic = rng.choice(3, size=600, p=[0.6, 0.3, 0.1])
    words = [[*range(10 * t, 10 * t + 5), 100 + n] for n, t in enumerate(topic.tolist())]  # five words and a rare one
    sentences = day(*words)
    whole = chosen(sentences)
    space = vectors(sentences.indptr, sentences.words)
    monkeypatch.setattr(summary, "_PRODUCTS", 10_000)
    ranked, votes = summary._voters(space, sentences)
    cost = 5 * sum(int(count) ** 2 for count in np.bincount(topic)) + 600  # five common words a topic, 600 rare ones
    assert len(ranked) == int(600 * (10_000 / cost) ** 0.5)
    assert all(a < b for a, b in pairwise(ranked.tolist()))
    assert votes.tolist() == [1] * len(ranked)
    sampled = chosen(sentences)
    assert [words[one.post][0] for one in sampled] == [words[one.post][0] for one in whole] == [0, 10, 20]
    assert [one.posts for one in sampled] == [one.posts for one in whole] == np.bincount(topic).tolist()


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 8), st.lists(st.integers(0, 9), max_size=7), st.integers(1, 4)), max_size=14),
    st.integers(1, 6),
    st.sampled_from([0.0, 0.3, 1.0]),
)
def test_any_day(sentences, wanted, diversity):
    ordered = sorted(sentences, key=lambda sentence: sentence[0])
    weight_of = {post: weight for post, _, weight in ordered}
    made = day(
        *[w for _, w, _ in ordered], post=[p for p, _, _ in ordered], weight=[weight_of[p] for p, _, _ in ordered]
    )
    posts = sum(weight_of.values())
    found = summarise(made, posts=max(1, posts), wanted=wanted, diversity=diversity)
    assert found == summarise(made, posts=max(1, posts), wanted=wanted, diversity=diversity)
    assert len(found) <= wanted
    assert len({one.post for one in found}) == len(found)
    assert sum(one.posts for one in found) <= posts
    at = {(p, n): row for row, (p, n) in enumerate(zip(made.post.tolist(), made.number.tolist(), strict=True))}
    for one in found:
        row = at[one.post, one.number]
        assert len(set(ordered[row][1])) >= 3
        assert one.posts >= weight_of[one.post]
        assert one.share == pytest.approx(one.posts / posts)
        assert 0 < one.score <= 1 + 1e-9
