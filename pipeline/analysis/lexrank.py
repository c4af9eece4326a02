"""LexRank over a day's sentences: which are like many others that are themselves like many.

Erkan and Radev 2004, "LexRank: Graph-based Lexical Centrality as Salience in Text Summarization": sentences as TF-IDF
vectors, links where the cosine passes a threshold, PageRank over the links weighted by cosine.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

Integers = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

SHARED = 2
"""Distinct words that linked sentences have in common: one is chance."""
SIMILAR = 0.35
"""Least cosine of linked sentences; at the paper's 0.1 posts of a few words are linked by any word."""
_DAMPING = 0.85
_LINKS = 20_000_000
"""Links held, 12 bytes each; where a day repeats itself so much that there are more, only the nearer ones count."""
_BLOCK = 10_000_000
"""Products worked out at once."""


def vectors(indptr: npt.NDArray[np.int64], words: Integers) -> sparse.csr_array:
    """Return vectors of length 1, sentences × words: the root of the inverse sentence frequency, never 0.

    The root, so that a shared word adds its inverse frequency to the cosine and not the square of that: in posts of a
    few words the rarest would decide alone, and the words of the day's largest topic count for nothing. A word repeated
    within a sentence counts once: in a post that is emphasis.
    """
    count, width = len(indptr) - 1, int(words.max(initial=-1)) + 1
    matrix = sparse.csr_array((np.ones(len(words)), words, indptr), shape=(count, width), copy=True)
    matrix.sum_duplicates()
    frequency = np.bincount(matrix.indices, minlength=width)
    matrix.data = np.sqrt(np.log1p(count / frequency[matrix.indices]))
    rows = np.repeat(np.arange(count), np.diff(matrix.indptr))
    matrix.data /= np.sqrt(np.bincount(rows, weights=matrix.data**2, minlength=count))[rows]
    return matrix


def linked(one: sparse.csr_array, other: sparse.csr_array, least: float = SIMILAR) -> sparse.csr_array:
    """Return the cosines of the linked pairs, rows of one × rows of the other."""
    across = other.T.tocsr()
    cosines, shared = one @ across, _ones(one) @ _ones(across)
    cosines.sort_indices()
    shared.sort_indices()  # now the same places as the cosines, as no value is 0
    cosines.data[shared.data < SHARED] = 0
    return _at_least(cosines, least)


def graph(sentences: sparse.csr_array, post: Integers) -> sparse.csr_array:
    """Return the cosines of all linked pairs of sentences; by blocks of rows, so that only links are held.

    Each is linked to itself, and to no other of its post: nobody seconds himself.
    """
    frequency = np.bincount(sentences.indices, minlength=sentences.shape[1])
    products = np.concatenate(([0], np.cumsum(frequency[sentences.indices])))[sentences.indptr]
    least = SIMILAR
    blocks: list[sparse.csr_array] = []
    begin = 0
    while begin < len(post):
        end = max(begin + 1, int(np.searchsorted(products, products[begin] + _BLOCK, side="right")) - 1)
        block = linked(sentences[begin:end], sentences, least)
        row = begin + np.repeat(np.arange(end - begin), np.diff(block.indptr))
        block.data[(post[row] == post[block.indices]) & (row != block.indices)] = 0
        blocks.append(_at_least(block, least))
        while least < 1 and sum(held.nnz for held in blocks) > _LINKS:
            least += 0.05
            blocks = [_at_least(held, least) for held in blocks]
        begin = end
    return sparse.vstack(blocks, format="csr")


def lexrank(links: sparse.csr_array, weight: Floats) -> Floats:
    """Return each sentence's LexRank, adding up to 1: what its copies would have together, were they sentences too.

    links: symmetric, above 0 on the diagonal. weight: how often a sentence is said.
    """
    jump: Floats = weight / weight.sum()
    degree = links @ weight
    rank = jump
    for _ in range(200):
        following: Floats = (1 - _DAMPING) * jump + _DAMPING * weight * (links @ (rank / degree))
        change = np.abs(following - rank).sum()
        rank = following
        if change < 1e-10:
            break
    return rank


def _ones(matrix: sparse.csr_array) -> sparse.csr_array:
    return sparse.csr_array((np.ones_like(matrix.data), matrix.indices, matrix.indptr), shape=matrix.shape)


def _at_least(cosines: sparse.csr_array, least: float) -> sparse.csr_array:
    cosines.data[cosines.data < min(least, 1 - 1e-9)] = 0  # a sentence's cosine with itself is 1 but for rounding
    cosines.eliminate_zeros()
    return cosines
