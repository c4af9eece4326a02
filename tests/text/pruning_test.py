import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text import lexicon, pruning

TOKEN = np.dtype([("left", "<u2"), ("right", "<u2"), ("cost", "<i2")])


def tokens(*rows):
    return np.array(list(rows), TOKEN)


def test_the_dearer_of_two_equal_neighbours_is_hopeless():
    matrix = np.zeros((2, 2), np.int16)
    lost = pruning.hopeless(np.array([0, 0, 1]), tokens((1, 1, 300), (1, 1, 200), (1, 1, 900)), matrix)
    assert lost.tolist() == [True, False, False]


def test_equally_dear_ones_both_stay():
    assert not pruning.hopeless(np.array([0, 0]), tokens((1, 1, 5), (1, 1, 5)), np.zeros((2, 2), np.int16)).any()


def test_a_dearer_word_stays_while_one_neighbour_favours_it():
    matrix = np.array([[0, 0, 0], [0, 0, 0], [0, 0, -101]], np.int16)  # left context 2 after right context 2: cheap
    rows = tokens((2, 1, 200), (1, 1, 100))
    assert not pruning.hopeless(np.array([0, 0]), rows, matrix).any()
    matrix[2, 2] = -99  # now 200 - 99 is more than 100
    assert pruning.hopeless(np.array([0, 0]), rows, matrix).tolist() == [True, False]


costs = st.integers(-300, 300)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), costs), min_size=1, max_size=6), st.data())
def test_no_context_chooses_what_is_hopeless(rows, data):
    matrix = np.array(data.draw(st.lists(costs, min_size=16, max_size=16)), np.int16).reshape(4, 4)
    lost = pruning.hopeless(np.zeros(len(rows), int), tokens(*rows), matrix)
    for before in range(4):
        for after in range(4):
            dear = [int(matrix[left, before]) + cost + int(matrix[after, right]) for left, right, cost in rows]
            assert min(dear) not in [price for price, gone in zip(dear, lost, strict=True) if gone]


def test_unidic_loses_one_entry_of_eighteen():
    source = lexicon.source_folder()
    _, trie, entries, _ = lexicon._read(source / "sys.dic")
    matrix = pruning.connections(np.memmap(source / "matrix.bin", np.int16, "r"))
    less, moved = pruning.prune(trie, entries, matrix)
    ends = -1 - np.frombuffer(less, pruning._UNIT)["base"][np.frombuffer(less, pruning._UNIT)["base"] < 0]
    assert (len(entries), (ends & 255).sum(), (ends & 255).min()) == (756_264, 715_027, 1)
    assert np.array_equal(
        np.sort(moved, order=list(moved.dtype.names)), np.sort(entries, order=list(moved.dtype.names))
    )
