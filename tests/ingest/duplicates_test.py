"""Copies within a day, against Jaccard similarities worked out for every pair."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest import duplicates
from pipeline.ingest.duplicates import first_copies

LONG = "今日は新宿でラーメンを食べてきたけど行列が長くて待った"


def found(clean, *, skip=(), threshold=0.8, shortest=20):
    left_out = np.zeros(len(clean), dtype=bool)
    left_out[list(skip)] = True
    return first_copies(clean, skip=left_out, threshold=threshold, shortest=shortest).tolist()


def key(text):
    return "".join(duplicates._DIGITS.sub("0", text.casefold()).split())


def similarity(one, other):
    one, other = ({k[i : i + 3] for i in range(len(k) - 2)} for k in (key(one), key(other)))
    return len(one & other) / len(one | other)


def leaders(clean, threshold):
    """Every pair compared: the first earlier post that is no copy and similar enough."""
    first = []
    for row, text in enumerate(clean):
        similar = (r for r in range(row) if first[r] < 0 and similarity(clean[r], text) >= threshold)
        first.append(next(similar, -1))
    return first


def test_no_posts():
    result = first_copies([], skip=np.zeros(0, dtype=bool), threshold=0.8, shortest=20)
    assert result.dtype == np.int32
    assert result.tolist() == []


def test_equal_texts_point_at_the_first():
    assert found([LONG, "別の話", LONG, LONG]) == [-1, -1, 0, 0]


def test_case_numbers_and_white_space_make_no_difference_in_long_posts():
    clean = ["Sale ends in 9 hours, 残り100個です", "SALE ends in 10 hours,\n残り7個です"]
    assert found(clean) == [-1, 0]


def test_short_posts_are_copies_only_where_equal():
    assert found(["残り9個", "残り8個", "残り 9個", "残り9個"]) == [-1, -1, -1, 0]


def test_shortest_counts_characters_of_the_key():
    one, other = "あいうえおか1", "あいうえおか22"  # both keys are あいうえおか0, 7 characters
    assert found([one, other], shortest=7) == [-1, 0]
    assert found([one, other], shortest=8) == [-1, -1]


def test_empty_texts_are_no_copies():
    assert found(["", "", " \n", " \n", "\u3000"]) == [-1] * 5


def test_posts_left_out_neither_are_nor_have_copies():
    assert found([LONG, LONG, LONG, LONG], skip=[0, 2]) == [-1, -1, -1, 1]


def test_the_threshold_is_met_exactly():
    # 20 letters have 18 trigrams; with two letters more 20, of which 18 are shared: 18 / 20 = 0.9
    one, other = "abcdefghijklmnopqrst", "abcdefghijklmnopqrstuv"
    assert found([one, other], threshold=0.9) == [-1, 0]
    assert found([one, other], threshold=0.91) == [-1, -1]


def test_likeness_is_not_passed_on_from_copy_to_copy():
    # similarity of a and b, b and c: 18 trigrams of 20; a and c, three letters further: 18 of 22 = 0.82
    a = "abcdefghijklmnopqrst"
    b, c = a + "uv", a + "uvwx"
    assert found([a, b, c], threshold=0.85) == [-1, 0, -1]
    assert found([b, a, c], threshold=0.85) == [-1, 0, 0]


def test_an_equal_text_goes_where_its_first_goes():
    near = LONG + "よ"
    assert found([LONG, near, near]) == [-1, 0, 0]


def test_texts_shorter_than_a_shingle():
    assert found(["あ", "あ", "い1", "い2", "い1"], shortest=1) == [-1, 0, -1, -1, 2]


def test_lone_surrogates_and_characters_beyond_the_basic_plane():
    odd = LONG + "\ud800𠮷👨‍👩‍👧"
    assert found([odd, odd, odd + "。"]) == [-1, 0, 0]


def test_many_posts_of_one_template_cost_few_comparisons():
    names = random.Random(5)
    clean = [LONG + "".join(names.choices("亜以宇江於", k=2)) + LONG[::-1] for _ in range(300)]
    bands = duplicates._band_hashes(map(key, clean), 300, 12, 5)
    assert len(duplicates._pairs(bands)) <= 12 * 3 * 300
    assert found(clean) == [-1] + [0] * 299


def changed(text, count, rng):
    letters = list(text)
    for at in rng.sample(range(len(letters)), count):
        letters[at] = rng.choice("亜以宇江於")
    return "".join(letters)


@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_all_pairs_compared_give_the_same(threshold):
    rng = random.Random(11)
    bases = ["".join(rng.choices("あいうえおかきくけこさしすせそたちつてと", k=60)) for _ in range(60)]
    clean = bases + [changed(base, count, rng) for base in bases for count in (1, 2, 4)]
    rng.shuffle(clean)
    marks, expected = found(clean, threshold=threshold), leaders(clean, threshold)
    assert sum(row >= 0 for row in expected) > 60
    same = sum(mark == first for mark, first in zip(marks, expected, strict=True))
    assert same >= 0.99 * len(clean)  # 1 pair of 100 that stands just at the threshold may be missed


def test_what_is_kept_of_trigrams_does_not_show(monkeypatch):
    rng = random.Random(2)
    clean = [changed(LONG, count, rng) for count in (0, 1, 1, 2, 3, 5, 8) for _ in range(5)]
    whole = found(clean, threshold=0.6)
    monkeypatch.setattr(duplicates, "_KEPT", 60)
    assert found(clean, threshold=0.6) == whole
    grams = duplicates._Grams(clean, np.arange(len(clean), dtype=np.int32))
    assert all(grams[at] and sum(map(len, grams.values())) <= 60 for at in range(len(clean)))


def test_chunks_do_not_show(monkeypatch):
    rng = random.Random(2)
    clean = [changed(LONG, count, rng) for count in (0, 1, 1, 2, 3, 5, 8) for _ in range(5)]
    whole = found(clean, threshold=0.6)
    monkeypatch.setattr(duplicates, "_CHUNK", 30)
    assert found(clean, threshold=0.6) == whole
    assert any(row >= 0 for row in whole)


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8, 0.95, 1.0])
def test_bands_propose_what_stands_at_the_threshold(threshold):
    bands, slots = duplicates._bands(threshold)
    assert bands * slots <= 64
    assert 1 - (1 - threshold**slots) ** bands >= 0.99


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.lists(st.text("abc1２ 　あ👍", max_size=30), max_size=12),
    st.sets(st.integers(0, 11)),
    st.sampled_from([0.3, 0.6, 0.8, 1.0]),
    st.integers(1, 12),
)
def test_every_mark_can_be_checked(clean, left_out, threshold, shortest):
    skip = {row for row in left_out if row < len(clean)}
    marks = found(clean, skip=skip, threshold=threshold, shortest=shortest)
    for row, first in enumerate(marks):
        if first < 0:
            continue
        assert first < row
        assert marks[first] < 0
        assert not {row, first} & skip
        if clean[row] != clean[first]:
            assert min(len(key(clean[row])), len(key(clean[first]))) >= shortest
            assert key(clean[row]) == key(clean[first]) or similarity(clean[row], clean[first]) >= threshold
    kept = [row for row in range(len(clean)) if row not in skip]
    alone = found([clean[row] for row in kept], threshold=threshold, shortest=shortest)
    assert [kept[first] if first >= 0 else -1 for first in alone] == [marks[row] for row in kept]
    seen = {}
    for row in kept:  # an equal text always has the mark that the first of them has, or the first itself
        if key(clean[row]):
            first = seen.setdefault(clean[row], row)
            assert first == row or marks[row] == (marks[first] if marks[first] >= 0 else first)
