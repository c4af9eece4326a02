from __future__ import annotations

import math
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.pictures import palette, wordcloud
from pipeline.pictures.ink import measure
from pipeline.pictures.wordcloud import Cloud, CloudWord, Placed

SVG = {"s": "http://www.w3.org/2000/svg"}
KANA = [chr(code) for code in range(ord("あ"), ord("ん"))]


def cloud(words: list[CloudWord], *, width: int = 600, height: int = 400, limit: int = 200, seed: int = 1) -> Cloud:
    return wordcloud.draw(
        words, width=width, height=height, limit=limit, seed=seed, title="言葉", empty="言葉がありません"
    )


def some_words(count: int) -> list[CloudWord]:
    """Words of two kana, heavier ones first: 1, 1/2, 1/3 … as words of a language are."""
    pairs = [first + second for first in KANA for second in KANA]
    return [CloudWord(pairs[place * 7], 1000 / (place + 1), "名詞") for place in range(count)]


def box(placed: Placed) -> tuple[int, int, int, int]:
    ink = measure(placed.word, placed.size)
    return placed.x, placed.y, placed.x + ink.width, placed.y + ink.height


def middle(placed: Placed) -> tuple[float, float]:
    left, top, right, bottom = box(placed)
    return (left + right) / 2, (top + bottom) / 2


def test_words_lie_inside_without_overlap() -> None:
    placed = cloud(some_words(100)).placed
    assert len(placed) == 100
    boxes = [box(word) for word in placed]
    assert all(x0 >= 0 and y0 >= 0 and x1 <= 600 and y1 <= 400 for x0, y0, x1, y1 in boxes)
    for place, (left, top, right, bottom) in enumerate(boxes):
        for x0, y0, x1, y1 in boxes[:place]:
            assert right <= x0 or x1 <= left or bottom <= y0 or y1 <= top


def test_the_same_words_in_any_order_give_the_same_bytes() -> None:
    words = some_words(40)
    assert cloud(words) == cloud(words[::-1])
    assert cloud(words).png != cloud(words, seed=2).png


def test_a_heavier_word_is_never_smaller() -> None:
    words = some_words(60)
    size = {placed.word: placed.size for placed in cloud(words).placed}
    assert [size[word.word] for word in words] == sorted(size.values(), reverse=True)


def test_words_that_stay_keep_their_place() -> None:
    # The next day: ten words of a hundred are others, all weights a few per cent up or down.
    words = some_words(110)
    today = words[:100]
    moved = [CloudWord(w.word, w.weight * (1.05 if i % 2 else 0.95), w.pos) for i, w in enumerate(words)]
    tomorrow = [word for place, word in enumerate(moved) if place % 11 != 5]
    first, second = (
        {p.word: middle(p) for p in cloud(day, width=1200, height=800).placed} for day in (today, tomorrow)
    )
    moves = [math.dist(first[word], second[word]) for word in first.keys() & second.keys()]
    assert len(moves) >= 89
    assert np.mean([move < 40 for move in moves]) > 0.8
    assert np.median(moves) < 10


def test_a_word_without_its_glyphs_is_named_not_drawn_and_takes_no_other_words_place() -> None:
    words = [
        CloudWord("🍣", 9, "名詞"),
        CloudWord("推し🍣", 8, "名詞"),
        CloudWord("寿司", 7, "名詞"),
        CloudWord("茶", 1, "名詞"),
    ]
    result = cloud(words, limit=2)
    assert result.no_glyph == ("🍣", "推し🍣")
    assert [placed.word for placed in result.placed] == ["寿司", "茶"]
    assert "🍣" not in result.svg


def test_what_does_not_fit_is_named() -> None:
    long = CloudWord("長" * 60, 9, "名詞")  # 60 × 12 pixels > 600
    result = cloud([long, CloudWord("短", 1, "名詞")])
    assert result.no_room == (long.word,)
    assert [placed.word for placed in result.placed] == ["短"]
    crowd = cloud(some_words(200), width=200, height=200)
    assert len(crowd.placed) + len(crowd.no_room) == 200
    assert crowd.no_room


def test_a_word_too_long_leaves_the_sizes_of_the_others() -> None:
    alone = cloud([CloudWord("短", 1, "名詞")]).placed
    assert cloud([CloudWord("長" * 5000, 9, "名詞"), CloudWord("短", 1, "名詞")]).placed[0].size == alone[0].size


def test_only_the_heaviest_are_drawn() -> None:
    words = some_words(30)
    assert {placed.word for placed in cloud(words[::-1], limit=5).placed} == {word.word for word in words[:5]}


def test_colours_go_by_part_of_speech_and_rank() -> None:
    words = [CloudWord("高い", 3, "形容詞"), CloudWord("静か", 2, "形状詞"), CloudWord("山", 1, "名詞")]
    colours = {placed.word: placed.colour for placed in cloud(words).placed}
    assert colours == {
        "高い": palette.LIGHT["adjective"][0],
        "静か": palette.LIGHT["adjectival-noun"][1],
        "山": palette.LIGHT["noun"][2],
    }


@pytest.mark.parametrize("words", [[], [CloudWord("🍣", 1, "名詞")]])
def test_an_empty_day_says_so(words: list[CloudWord]) -> None:
    result = cloud(words)
    root = ElementTree.fromstring(result.svg)
    assert [text.text for text in root.iterfind(".//s:text", SVG)] == ["言葉がありません"]
    ink = np.asarray(Image.open(BytesIO(result.png)))
    assert ink[180:220].any()
    assert not ink[:150].any()


def test_an_empty_day_without_a_line_is_an_empty_picture() -> None:
    result = wordcloud.draw([], width=300, height=200, limit=9, seed=1, title="t")
    assert Image.open(BytesIO(result.png)).size == (300, 200)
    assert not np.asarray(Image.open(BytesIO(result.png))).any()


def test_the_svg_has_a_clickable_group_a_word() -> None:
    root = ElementTree.fromstring(cloud([CloudWord("高い", 3, "形容詞")]).svg)
    (group,) = root.findall(".//s:g[@data-word]", SVG)
    assert (group.get("data-word"), group.get("data-pos")) == ("高い", "形容詞")
    assert group.get("class") == "word adjective shade-0"
    assert group.findtext("s:title", None, SVG) == "高い 3"
    assert group.findtext("s:text", None, SVG) == "高い"
    assert root.get("role") == "img"
    assert root.findtext("s:title", None, SVG) == "言葉"


def test_the_svg_sets_words_where_the_png_has_them() -> None:
    result = cloud([CloudWord("山", 3, "名詞")])
    (placed,) = result.placed
    text = ElementTree.fromstring(result.svg).find(".//s:text", SVG)
    assert text is not None
    ink = measure("山", placed.size)
    assert float(text.get("x", "")) + ink.left == placed.x
    assert float(text.get("y", "")) + ink.top == placed.y
    assert text.get("font-size") == str(placed.size)


def test_markup_in_words_stays_text() -> None:
    hostile = "</text><script>alert('1')</script>"
    svg = cloud([CloudWord(hostile, 3, '"><x')]).svg
    assert "<script" not in svg
    assert " style=" not in svg
    group = ElementTree.fromstring(svg).find(".//s:g[@data-word]", SVG)
    assert group is not None
    assert (group.get("data-word"), group.get("data-pos")) == (hostile, '"><x')


@pytest.mark.parametrize("weight", [0, -1, math.nan, math.inf])
def test_a_weight_must_be_positive(weight: float) -> None:
    with pytest.raises(ValueError, match="'山'"):
        cloud([CloudWord("山", weight, "名詞")])


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.lists(st.builds(CloudWord, st.text(max_size=40), st.floats(1e-9, 1e9), st.text(max_size=3)), max_size=12))
def test_every_word_is_accounted_for_whatever_it_is(words: list[CloudWord]) -> None:
    result = cloud(words, width=300, height=200)
    told = [placed.word for placed in result.placed] + list(result.no_glyph) + list(result.no_room)
    assert sorted(told) == sorted(word.word for word in words)
    ElementTree.fromstring(result.svg.encode())
    assert Image.open(BytesIO(result.png)).size == (300, 200)
