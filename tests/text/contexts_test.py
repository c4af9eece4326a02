import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text import contexts

TOKEN = np.dtype([("left", "<u2"), ("right", "<u2"), ("cost", "<i2")])
tokens_of = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(-32768, 32767)), min_size=1, max_size=9
)


@settings(deadline=None, derandomize=True)
@given(tokens_of, st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 9]))
def test_every_pair_of_words_costs_what_it_did(rows, seed, most):
    tokens = np.array(rows, TOKEN)
    matrix = np.random.default_rng(seed).integers(0, most, (5, 7), np.int16)
    matrix = matrix[[0, 1, 2, 1, 0]]
    ranks = contexts.rank(tokens, matrix)
    before = matrix[tokens["left"][:, None], tokens["right"]]
    moved = contexts.reorder(matrix, ranks)
    contexts.renumber(tokens, ranks)
    assert np.array_equal(moved[tokens["left"][:, None], tokens["right"]], before)
    assert np.array_equal(moved[tokens["left"], 0], matrix[[left for left, _, _ in rows], 0])
    assert np.array_equal(moved[0, tokens["right"]], matrix[0, [right for _, right, _ in rows]])


def test_the_likeliest_come_first_after_a_sentences_end():
    tokens = np.array([(1, 3, 5000), (2, 3, -4000), (3, 1, 100), (3, 2, 100)], TOKEN)
    matrix = np.add.outer(10 * np.arange(5), np.arange(4)).astype(np.int16)
    ranks = contexts.rank(tokens, matrix)
    assert (ranks.left.tolist(), ranks.right.tolist()) == ([0, 3, 1, 2, 4], [0, 2, 3, 1])


def test_contexts_that_are_alike_share_a_number_and_their_weight():
    tokens = np.array([(1, 1, 100), (2, 1, 50), (3, 1, 100), (4, 2, 9000)], TOKEN)
    matrix = np.array([[0, 1, 1], [5, 6, 6], [7, 8, 8], [5, 6, 6], [0, 1, 1]], np.int16)
    ranks = contexts.rank(tokens, matrix)
    assert (ranks.left.tolist(), ranks.right.tolist()) == ([0, 1, 2, 1, 0], [0, 1, 1])
    assert contexts.reorder(matrix, ranks).tolist() == [[0, 1], [5, 6], [7, 8]]
