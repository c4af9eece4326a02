import fugashi
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engines.project import open_lexicon
from pipeline.text import dictionary, lexicon, tokenise


@pytest.fixture(scope="module")
def plain():
    return open_lexicon([])


def test_codes_are_read_back():
    numbers = np.array([0, 1, 89, 90, 8099, 8100, 756_263, 90**4 - 1])
    assert lexicon.decode(lexicon.code(numbers).tobytes()).tolist() == numbers.tolist()
    assert [lexicon.code_of(int(n)) for n in numbers] == [bytes(row).decode() for row in lexicon.code(numbers)]
    assert not {"!", "\n"} & set("".join(lexicon.code_of(int(n)) for n in numbers))  # these mark unknown words


def fugashi_rows(tagger, text):
    """What a plain loop finds: (surface, base, lemma, pos) of each word."""
    return [
        (w.surface, w.feature.orthBase or w.surface, w.feature.lemma or w.surface, w.feature.pos1) for w in tagger(text)
    ]


def our_rows(plain, texts):
    table = tokenise.analyse(texts, 0, str(plain.folder), plain.fingerprint, 10_000).tokens.to_pylist()
    rows = [[] for _ in texts]
    for t in table:
        rows[t["post"]].append((t["surface"], t["base"], t["lemma"], t["pos"]))
    return rows


TEXTS = [
    "すももももももももものうち",
    "スマホでTikTokを見てたら駅を乗り過ごした。",
    '「,」と"引用"、カンマ,と%と\\と\'',
    "!感嘆 \t タブ\n改行!\n!!",
    "髙﨑𠮷野家で🍣",
    "",
    "*",
    "嬉しい うれしい ウレシイ",
    "コ口ナ #### !!!! $%& ||| 1234567890",
]


def test_same_words_as_fugashi(plain):
    tagger = fugashi.Tagger()
    assert our_rows(plain, TEXTS) == [fugashi_rows(tagger, text) for text in TEXTS]


def test_same_words_as_fugashi_with_the_users_words(tmp_path):
    words, source, user = dictionary.read_words(dictionary.SHIPPED), lexicon.source_folder(), tmp_path / "user.dic"
    dictionary.compile(dictionary.entries(words, source), source, user)
    tagger = fugashi.Tagger(f'-u "{user}"')
    texts = [*TEXTS, "昨日推し活でバズった動画をスマホで見た", *(f"今日は{word.word}だった" for word in words)]
    assert our_rows(open_lexicon(words), texts) == [fugashi_rows(tagger, text) for text in texts]


japanese = st.text(
    st.sampled_from("ぁあいうえおかがきくすずッァアカサタナ一人日本東京食見行!\"'#,*%\\@ \n\tabcXYZ019ー〜。、「」😀"),
    max_size=60,
)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.lists(japanese, min_size=1, max_size=4))
def test_same_words_as_fugashi_on_any_text(plain, texts):
    tagger = fugashi.Tagger()
    assert our_rows(plain, texts) == [fugashi_rows(tagger, text) for text in texts]
