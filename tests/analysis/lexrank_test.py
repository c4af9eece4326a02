"""LexRank against dense matrices worked out with numpy alone."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from pipeline.analysis import lexrank as module
from pipeline.analysis.lexrank import graph, lexrank, linked, vectors


def space(*sentences):
    indptr = np.cumsum([0, *map(len, sentences)])
    return vectors(indptr, np.array([word for words in sentences for word in words], dtype=np.int32))


def posts(count):
    return np.arange(count, dtype=np.int32)


def dense_cosines(sentences):
    """Cosines of TF-IDF vectors, 0 where not linked, by the definition."""
    frequency = {word: sum(word in s for s in sentences) for s in sentences for word in s}
    idf = {word: log(1 + len(sentences) / n) for word, n in frequency.items()}
    result = np.zeros((len(sentences), len(sentences)))
    for i, one in enumerate(sentences):
        for j, other in enumerate(sentences):
            both = set(one) & set(other)
            norms = sqrt(sum(idf[w] for w in set(one)) * sum(idf[w] for w in set(other)))
            cosine = sum(idf[w] for w in both) / norms
            result[i, j] = cosine if len(both) >= 2 and cosine >= 0.35 else 0
    return result


def dense_lexrank(cosines):
    """The eigenvector of 0.15 / n + 0.85 × the column-stochastic matrix."""
    count = len(cosines)
    values, found = np.linalg.eig(0.15 / count + 0.85 * cosines / cosines.sum(axis=0))
    vector = found[:, np.argmax(values.real)].real
    return vector / vector.sum()


def some_sentences(count=40, seed=3):
    rng = np.random.default_rng(seed)
    return [rng.choice(12, size=rng.integers(2, 7), replace=False).tolist() for _ in range(count)]


def test_vectors_by_hand():
    # words 0, 1 stand in 2 and 1 of 2 sentences: log(1 + 2/2) = log 2 and log(1 + 2/1) = log 3; repeats add nothing
    matrix = space([0, 1, 1], [0]).toarray()
    whole = log(2) + log(3)
    assert matrix == pytest.approx(np.array([[sqrt(log(2) / whole), sqrt(log(3) / whole)], [1, 0]]))


def test_a_sentence_without_words_is_a_row_of_zeros():
    assert space([], [0], []).toarray().tolist() == [[0], [1], [0]]


def test_links_need_two_words_in_common():
    cosines = linked(space([0, 1], [0, 1, 2], [0, 3], [4]), space([0, 1], [0, 1, 2], [0, 3], [4])).toarray() > 0
    assert cosines.tolist() == [
        [True, True, False, False],
        [True, True, False, False],
        [False, False, True, False],
        [False] * 4,
    ]


def test_graph_is_that_of_the_definition():
    sentences = some_sentences()
    assert graph(space(*sentences), posts(40)).toarray() == pytest.approx(dense_cosines(sentences))


def test_sentences_of_one_post_are_not_linked():
    same = graph(space([0, 1], [0, 1], [0, 1]), np.array([0, 0, 1], dtype=np.int32)).toarray()
    assert same == pytest.approx(np.array([[1, 0, 1], [0, 1, 1], [1, 1, 1]]))


def test_blocks_do_not_show(monkeypatch):
    sentences = space(*some_sentences())
    whole = graph(sentences, posts(40))
    monkeypatch.setattr(module, "_BLOCK", 1)
    parts = graph(sentences, posts(40))
    assert (parts.toarray() == whole.toarray()).all()


def test_of_too_many_links_the_nearest_are_held(monkeypatch):
    sentences = space(*some_sentences())
    whole = graph(sentences, posts(40))
    monkeypatch.setattr(module, "_LINKS", whole.nnz // 2)
    fewer = graph(sentences, posts(40))
    assert 40 <= fewer.nnz <= whole.nnz // 2
    assert fewer.diagonal() == pytest.approx(np.ones(40))
    least = fewer.data.min()
    assert (fewer.toarray() == np.where(whole.toarray() >= least, whole.toarray(), 0)).all()


def test_lexrank_is_the_dense_eigenvector():
    cosines = dense_cosines(some_sentences())
    rank = lexrank(sparse.csr_array(cosines), np.ones(40))
    expected = dense_lexrank(cosines)
    assert rank == pytest.approx(expected, abs=1e-8)
    assert np.argsort(-rank)[:10].tolist() == np.argsort(-expected)[:10].tolist()


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.lists(st.integers(1, 5), min_size=20, max_size=20), st.integers(0, 99))
def test_a_weight_is_that_many_copies(weights, seed):
    cosines = dense_cosines(some_sentences(20, seed))
    rank = lexrank(sparse.csr_array(cosines), np.array(weights, dtype=float))
    rows = np.repeat(np.arange(20), weights)
    copies = dense_lexrank(cosines[np.ix_(rows, rows)])
    assert rank == pytest.approx(np.bincount(rows, weights=copies), abs=1e-8)


def test_sentences_alone_rank_by_weight():
    # nothing links them: each keeps what the jump gives, 3 of 4 and 1 of 4
    assert lexrank(sparse.csr_array(np.eye(2)), np.array([3.0, 1.0])) == pytest.approx([0.75, 0.25])
