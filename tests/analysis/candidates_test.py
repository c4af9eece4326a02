"""What a summary chooses from: sentences of content words, and what a post weighs."""

from itertools import pairwise

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from plain_tables import posts, tokens

from pipeline.analysis import candidates


def weights(*rows):
    return candidates.weights(posts(*rows)).tolist()


def test_a_post_weighs_itself_its_copies_and_its_reposts():
    assert weights(
        {"clean": "雨が降る"},
        {"clean": "雨が降る。", "duplicate_of": "p0"},
        {"clean": "雨が降る!", "duplicate_of": "p0"},
        {"clean": "雨が降る", "is_repost": True},
        {"clean": "雪"},
    ) == [1 + 2 + 1, 0, 0, 0, 1]


def test_reposts_of_an_unknown_post_weigh_in_the_first_of_them():
    assert weights(
        {"clean": "どこかの話", "is_repost": True},
        {"clean": "雨"},
        {"clean": "どこかの話", "is_repost": True},
        {"clean": "よその話", "is_repost": True},
        {"clean": "どこかの話", "is_repost": True},
    ) == [3, 1, 0, 1, 0]


def test_a_repost_counts_to_the_first_post_that_says_the_same():
    assert weights(
        {"clean": "はい"},
        {"clean": "はい"},  # too short to be a copy of the first
        {"clean": "はい", "is_repost": True},
    ) == [2, 1, 0]


def test_a_copy_of_another_day_or_of_nothing_weighs_itself():
    assert weights({"clean": "雨", "duplicate_of": "elsewhere"}, {"clean": "雪"}) == [1, 1]
    assert weights() == []


ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(-3, 3)), max_size=12)


@hypothesis_settings(deadline=None, derandomize=True)
@given(ROWS)
def test_all_weights_together_are_all_posts(rows):
    made, first = [], []
    for n, (clean, repost, back) in enumerate(rows):
        # copies name an earlier post that is neither repost nor copy, as duplicates.first_copies does
        copy_of = first[back % len(first)] if first and back >= 0 and not repost else None
        made.append(
            {"clean": clean, "is_repost": repost, "duplicate_of": f"p{copy_of}" if copy_of is not None else None}
        )
        if not repost and copy_of is None:
            first.append(n)
    found = weights(*made)
    assert sum(found) == len(rows)
    assert all(weight == 0 for weight, row in zip(found, made, strict=True) if row["duplicate_of"])


def test_candidates_are_sentences_of_content_words_with_the_weight_of_their_post():
    table = posts(
        {"clean": "雨が静かに降る。雪ではない。"},
        {"clean": "雨が静かに降る。雪ではない。", "is_repost": True},
        {"clean": "三つ", "author": "ann"},
        {"clean": "雪だ"},
    )
    said = [
        ("雨", "名詞", "普通名詞-一般"),
        ("が", "助詞", "格助詞"),
        ("静か", "形状詞", "一般"),
        ("に", "助動詞", ""),
        ("降る", "動詞", "一般"),
        ("。", "補助記号", "句点"),
    ]
    also = [("雪", "名詞", "普通名詞-一般"), ("で", "助動詞", ""), ("ない", "形容詞", "非自立可能")]
    rows = [(post, 0, *w) for post in (0, 1) for w in said] + [(post, 1, *w) for post in (0, 1) for w in also]
    rows = sorted(rows, key=lambda row: row[:2])
    rows += [(2, 0, "三", "名詞", "数詞"), (3, 0, "雪", "名詞", "普通名詞-一般"), (3, 0, "日", "名詞", "普通名詞-一般")]
    found = candidates.sentences(table, [tokens(*rows[:18]), tokens(*rows[18:])], frozenset({"日"}))
    # the repost has no sentence of its own, the number none at all
    assert [list(map(int, c)) for c in (found.post, found.number, found.weight)] == [[0, 0, 3], [0, 1, 0], [2, 2, 1]]
    sentences = [found.words[a:b].tolist() for a, b in pairwise(found.indptr)]
    rain, calm, fall, snow = sentences[0] + sentences[1]
    assert sentences == [[rain, calm, fall], [snow], [snow]] and len({rain, calm, fall, snow}) == 4


def test_candidates_of_no_words_are_none():
    found = candidates.sentences(posts({"clean": "。"}), [tokens((0, 0, "。", "補助記号", "句点"))], frozenset())
    for none in (found, candidates.sentences(posts(), [], frozenset())):
        assert (none.indptr.tolist(), len(none.post), len(none.words)) == ([0], 0, 0)
