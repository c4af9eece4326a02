import re
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text import glance
from pipeline.text.glance import PLAIN, repeating, touched

SPECIAL = re.compile(f"[^{PLAIN}]")
LOOSE = re.compile(r"[ \n][ \n]|\A[ \n]|[ \n]\Z|([ーっッ〜])\1|(.)\2\2", re.DOTALL)


@pytest.mark.parametrize("text", ["", "今日は晴れ。", "一行目\n二行目", "Hello, you", "ああ、まあまあ", "11時"])
def test_plain_words_are_left_alone(text):
    assert touched([text]) == []


@pytest.mark.parametrize(
    "text",
    [
        "あああ",
        "すごーーい",
        "やったっっ",
        " 朝",
        "朝\n",
        "朝  夜",
        "朝 \n夜",
        "#朝",
        "笑",
        "w",
        "😀",
        "ｱ",
        "\0",
        "\ud800",
    ],
)
def test_what_a_step_may_change_is_told(text):
    assert touched([text]) == [0]


def test_ends_of_neighbours_are_not_read_together():
    assert touched(["すごー", "ーい", "あ", "ああ", "", "あ"]) == []


signs = st.text(st.sampled_from("あーっ〜 \n。aw笑#😀\0"), max_size=8)


@settings(deadline=None, derandomize=True)
@given(st.lists(signs, max_size=20), st.sampled_from([1, 5, 100_000]))
def test_as_a_search_in_each_text(texts, characters):
    slowly = [at for at, text in enumerate(texts) if SPECIAL.search(text) or LOOSE.search(text)]
    with mock.patch.object(glance, "_CHARACTERS", characters):
        assert touched(texts) == slowly


@settings(deadline=None, derandomize=True)
@given(st.lists(st.text(st.sampled_from("あーっッ〜w1A。\n😀\ud800"), max_size=8), max_size=20))
def test_what_repeats_is_told(texts):
    assert repeating(texts) == [
        at for at, text in enumerate(texts) if re.search(r"([ーっッ〜])\1|(.)\2\2", text, re.DOTALL)
    ]


def test_many_texts_keep_their_numbers():
    texts = ["朝"] * 2_500
    texts[1_000] = texts[2_499] = "#朝"
    assert touched(texts) == [1_000, 2_499]


def test_characters_looked_at_together_are_bounded():
    assert list(glance._runs(["a" * 60_000, "a" * 60_000, "a" * 300_000, "a", "b"])) == [(0, 1), (1, 2), (2, 3), (3, 5)]
    assert list(glance._runs(["a"] * 2_500)) == [(0, 1_000), (1_000, 2_000), (2_000, 2_500)] and not list(
        glance._runs([])
    )
