import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.text.normalise import LAUGH, Cleaned, clean, clean_all

FORMATS = Path(__file__).parents[1] / "formats"


def words(text: str) -> str:
    return clean(text).clean


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("か\u3099っこう", "がっこう"),  # NFD
        ("NUL\0のあと", "NULのあと"),
        ("\u202eこんにちは\u202c 右", "こんにちは 右"),
        ("行\u2028と\x85と\x0bと\r\nと", "行\nと\nと\nと\nと"),
        ("葛\U000e0100城", "葛城"),  # ideographic variation selector
        ("\ud83d\ude00だ", "だ"),  # a pair of surrogates is an emoji
        ("\ud83d だ", "\ufffd だ"),
        ("ゼロ\u200b幅\ufeff", "ゼロ幅"),
        ("Z\u0351\u036bA\u0334L", "ZAL"),
        ("写真&amp;動画 &lt;3 &#128514; &hearts;&nbsp;え", "写真&動画 <3 え"),
        ("&amp;amp;amp;lt;", "<"),
        ("AT&T; &notanentity;", "AT&T; &notanentity;"),
        ("ＡＢＣ１２３　ﾊﾟｿｺﾝ ｶﾞｷﾞ", "ABC123 パソコン ガギ"),
        ("①㈱㍻ ！？（）", "①㈱㍻ ！？（）"),
        ("10〜20代 10～20代", "10〜20代 10〜20代"),
        ("¥100", "¥100"),
        ("  a \t b \n\n  c  ", "a b\nc"),
    ],
)
def test_characters(text: str, expected: str) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("すごーーーい", "すごーい"),
        ("すごーーい", "すごーい"),
        ("えっっっ", "えっ"),
        ("ああああ", "ああ"),
        ("まあまあ", "まあまあ"),
        ("！！！！", "！"),
        ("え……", "え……"),
        ("まあ...", "まあ…"),
        ("1000000", "1000000"),
        ("AAAのライブ", "AAAのライブ"),
        ("YESSSSSS", "YESS"),
        ("yesssss", "yess"),
    ],
)
def test_repeats(text: str, expected: str) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "すごいw",
        "すごいｗ",
        "すごいwwww",
        "すごいｗｗｗ",
        "すごい(笑)",
        "すごい（笑）",
        "すごい笑",
        "すごい笑笑",
        "すごい(笑",
        "すごい w",
        "すごいWWWW",
        "すごい（w）",
        "すごいwww笑",
        "すごい🎉笑",
    ],
)
def test_laughter_is_one_word(text: str) -> None:
    assert words(text) == "すごい " + LAUGH


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("草", "笑"),
        ("それは草", "それは 笑"),
        ("草生える", "笑"),
        ("大草原", "笑"),
        ("それで草www", "それで 笑"),
        ("OKww", "OK 笑"),
        ("w w w", "笑"),
        ("wwwそれな", "笑 それな"),
        ("か。笑\nえ", "か。 笑\nえ"),
        ("最高笑", "最高 笑"),
    ],
)
def test_laughter_beside_words(text: str, expected: str) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "www.example.jp",
        "wifi",
        "w杯",
        "草むしり",
        "笑う",
        "爆笑",
        "庭の草",
        "モンゴルの大草原。",
        "大草原の小さな家",
        "い草",
        "ワロタ",
        "10w",
        "WWW",
        "ww2",
        "windows",
        "笑顔",
        "苦笑。",
        "雑草",
        "w/o",
    ],
)
def test_what_only_looks_like_laughter_stays(text: str) -> None:
    assert words(text) == text


@pytest.mark.parametrize(
    ("text", "urls", "rest"),
    [
        ("見て https://t.co/aaa 最高", ["https://t.co/aaa"], "見て 最高"),
        ("（https://a.jp/x）と「https://a.jp/?q=1&r=2」", ["https://a.jp/x", "https://a.jp/?q=1&r=2"], "（ ）と「 」"),
        ("http://a.jp/bです。", ["http://a.jp/b"], "です。"),
        ("見た https://a.jp/b.", ["https://a.jp/b"], "見た ."),
        ("ttps://example.jp/nabe ttp://b.jp", ["https://example.jp/nabe", "http://b.jp"], ""),
        ("https://ja.example.org/wiki/A_(b)", ["https://ja.example.org/wiki/A_(b)"], ""),
        ("同意します。[リンク](https://example.jp/r)", ["https://example.jp/r"], "同意します。リンク"),
        ("<https://u.example/x|これ>だ", ["https://u.example/x"], "これ だ"),
        ("https://a.jp/#b@c", ["https://a.jp/#b@c"], ""),
        ("写真 pic.twitter.com/Ab1", ["https://pic.twitter.com/Ab1"], "写真"),
        ("空 example.jp/sora…", [], "空"),
        ("javascript:alert(1)", [], "javascript:alert(1)"),
    ],
)
def test_urls(text: str, urls: list[str], rest: str) -> None:
    assert clean(text).urls == tuple(urls)
    assert words(text) == rest


@pytest.mark.parametrize(
    ("text", "mentions", "rest"),
    [
        ("RT @x: 本文", ["x"], "本文"),
        ("RT @x: RT @y: 本文", ["x", "y"], "本文"),
        ("そうそう RT @x: 本文", ["x"], "そうそう 本文"),
        ("@ao さん", ["ao"], "さん"),
        ("@sora-1234 わかる", ["sora-1234"], "わかる"),
        ("やあ@user@server.exampleへ", ["user@server.example"], "やあ へ"),
        ("メールはtaro@example.jp まで", [], "メールは まで"),
        ("渋谷＠東京 @ 5", [], "渋谷＠東京 @ 5"),
        ("<@U12345ABC> どうも", ["U12345ABC"], "どうも"),
    ],
)
def test_accounts(text: str, mentions: list[str], rest: str) -> None:
    assert clean(text).mentions == tuple(mentions)
    assert words(text) == rest


@pytest.mark.parametrize(
    ("text", "tags", "rest"),
    [
        ("#推し活 最高", ["推し活"], "最高"),
        ("ください。#架空線 ", ["架空線"], "ください。"),
        ("＃タグ・名 #らーめん", ["タグ・名", "らーめん"], ""),
        ("#ＪＬＥＡＧＵＥ🎉", ["JLEAGUE"], ""),
        ("#1 #123位", ["123位"], "#1"),
        ("C#入門", [], "C#入門"),
        ("#a#b #1#c", ["a", "b", "c"], "#1"),
    ],
)
def test_hashtags(text: str, tags: list[str], rest: str) -> None:
    assert clean(text).hashtags == tuple(tags)
    assert words(text) == rest


@pytest.mark.parametrize(
    ("text", "emoji", "rest"),
    [
        ("👨‍👩‍👧 ❤️ 1️⃣ 🇯🇵", ["👨‍👩‍👧", "❤️", "1️⃣", "🇯🇵"], ""),
        ("👍🏽🎉🎉", ["👍🏽", "🎉", "🎉"], ""),
        ("❤と❤️と❤︎", ["❤️", "❤️", "❤️"], "と と"),
        ("嬉しい🎉明日", ["🎉"], "嬉しい 明日"),
        ("♪★☆™▶", [], "♪★☆™▶"),
        ("ね :blobcat: :a_b::c_d:", [":blobcat:", ":a_b:", ":c_d:"], "ね"),
        (":blob@mis.example: 10:30:45 std::map::x", [":blob@mis.example:"], "10:30:45 std::map::x"),
        ("今日は$[tada **七夕**]ですね", [], "今日は七夕ですね"),
    ],
)
def test_emoji(text: str, emoji: list[str], rest: str) -> None:
    assert clean(text).emoji == tuple(emoji)
    assert words(text) == rest


FACES = [
    "(´･ω･`)",
    "(^_^)",
    "＼(^o^)／",
    "m(_ _)m",
    "。゜(゜´Д｀゜)゜。",
    "Σ(ﾟДﾟ)",
    "(T_T)",
    "(；´Д｀)",
    "(ToT)",
    "(>_<)",
    "┐(´д｀)┌",
    "(≧▽≦)",
    "ヽ(´ー｀)ノ",
    "(^^;)",
    "(^^)v",
    "(@_@)",
    "(・∀・)",
    "(*´ω`*)",
    "(#^.^#)",
    "orz",
    "^^;",
    "（´；ω；｀）",
    "(-_-)",
    "¯\\_(ツ)_/¯",
    "( ˘ω˘ )",
    "(｀・ω・´)ゞ",
    "T_T",
    "(´3`)",
    "(・o・)",
]


@pytest.mark.parametrize("face", FACES)
def test_kaomoji(face: str) -> None:
    assert clean(f"はい{face} そう").kaomoji == (face,)
    assert words(f"はい{face} そう") == "はい そう"


@pytest.mark.parametrize(
    "text",
    [
        "（東京）",
        "(2024)",
        "(10-20)",
        "(3-0)",
        "(OK)",
        "(木)",
        "f(x)",
        "(x, y)",
        "(30°)",
        "(仮)",
        "(…)",
        "(!?)",
        "(1)",
    ],
)
def test_brackets_that_are_no_faces(text: str) -> None:
    assert clean(text) == Cleaned(text)


def test_expected_posts() -> None:
    """Tags that the formats' table expects stand in the text, and are found there."""
    posts = [json.loads(line) for line in (FORMATS / "expected.jsonl").open(encoding="utf-8")]
    tagged = [post for post in posts if post["hashtags"]]
    assert len(tagged) > 10
    for post in tagged:
        assert clean(post["text"]).hashtags == tuple(post["hashtags"]), post["text"]
    for post in posts:
        if post["source"] in ("reddit", "fivech"):
            assert clean(post["text"]).urls == tuple(post["urls"]), post["text"]


def test_hostile_posts() -> None:
    lines = (FORMATS / "hostile.jsonl").read_bytes().decode("utf-8", "replace").split("\n")
    texts = {}
    for line in lines:
        try:
            post = json.loads(line)
        except (ValueError, RecursionError):
            continue
        texts[post["id"]] = post["text"]
    assert len(texts) > 15
    cleaned = dict(zip(texts, clean_all(list(texts.values())), strict=True))
    assert cleaned["x9"].clean == LAUGH  # a long run of ｗ
    assert cleaned["x11"].clean == "葛城"
    assert cleaned["x13"].kaomoji == ("(´･ω･`)", "。゜(゜´Д｀゜)゜。", "＼(^o^)／")
    assert cleaned["x17"].clean == "\ufffd lone surrogate"


ODD = st.sampled_from(
    [
        *"wｗ笑草(（)）^_ωДﾟﾊﾞ@#＃:&;/.<>$[]`*|…ー。！\n \t\0",
        "\u200d",
        "\ufe0f",
        "\u20e3",
        "\u3099",
        "\ud83d",
        "❤",
        "👨",
        "🇯",
        "1",
        "RT @",
        "http://",
        "&amp;",
        "&#",
        "lt;",
        ":a:",
        "**",
        "```",
        "あ",
        "A",
        "東",
        "0",
        "orz",
        "a.b",
        "…",
        "\u0301",
        "\u202e",
        "〜～",
    ]
)


@settings(deadline=None, derandomize=True, max_examples=1500)
@given(st.lists(ODD, max_size=25).map("".join) | st.text(st.characters(exclude_categories=()), max_size=25))
@example("&a&#109;p;lt;")
@example("RT @a: \u3099")
def test_any_text(text: str) -> None:
    cleaned = clean(text)
    assert words(cleaned.clean) == cleaned.clean
    assert unicodedata.is_normalized("NFC", cleaned.clean)
    assert not any(unicodedata.category(c) in ("Cs", "Cc") and c != "\n" for c in cleaned.clean)
    assert all(item for items in cleaned[1:] for item in items)


def test_long_hostile_text_ends() -> None:
    for part in (
        "&amp;",
        "@a",
        "(",
        "((´",
        "w ",
        "http://",
        "#a",
        ":a",
        "笑",
        "$[a ",
        "**",
        "a@",
        "<@",
        "草",
        "[a](",
        "^_",
        "a.",
    ):
        cleaned = words(part * 5000)
        assert words(cleaned) == cleaned
    assert len(clean("RT @a: " * 100_000).mentions) == 100_000
    assert words("a.b/" * 20_000 + " …") == "a.b/" * 20_000 + " …"


def test_heavy_libraries_stay_out() -> None:
    asked = "import sys, pipeline.text.normalise; print({'tensorflow', 'keras', 'sklearn'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout == "set()\n"
