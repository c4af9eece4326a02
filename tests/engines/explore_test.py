"""Words of a span, a word in context, a word's course; over four days, one of them without words."""

import datetime as dt

import pytest
from desk import QUICK, Desk, Here

from pipeline.analysis import ranking
from pipeline.engines import explore
from pipeline.errors import SettingsError, StoreError
from pipeline.store.layout import Layout

ONE, TWO, FOUR, FIVE = (dt.date(2024, 1, day) for day in (1, 2, 4, 5))
HOSTILE = "O'Reilly \"本\" 100%_\\ '; DROP TABLE posts; -- <script>alert(1)</script>"


def row(day, key, author, text):
    return {"id": f"{day}-{key}", "author": author, "created_at": f"{day}T{key:02}:30:00+09:00", "text": text}


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("explore"), Here(), **QUICK)
    desk.put(
        "posts.jsonl",
        row(ONE, 1, "ann", "嬉しい朝。うれしかった"),
        row(ONE, 2, "bob", "梅雨の雨がゆっくり降る"),
        row(ONE, 3, None, "静かな雨"),
        row(TWO, 1, "ann", "雨、雨。うれしいな"),
        row(TWO, 2, "eve", "とても美しい雨の朝"),
        row(
            FOUR,
            1,
            "bob",
            "駅前の静かな喫茶店で\n長いあいだ本を読んで、それから川の向こうの公園まで歩いていった。帰りは電車だった",
        ),
        row(FOUR, 2, "mallory", HOSTILE),
        row(FIVE, 1, "ann", "😊"),
    )
    assert not desk.run().failed
    return Layout(desk.store)


def found(layout, *pos, since=None, until=None, top=50):
    return {r["word"]: r for r in explore.words(layout, since, until, pos, top)}


def sums(row):
    return [row[k] for k in ("count", "posts", "authors", "original_count")]


def test_a_span_adds_words_and_posts_and_unites_authors(layout):
    words = found(layout)
    assert sums(words["雨"]) == [5, 4, 3, 5]  # bob, an unknown and 2, 1 of ann and eve
    assert sums(words["うれしい"]) == [3, 2, 1, 3]  # ann on both days
    assert sums(found(layout, since=TWO, until=TWO)["雨"]) == [3, 2, 2, 3]
    assert "previous_rank" not in words["雨"]


def test_rows_are_in_order_and_cut_to_the_top(layout):
    rows = explore.words(layout, None, None, [], 50)
    assert [r["rank"] for r in rows] == list(range(1, len(rows) + 1))
    assert [r["count"] for r in rows] == sorted((r["count"] for r in rows), reverse=True)
    for top in (1, 3, 8):
        assert explore.words(layout, None, None, [], top) == rows[:top]
    assert tuple(rows[0]) == tuple(name for name in ranking.COLUMNS if name != "previous_rank")


@pytest.mark.parametrize("beside", [0, 1, 20])
def test_what_counts_take_for_words_hides_none(tmp_path, monkeypatch, beside):
    """Counts do not tell a numeral from a noun, and join what is written with one lemma."""
    desk = Desk(tmp_path, Here(), **QUICK)
    desk.put("posts.jsonl", row(ONE, 1, "ann", "三と五と八と三と五と八と三。猫と猫と犬と魚"))
    assert not desk.run().failed
    monkeypatch.setattr(explore, "_BESIDE", beside)
    rows = explore.words(Layout(desk.store), None, None, ["noun"], 50)
    assert [(r["word"], r["count"]) for r in rows] == [("猫", 2), ("犬", 1), ("魚", 1)]
    for top in (1, 2, 3):
        assert explore.words(Layout(desk.store), None, None, ["noun"], top) == rows[:top]


def test_the_share_is_of_all_words_of_the_span(layout):
    day = explore.words(layout, TWO, TWO, ["noun"], 1)[0]
    # 雨 雨 うれしい な | とても 美しい 雨 の 朝
    assert (day["word"], day["per_10000"]) == ("雨", round(10_000 * 3 / 9, 2))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["adjective"], {"うれしい", "静か", "美しい"}),
        (["ADJECTIVE", "形容詞"], {"うれしい", "静か", "美しい"}),
        (["形状詞"], {"静か"}),
        (["adverb"], {"ゆっくり", "とても"}),
        (["副詞"], {"ゆっくり", "とても"}),
        (["adverb", "形状詞"], {"ゆっくり", "とても", "静か"}),
        (["連体詞"], set()),
    ],
)
def test_parts_of_speech_by_either_name(layout, names, expected):
    assert set(found(layout, *names, until=TWO)) == expected


def test_without_a_part_of_speech_all_content_words_are_ranked(layout):
    kinds = {r["pos"] for r in explore.words(layout, None, None, [], 500)}
    assert kinds == {"名詞", "動詞", "形容詞", "形状詞"}


@pytest.mark.parametrize("name", ["nouns", "", "名詞'", "') OR 1=1 --"])
def test_what_is_no_part_of_speech_is_refused_by_name(layout, name):
    with pytest.raises(SettingsError, match="not a part of speech; use adjective, noun") as error:
        explore.words(layout, None, None, ["noun", name], 10)
    assert f"--pos {name}:" in str(error.value)


def test_a_span_without_days_is_an_error_that_says_where_to_look(layout, tmp_path):
    three = dt.date(2024, 1, 3)
    for ask in (
        lambda at, day: explore.words(at, day, day, [], 10),
        lambda at, day: explore.kwic(at, day, day, "雨", 10),
        lambda at, day: explore.trend(at, day, day, ["雨"]),
    ):
        with pytest.raises(StoreError, match="hibi status"):
            ask(layout, three)
        with pytest.raises(StoreError, match="nowhere"):
            ask(Layout(tmp_path / "nowhere"), None)


def test_a_day_without_words_is_an_empty_table(layout):
    assert explore.words(layout, FIVE, FIVE, [], 10) == []


# kwic


def lines(layout, word, since=None, until=None, top=50):
    return [(r["left"], r["keyword"], r["right"]) for r in explore.kwic(layout, since, until, word, top)]


def test_a_word_is_found_by_surface_base_and_lemma(layout):
    assert lines(layout, "うれしかっ") == [("嬉しい朝。", "うれしかっ", "た")]
    assert lines(layout, "うれしい") == [("雨、雨。", "うれしい", "な"), ("嬉しい朝。", "うれしかっ", "た")]
    assert lines(layout, "嬉しい") == [("雨、雨。", "うれしい", "な"), ("", "嬉しい", "朝。うれしかった")]


def test_a_post_stands_once_with_day_time_and_id(layout):
    [first, second] = explore.kwic(layout, TWO, TWO, "雨", 50)
    assert list(first) == ["day", "time", "left", "keyword", "right", "post_id"]
    assert [first["day"], first["post_id"], first["right"]] == ["2024-01-02", "jsonl:2024-01-02-1", "、雨。うれしいな"]
    assert first["time"] == dt.datetime(2024, 1, 1, 16, 30, tzinfo=dt.UTC)  # 01:30 in Tokyo
    assert second["post_id"] == "jsonl:2024-01-02-2"


def test_the_latest_day_stands_first_and_the_top_cuts(layout):
    ids = [r["post_id"] for r in explore.kwic(layout, None, None, "雨", 50)]
    assert ids == [f"jsonl:2024-01-0{day}" for day in ("2-1", "2-2", "1-2", "1-3")]
    assert [r["post_id"] for r in explore.kwic(layout, None, None, "雨", 3)] == ids[:3]


def test_a_string_that_is_no_token_is_found_by_its_characters(layout):
    # 30 characters on each side of it, the line end as a blank
    text = "駅前の静かな喫茶店で 長いあいだ本を読んで、それから川の向こうの公園まで歩いていった。帰りは電車だった"
    assert lines(layout, "前の静かな喫") == [("駅", "前の静かな喫", text[7:37])]
    at = text.index("公園")
    assert at > 30
    assert lines(layout, "公園まで歩") == [(text[at - 30 : at], "公園まで歩", "いていった。帰りは電車だった")]


def test_nothing_found_is_no_error(layout):
    assert explore.kwic(layout, None, None, "どこにもない言葉", 10) == []
    assert explore.kwic(layout, FOUR, FOUR, "うれしい", 10) == []


@pytest.mark.parametrize("word", ["O'Reilly", "'; DROP TABLE posts; --", '"本"', "100%_\\", "<script>alert(1)"])
def test_quotes_and_hostile_strings_are_characters_like_others(layout, word):
    [hit] = explore.kwic(layout, None, None, word, 10)
    assert (hit["keyword"], hit["post_id"]) == (word, "jsonl:2024-01-04-2")
    assert hit["left"] + hit["keyword"] + hit["right"] in HOSTILE
    assert explore.words(layout, None, None, [], 1)  # the store is whole


@pytest.mark.parametrize("word", ["%", "100%_\\\\", "$word", "\0", "\x1b[2J", "_" * 10_000, "(", "*"])
def test_signs_with_a_meaning_elsewhere_have_none_here(layout, word):
    assert [hit["keyword"] for hit in explore.kwic(layout, None, None, word, 10)] in ([], [word])
    assert {r["count"] for r in explore.trend(layout, None, None, [word])} <= {0, 1}


def test_an_argument_that_is_no_text_is_refused_as_a_setting_is(layout):
    with pytest.raises(SettingsError):
        explore.kwic(layout, None, None, "\udcff", 10)  # what Python makes of a byte FF of the command line


def test_the_keyword_stands_where_the_token_is(layout):
    assert lines(layout, "雨", ONE, ONE)[0] == ("梅雨の", "雨", "がゆっくり降る")


# trend


def test_days_without_the_word_count_nothing(layout):
    rows = explore.trend(layout, None, FOUR, ["雨", "うれしい"])
    assert [(r["day"], r["word"], r["count"]) for r in rows] == [
        ("2024-01-01", "うれしい", 1),
        ("2024-01-01", "雨", 2),
        ("2024-01-02", "うれしい", 1),
        ("2024-01-02", "雨", 3),
        ("2024-01-04", "うれしい", 0),
        ("2024-01-04", "雨", 0),
    ]
    assert [r["per_10000"] for r in rows][3:] == [round(10_000 * 3 / 9, 2), 0, 0]


def test_a_lemma_counts_all_its_spellings(layout):
    assert [r["count"] for r in explore.trend(layout, None, TWO, ["嬉しい"])] == [2, 1]


def test_a_word_of_no_day_is_zero_on_all(layout):
    assert {r["count"] for r in explore.trend(layout, None, FOUR, ["どこにもない", "雨'"])} == {0}


def test_a_word_asked_twice_is_one_word(layout):
    assert explore.trend(layout, TWO, TWO, ["雨", "雨"]) == explore.trend(layout, TWO, TWO, ["雨"])


def test_a_day_of_posts_without_words_counts_nothing(layout):
    assert [(r["day"], r["count"]) for r in explore.trend(layout, FOUR, FIVE, ["雨"])] == [
        ("2024-01-04", 0),
        ("2024-01-05", 0),
    ]
