from collections import Counter

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.analysis import frequency
from pipeline.tables import COUNTS, TOKENS, WORD_AUTHORS

WORDS = [("嬉しい", "嬉しい", "形容詞"), ("うれしい", "嬉しい", "形容詞"), ("雨", "雨", "名詞"), ("雨", "雨", "動詞")]

posts = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "eve", None]),
        st.booleans(),
        st.booleans(),
        st.lists(st.sampled_from(WORDS), max_size=5),
    ),
    max_size=8,
)


def tables(day):
    """Make posts and tokens tables of (author, is_repost, is_copy, words) rows."""
    post_table = pa.table(
        {
            "author": pa.array([p[0] for p in day], pa.string()),
            "is_repost": pa.array([p[1] for p in day], pa.bool_()),
            "duplicate_of": pa.array(["first" if p[2] else None for p in day], pa.string()),
        }
    )
    rows = [(i, w) for i, p in enumerate(day) for w in p[3]]
    filled = {name: pa.nulls(len(rows), TOKENS.field(name).type) for name in TOKENS.names}
    filled["post"] = pa.array([i for i, _ in rows], pa.int32())
    for at, name in enumerate(frequency.KEY):
        filled[name] = pa.array([w[at] for _, w in rows], pa.string()).dictionary_encode()
    return post_table, pa.table(filled)


def count(day):
    post_table, tokens = tables(day)
    return frequency.count(post_table, [tokens])


def one_pass(day):
    """What a plain loop counts."""
    counts, in_posts, authors, original = Counter(), Counter(), {}, Counter()
    for author, repost, copy, words in day:
        counts.update(words)
        in_posts.update(set(words))
        for w in words:
            original[w] += not (repost or copy)
            authors.setdefault(w, set()).update({author} - {None})
    rows = [(*w, n, in_posts[w], len(authors[w]), original[w]) for w, n in counts.items()]
    return sorted(rows, key=lambda r: (-r[3], r[:3]))


def as_rows(found):
    return [tuple(row.values()) for row in found.counts.to_pylist()]


@settings(deadline=None, derandomize=True)
@given(posts)
def test_counts_are_those_of_a_plain_loop(day):
    found = count(day)
    assert found.counts.schema.equals(COUNTS) and found.word_authors.schema.equals(WORD_AUTHORS)
    assert as_rows(found) == one_pass(day)


@settings(deadline=None, derandomize=True)
@given(st.lists(posts, max_size=4), st.randoms(use_true_random=False))
def test_merging_in_any_grouping_gives_one_pass_over_all(days, rng):
    parts = [count(day) for day in days]
    rng.shuffle(parts)
    while len(parts) > 1:
        n = rng.randint(1, len(parts))
        parts = (
            [frequency.merge(parts[:n]), *parts[n:]]
            if n > 1
            else [frequency.merge([parts[0], parts.pop()]), *parts[1:]]
        )
    merged = frequency.merge(parts)
    together = [post for day in days for post in day]
    assert as_rows(merged) == one_pass(together)
    assert merged.word_authors.to_pylist() == count(together).word_authors.to_pylist()


def test_counters_of_one_day_may_share_the_work():
    day = [(f"a{i % 3}", i % 4 == 0, False, [WORDS[i % 4], WORDS[0]]) for i in range(12)]
    post_table, tokens = tables(day)
    here, elsewhere = frequency.Counter(post_table), frequency.Counter(post_table)
    elsewhere.add(tokens.slice(10))
    here.add(tokens.slice(0, 10))
    here.parts += elsewhere.parts
    assert as_rows(here.result()) == one_pass(day)


def test_an_author_of_two_days_counts_once():
    day = [("ann", False, False, [WORDS[2]])]
    merged = frequency.merge([count(day), count(day)])
    assert as_rows(merged) == [("雨", "雨", "名詞", 2, 2, 1, 2)]


def test_chunks_do_not_matter():
    day = [(f"a{i % 3}", i % 4 == 0, False, [WORDS[i % 4], WORDS[0]]) for i in range(12)]
    post_table, tokens = tables(day)
    halves = [tokens.slice(0, 10), tokens.slice(10)]  # two words a post: cut between posts
    assert frequency.count(post_table, halves).counts.equals(frequency.count(post_table, [tokens]).counts)


def test_words_are_what_is_neither_sign_nor_space():
    pos = ["名詞", "補助記号", "記号", "空白", "助動詞", "名詞"]
    table = pa.table({"pos": pa.array(pos, pa.string()).dictionary_encode()})
    assert frequency.count_words(table) == 3
    assert frequency.count_words(table.slice(1, 3)) == 0
    assert frequency.count_words(table.slice(0, 0)) == 0
    assert frequency.count_words(pa.concat_tables([table, table.slice(4)])) == 3 + 2
