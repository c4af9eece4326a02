import csv

import pytest

from pipeline.engines.project import open_lexicon
from pipeline.models import weak
from pipeline.tables import TOKENS
from pipeline.text import dictionary, normalise, tokenise


@pytest.fixture(scope="module")
def lexicon():
    return open_lexicon(dictionary.read_words(dictionary.SHIPPED))


def tokens(lexicon, texts):
    return tokenise.analyse(texts, 0, str(lexicon.folder), lexicon.fingerprint, 10_000).tokens


def labelled(lexicon, *texts):
    cleaned = normalise.clean_all(texts)
    return weak.label(tokens(lexicon, [c.clean for c in cleaned]), [c.emoji for c in cleaned])


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("今日は楽しかった", "positive"),
        ("うれしいお知らせです", "positive"),  # by its lemma 嬉しい
        ("最悪の朝だ", "negative"),
        ("電車の中", None),
        ("楽しくない", "negative"),
        ("料理はとても美味しくはない", "negative"),
        ("嫌いじゃない", "positive"),
        ("嬉しくてたまらない", "positive"),  # the negation belongs to たまらない
        ("つまらない", "negative"),  # two tokens in a row
        ("文句なし", "positive"),
        ("不親切な店", "negative"),
        ("行けば良かった", None),  # a wish
        ("帰ってもいいですか", None),  # a permission
        ("お疲れ様でした", None),
        ("楽しい。でも、高いし狭い", None),  # contradicts itself
        ("楽しい。お金がない", "positive"),  # another sentence's negation
        ("やった🎉", "positive"),
        ("終わった😭", "negative"),
        ("☺️ と ❤️", "positive"),  # with the variation selector
        ("最高😭", None),
        ("", None),
    ],
)
def test_signs_of_mood(lexicon, text, label):
    assert labelled(lexicon, text) == [label]


def test_posts_do_not_reach_into_one_another(lexicon):
    assert labelled(lexicon, "楽しい", "ない", "最悪", "", "嬉しい") == ["positive", None, "negative", None, "positive"]


def test_no_posts():
    assert weak.label(TOKENS.empty_table(), []) == []
    assert weak.label(TOKENS.empty_table(), [["😊"], []]) == ["positive", None]


def test_every_word_of_the_list_is_what_the_dictionary_says(lexicon):
    with weak._LIST.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["word", "polarity"] and {sign for _, sign in rows[1:]} == {"1", "-1", "0"}
    words = [word for word, _ in rows[1:]]
    assert len(set(words)) == len(words) > 500
    single = [word for word in words if " " not in word and not normalise.clean(word).emoji]
    found = tokens(lexicon, single).to_pylist()
    assert [(t["post"], t["position"]) for t in found] == [(post, 0) for post in range(len(single))]
    assert not [word for word, t in zip(single, found, strict=True) if word not in (t["lemma"], t["base"])]


def test_the_list_does_not_take_back_what_it_says(lexicon):
    """One lemma in two spellings has one sign."""
    single = [word for word in weak.polarity() if " " not in word and not normalise.clean(word).emoji]
    signs = {}
    for word, token in zip(single, tokens(lexicon, single).to_pylist(), strict=True):
        signs.setdefault(token["lemma"], set()).add(weak.polarity()[word])
    assert not {lemma for lemma, found in signs.items() if len(found) > 1}
