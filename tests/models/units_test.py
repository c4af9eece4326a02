"""Units of texts, and their numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engines.project import open_lexicon
from pipeline.errors import DictionaryError
from pipeline.models import units, vocabulary
from pipeline.models.recipe import Branch
from pipeline.models.vocabulary import END, START, Ragged

ENGLISH = Branch(language="en", least=1)
CHARACTERS = Branch(unit="character", least=1)


def test_english_words_and_signs():
    found = units.split(["Don't stop: it's 9am!", "", "a_b"], ENGLISH)
    assert found.lists() == [["don't", "stop", ":", "it's", "9am", "!"], [], ["a", "b"]]
    assert found.forms == (["don't", "stop", ":", "it", "9am", "!", "a", "b"],)
    known = vocabulary.restore(["china"], Branch(language="en", forms=True))
    assert known.encode(units.split(["China’s 's"], ENGLISH), 9).values.tolist() == [2, 1, 1]


def test_characters_of_clean_text_with_emoji_behind():
    assert units.split(["朝👨‍👩‍👧だ\nよ"], CHARACTERS).lists() == [["朝", " ", "だ", " ", "よ", "👨‍👩‍👧"]]


def test_japanese_words_with_emoji_behind():
    lexicon = open_lexicon([])
    found = units.split(["とても楽しい😂", "", "雨だ😀☔"], Branch(), lexicon)
    assert found.lists() == [["とても", "楽しい", "😂"], [], ["雨", "だ", "😀", "☔"]]
    with pytest.raises(DictionaryError):
        units.split(["雨"], Branch())


def test_a_japanese_word_that_is_not_known_is_read_as_its_dictionary_form_or_lemma():
    found = units.split(["良かった", "とても", "良く雪だ"], Branch(), open_lexicon([]))
    assert found.lists() == [["良かっ", "た"], ["とても"], ["良く", "雪", "だ"]]
    known = vocabulary.restore(["良い", "迚も", "良く"], Branch(forms=True))
    assert known.encode(found, 9).values.tolist() == [2, 1, 3, 4, 1, 1]
    plain = vocabulary.restore(["良い", "迚も", "良く"], Branch())
    assert plain.encode(found, 9).values.tolist() == [1, 1, 1, 4, 1, 1]


def test_a_very_long_text_does_not_reach_mecab_whole():
    assert units.split(["あ" * 300_000], CHARACTERS).lengths.max() <= units.LONGEST


def test_a_long_text_is_cut_behind_the_last_sentence_that_fits_and_nothing_is_lost():
    texts = ["a b c", "a b. c! d e f g h i j k", "", "a b c d. e"]
    found, of = units.in_pieces(units.split(texts, ENGLISH), 5)
    cut = [["a", "b", ".", "c", "!"], list("defgh"), list("ijk")]
    assert found.lists() == [["a", "b", "c"], *cut, [], ["a", "b", "c", "d", "."], ["e"]]
    assert of.tolist() == [0, 1, 1, 1, 2, 3, 3]
    japanese = units.split(["雨だ。雪だよ。晴れ"], Branch(), open_lexicon([]))
    assert units.in_pieces(japanese, 4)[0].lists() == [["雨", "だ", "。"], ["雪", "だ", "よ", "。"], ["晴れ"]]


def test_units_are_numbered_by_frequency_then_text():
    known = vocabulary.build(units.split(["b a b", "c a d"], ENGLISH), ENGLISH)
    assert known.units == ("a", "b", "c", "d")  # two of a and of b, one of c and of d
    assert known.size == 6
    few = vocabulary.build(units.split(["b a b", "c a d"], ENGLISH), Branch(language="en", least=2, vocabulary=3))
    assert few.units == ("a",)


def test_encoding_cuts_marks_the_unknown_and_the_empty():
    known = vocabulary.restore(["a", "b"], ENGLISH)
    found = known.encode(units.split(["a b a b", "", "x a"], ENGLISH), longest=3)
    assert found.lengths.tolist() == [3, 1, 2]
    assert found.padded(np.array([2, 0, 1]), 4).tolist() == [[1, 2, 0, 0], [2, 3, 2, 0], [1, 0, 0, 0]]
    seldom = vocabulary.restore(["a"], Branch(language="en", seldom="padding"))
    assert seldom.encode(units.split(["x a"], ENGLISH), 9).values.tolist() == [0, 2]


def test_texts_to_be_produced_stand_between_marks():
    known = vocabulary.build(units.split(["b a"], ENGLISH), ENGLISH, ends=True)
    assert known.units == (START, END, "a", "b")
    found = known.encode(units.split(["a b a", "", "b"], ENGLISH), longest=2, ends=True)
    assert found.padded(np.arange(3), 4).tolist() == [[2, 4, 5, 3], [2, 3, 0, 0], [2, 5, 3, 0]]


@settings(deadline=None, derandomize=True)
@given(st.lists(st.text(max_size=12), max_size=8), st.integers(1, 6))
def test_every_row_has_a_unit_and_unpads_to_itself(texts, longest):
    branch = Branch(language="en", unit="character", least=1)
    split = units.split(texts, branch)
    found = vocabulary.build(split, branch).encode(split, longest)
    assert len(found) == len(texts)
    assert (found.lengths >= 1).all()
    width = int(found.lengths.max(initial=1))
    rows = found.padded(np.arange(len(texts)), width)
    kept = [row[:length] for row, length in zip(rows, found.lengths, strict=True)]
    assert np.array_equal(np.concatenate([*kept, []]), found.values)
    assert not rows[np.arange(width) >= found.lengths[:, None]].any()


def test_ragged_starts():
    assert Ragged(np.arange(5, dtype=np.int32), np.array([2, 3], np.int32)).starts.tolist() == [0, 2]
