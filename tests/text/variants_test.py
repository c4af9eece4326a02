import pytest

from pipeline.engines import project
from pipeline.engines.project import open_lexicon, open_project
from pipeline.errors import SettingsError
from pipeline.settings import Settings
from pipeline.text import lexicon, synonyms, tokenise, variants
from pipeline.text.dictionary import UserWord
from pipeline.text.normalise import clean


def tokens(lexicon, text):
    found = tokenise.analyse([text], 0, str(lexicon.folder), lexicon.fingerprint, 10_000).tokens
    return [(row["base"], row["pos"], row["reading"]) for row in found.to_pylist()]


def bases(lexicon, text):
    return [base for base, _, _ in tokens(lexicon, text)]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    return open_project(Settings(), tmp_path_factory.mktemp("store")).lexicon


@pytest.fixture
def opened(tmp_path):
    """Open a project with lists of one's own, without the shipped ones."""

    def make(text, words=""):
        (tmp_path / "synonyms.csv").write_text(text, encoding="utf-8")
        (tmp_path / "words.csv").write_text(words, encoding="utf-8")
        named = {"synonyms": tmp_path / "synonyms.csv", "dictionary": tmp_path / "words.csv", "shipped": False}
        return open_project(Settings.model_validate({"words": named}), tmp_path / "store")

    return make


VARIANTS = sorted(synonyms.load(None))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_shipped_variant_is_one_token(shipped, variant):
    assert clean(variant).clean == variant
    assert bases(shipped, variant) == [variant]
    for frame in ("昨日の{}がとても好きだ", "{}で見た", "新しい{}を買いたい。", "その{}は高い"):
        assert variant in bases(shipped, frame.format(variant))


def test_the_shipped_variants_break_no_longer_word(shipped):
    split = {word.word for word in variants.split_words(VARIANTS, lexicon.source_folder())}
    assert split == {
        "コンビニエンスストア", "スマートフォン", "スマートホン", "パーソナルコンピューター", "拉麺", "携帯電話",
    }  # fmt: skip
    plain = open_lexicon([])
    for text in ("携帯を電話の横に置く", "スマートな服とヘッドフォン", "麺を食べる", "電話を携帯する"):
        assert bases(shipped, text) == bases(plain, text)
    assert bases(shipped, "携帯電話会社") == ["携帯電話", "会社"]
    assert bases(shipped, "携帯を電話の横に置く") == ["携帯", "を", "電話", "の", "横", "に", "置く"]


def test_compounds_are_nouns_with_their_reading(shipped):
    assert tokens(shipped, "携帯電話") == [("携帯電話", "名詞", "ケイタイデンワ")]
    assert tokens(shipped, "スマートフォン") == [("スマートフォン", "名詞", "スマートフォン")]
    assert tokens(shipped, "拉麺") == [("拉麺", "名詞", None)]  # 拉る is read ヘシャゲル


def test_what_is_whole_already_needs_no_entry():
    source = lexicon.source_folder()
    assert variants.split_words(["らーめん", "嬉しく", "zzqx", "スマホ"], source) == []
    assert variants.split_words(["とりま", "お茶"], source) == [
        UserWord("お茶", "オチャ", "名詞"),
        UserWord("とりま", "トリマ", "名詞"),
    ]


def test_a_variant_of_ones_own_is_one_token_and_breaks_no_longer_word(opened):
    listed = 'りょ,了解\nお茶,茶\nとりま,とりあえず\n"か,き""く",柿\nHello World,挨拶\nわず,だった\n'
    own, plain = opened(listed, "わず,ワズ,副詞\n").lexicon, open_lexicon([])
    for variant in ("りょ", "お茶", "とりま", 'か,き"く', "Hello World"):
        assert bases(own, variant) == [variant]
        assert variant in bases(own, f"今日は{variant}です")
    for word in ("そうりょ", "りょうん", "お茶の水", "とりまぜ"):  # each broke at its variant at the first price
        assert len(bases(plain, word)) == 1
        assert bases(own, word) == bases(plain, word)
    assert tokens(own, "わず") == [("わず", "副詞", "ワズ")]  # the user's word goes before the variant


def test_the_dictionary_changes_with_the_variants_that_it_would_split_alone(opened, monkeypatch, tmp_path):
    monkeypatch.setenv("HIBI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(project, "_compile", lambda _, draft, *words: draft.mkdir(parents=True))
    none, whole = opened(""), opened("らーめん,ラーメン\n")
    assert (none.lists != whole.lists, none.lexicon.fingerprint) == (True, whole.lexicon.fingerprint)
    split, other = opened("拉麺,ラーメン\n"), opened("拉麺,麺\n")
    assert split.lexicon.fingerprint != none.lexicon.fingerprint
    assert (split.lists != other.lists, split.lexicon.fingerprint) == (True, other.lexicon.fingerprint)
    as_word = opened("", "拉麺,ラーメン,名詞\n")
    assert as_word.lexicon.fingerprint not in (split.lexicon.fingerprint, none.lexicon.fingerprint)


def test_a_list_that_cannot_be_compiled_is_named(opened):
    with pytest.raises(SettingsError, match=r"synonyms.csv, line 1: a variant has one line of at most 64"):
        opened("あい" * 33 + ",長い\n")
