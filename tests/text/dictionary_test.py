import csv
from collections.abc import Callable
from pathlib import Path

import fugashi
import pytest
import unidic_lite

from pipeline.errors import DictionaryError, SettingsError
from pipeline.text import dictionary
from pipeline.text.dictionary import UserWord
from pipeline.text.normalise import clean

DICDIR = Path(unidic_lite.DICDIR)
Parse = Callable[[str], list[str]]


def parser(user: Path) -> Parse:
    tagger = fugashi.GenericTagger(
        rf"""-r /dev/null -d "{DICDIR}" -u "{user}" -O '' -F '%m/%f[0]/%f[10]\n' -U '%m/?/%m\n' -E ''"""
    )
    return lambda text: tagger.parse(text).strip("\n").split("\n")


@pytest.fixture(scope="module")
def shipped() -> list[UserWord]:
    return dictionary.read_words(dictionary.SHIPPED)


@pytest.fixture(scope="module")
def parse(shipped: list[UserWord], tmp_path_factory: pytest.TempPathFactory) -> Parse:
    out = tmp_path_factory.mktemp("with space") / "user.dic"
    dictionary.compile(dictionary.entries(shipped, DICDIR), DICDIR, out)
    return parser(out)


def test_shipped_words_come_out_whole(shipped: list[UserWord], parse: Parse) -> None:
    assert 300 <= len(shipped) <= 600
    for word in shipped:
        frames = (
            ("{}。", "すごく{}")
            if word.part_of_speech[:2] in ("動詞", "形容")
            else ("{}が好き", "昨日{}を見た", "{}最高")
        )
        for frame in frames:
            tokens = parse(frame.format(word.word))
            assert any(t.startswith(f"{word.word}/") and t.endswith(f"/{word.word}") for t in tokens), tokens


def test_shipped_words_stand_as_posts_are_cleaned(shipped: list[UserWord]) -> None:
    assert [w.word for w in shipped if clean(w.word).clean != w.word] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("推し活が楽しい", "推し活/名詞/推し活 が/助詞/が 楽しい/形容詞/楽しい"),
        ("推し活したい", "推し活/名詞/推し活 し/動詞/する たい/助動詞/たい"),
        ("スマホで見る", "スマホ/名詞/スマホ で/助詞/で 見る/動詞/見る"),
        ("バズった投稿", "バズっ/動詞/バズる た/助動詞/た 投稿/名詞/投稿"),
        ("バズらない", "バズら/動詞/バズる ない/助動詞/ない"),
        ("バズりそう", "バズり/動詞/バズる そう/形状詞/そう"),
        ("バズれば", "バズれ/動詞/バズる ば/助詞/ば"),
        ("バズろう", "バズろう/動詞/バズる"),
        ("エモすぎる", "エモ/形容詞/エモい すぎる/動詞/すぎる"),
        ("エモかった", "エモかっ/形容詞/エモい た/助動詞/た"),
        ("エモくて", "エモく/形容詞/エモい て/助詞/て"),
        ("Mステに出る", "Mステ/名詞/Mステ に/助詞/に 出る/動詞/出る"),
        ("tiktokで見た", "tiktok/名詞/TikTok で/助詞/で 見/動詞/見る た/助動詞/た"),
        ("AKB48のライブ", "AKB48/名詞/AKB48 の/助詞/の ライブ/名詞/ライブ"),
        # where a word of the list must not win
        ("バズーカ", "バズーカ/名詞/バズーカ"),
        ("沼地を歩く", "沼地/名詞/沼地 を/助詞/を 歩く/動詞/歩く"),
        ("AIR", "AIR/?/AIR"),
        ("そのはずだ", "その/連体詞/その はず/名詞/はず だ/助動詞/だ"),
        ("タイパーツ", "タイ/名詞/タイ パーツ/名詞/パーツ"),
        ("推しが尊い", "推し/動詞/推す が/助詞/が 尊い/形容詞/尊い"),
    ],
)
def test_in_sentences(parse: Parse, text: str, expected: str) -> None:
    assert " ".join(parse(text)) == expected


def test_entries_have_unidics_fields() -> None:
    word = UserWord("Mステ", "エムステ", "固有名詞", "ミュージックステーション")
    (entry, *variants) = dictionary.entries([word], DICDIR)
    fields = next(csv.reader([entry.feature]))
    assert len(fields) == 26
    # lemma, orth, orthBase, kanaBase by dicrc's numbers
    assert [fields[i] for i in (0, 7, 8, 10, 18)] == ["名詞", "ミュージックステーション", "Mステ", "Mステ", "エムステ"]
    assert variants == []  # one letter is too few to be written in two ways


def test_case_variants_keep_their_base() -> None:
    entries = dictionary.entries([UserWord("TikTok", "ティックトック", "固有名詞")], DICDIR)
    assert [e.surface for e in entries] == ["TikTok", "tiktok", "TIKTOK"]
    assert {next(csv.reader([e.feature]))[10] for e in entries} == {"TikTok"}


@pytest.mark.parametrize(
    ("word", "kind", "text"),
    [
        ("バエる", "動詞", "バエない"),  # one-row by its sound
        ("チクる", "動詞", "チクらない"),
        ("ゴネる", "動詞-五段", "ゴネらない"),  # as told
        ("モフす", "動詞", "モフさない"),
        ("エモむ", "動詞", "エモまない"),
    ],
)
def test_conjugation(tmp_path: Path, word: str, kind: str, text: str) -> None:
    reading = "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in word)
    dictionary.compile(dictionary.entries([UserWord(word, reading, kind)], DICDIR), DICDIR, tmp_path / "u.dic")
    assert parser(tmp_path / "u.dic")(text) == [f"{text[:-2]}/動詞/{word}", "ない/助動詞/ない"]


def test_a_word_given_again_replaces_the_first() -> None:
    first, second = UserWord("スマホ", "スマホ", "名詞"), UserWord("スマホ", "スマホ", "名詞", "スマートフォン")
    (entry,) = dictionary.entries([first, second], DICDIR)
    assert "スマートフォン" in entry.feature


def test_odd_words_compile(tmp_path: Path) -> None:
    words = tmp_path / "words.csv"
    words.write_text(
        '"か,き",カキ,名詞\n"く""け",クケ,名詞\nこ さ,コサ,名詞\nＡＢＣ,エービーシー,名詞\n𠮷野,ヨシノ,人名\n',
        encoding="utf-8",
    )
    read = dictionary.read_words(words)
    assert [w.word for w in read] == ["か,き", 'く"け', "こ さ", "ABC", "𠮷野"]
    dictionary.compile(dictionary.entries(read, DICDIR), DICDIR, tmp_path / "u.dic")
    parse = parser(tmp_path / "u.dic")
    for word in read:
        assert parse(word.word) == [f"{word.word}/名詞/{word.word}"]


def test_same_entries_same_bytes(tmp_path: Path) -> None:
    words = [UserWord("スマホ", "スマホ", "名詞"), UserWord("バズる", "バズル", "動詞")]
    for name in ("a.dic", "b.dic"):
        dictionary.compile(dictionary.entries(words, DICDIR), DICDIR, tmp_path / name)
    assert (tmp_path / "a.dic").read_bytes() == (tmp_path / "b.dic").read_bytes()


def test_ten_thousand_words(tmp_path: Path) -> None:
    words = tmp_path / "words.csv"
    words.write_text("".join(f"語彙{i}番,ゴイバン,名詞\n" for i in range(10_000)), encoding="utf-8")
    entries = dictionary.entries(dictionary.read_words(words), DICDIR)
    assert len(entries) == 10_000
    dictionary.compile(entries, DICDIR, tmp_path / "u.dic")
    assert parser(tmp_path / "u.dic")("語彙9999番") == ["語彙9999番/名詞/語彙9999番"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("スマホ", "line 2: has 1 columns"),
        ("a,b,c,d,e", "line 2: has 5 columns"),
        (",スマホ,名詞", r"line 2, column 1 \(word\): empty"),
        ("あ" + "い" * 70 + "う,ア,名詞", r"column 1 \(word\): .*longer"),
        ("漢あ字い" * 20 + ",ア,名詞", r"column 1 \(word\): longer than 64"),
        ('"a\nb",ア,名詞', r"column 1 \(word\)"),
        ("漢字,,名詞", r"column 2 \(reading\)"),
        ("漢字,kanji,名詞", r"column 2 \(reading\)"),
        ("漢字,カンジ,noun", r"column 3 \(part of speech\): 'noun' is none of 名詞"),
        ("静か,シズカ,形容詞", "ends in い"),
        ("推し活する,オシカツスル,動詞-一段", "no dictionary form"),
        ("推し活,オシカツ,動詞", "no dictionary form"),
        ("スマホ,スマホ,名詞\nスマホ,スマホ,名詞", "line 3, .*stands on line 2 already"),
        ('"スマホ,スマホ,名詞', "not CSV"),
        ("ス\0マホ,スマホ,名詞", "NUL"),
    ],
)
def test_malformed_rows(tmp_path: Path, row: str, said: str) -> None:
    path = tmp_path / "words.csv"
    path.write_text(f"word,reading,part of speech\n{row}\n", encoding="utf-8")
    if "longer" in said and "い" * 70 in row:
        assert dictionary.read_words(path)[0].word == "あいいう"  # folded, as posts are
        return
    with pytest.raises(SettingsError, match=said) as error:
        dictionary.read_words(path)
    assert str(path) in str(error.value)


def test_errors_of_the_dictionary(tmp_path: Path) -> None:
    with pytest.raises(DictionaryError, match="no words"):
        dictionary.compile([], DICDIR, tmp_path / "u.dic")
    bad = dictionary.Entry("あ", 60_000, 60_000, 1, "名詞")  # no such context
    with pytest.raises(DictionaryError, match="cannot be compiled"):
        dictionary.compile([bad], DICDIR, tmp_path / "u.dic")
    assert not (tmp_path / "u.dic").exists()
