"""What a summary chooses from: sentences as content words, weighed by the posts that say the same."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc

from pipeline.analysis.summary import Sentences


def sentences(posts: pa.Table, tokens: Iterable[pa.Table], stop_words: frozenset[str]) -> Sentences:
    """Make the summary's candidate sentences: content words as numbers, posts' copies and reposts as weight."""
    weight = weights(posts)
    vocabulary: dict[str, int] = {}
    parts = [_content(chunk, vocabulary, stop_words) for chunk in tokens]
    post, number, word = (np.concatenate([np.zeros(0, np.int32), *(p[i] for p in parts)]) for i in range(3))
    used = weight[post] > 0
    post, number, word = post[used], number[used], word[used]
    opens = np.append(True, (post[1:] != post[:-1]) | (number[1:] != number[:-1]))[: len(post)]
    indptr = np.append(np.flatnonzero(opens), len(post)).astype(np.int64)
    first = indptr[:-1]
    return Sentences(post[first], number[first], weight[post[first]], indptr, word.astype(np.int32))


def weights(posts: pa.Table) -> np.ndarray:
    """Give each post the number of posts that say it: itself, its copies and reposts; those themselves 0.

    Reposts of what is not among the posts count together, to the first of them.
    """
    ids = posts["post_id"].combine_chunks()
    copy = pc.fill_null(pc.index_in(posts["duplicate_of"].combine_chunks(), ids), -1).to_numpy()
    repost = posts["is_repost"].to_numpy()
    copied = copy >= 0
    weight = np.where(repost | copied, 0.0, 1.0)
    np.add.at(weight, copy[copied], 1.0)
    keys = posts["clean"].combine_chunks().dictionary_encode().indices.to_numpy()
    home = np.full(int(keys.max(initial=-1)) + 1, -1)
    originals = np.flatnonzero(weight > 0)[::-1]
    home[keys[originals]] = originals
    target = home[keys[repost]]
    np.add.at(weight, target[target >= 0], 1.0)
    orphans = np.flatnonzero(repost)[target < 0]
    _, first, count = np.unique(keys[orphans], return_index=True, return_counts=True)
    weight[orphans[first]] = count
    return weight


_CONTENT = pa.array(["名詞", "動詞", "形容詞", "形状詞"])


def _content(
    chunk: pa.Table, vocabulary: dict[str, int], stop_words: frozenset[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pick a chunk's content words, numbers and auxiliary uses apart: post, sentence, word; int32 each."""
    base, pos, subpos = (chunk[name].unify_dictionaries().combine_chunks() for name in ("base", "pos", "subpos"))
    content = pc.is_in(pos.dictionary, _CONTENT).to_numpy(zero_copy_only=False)
    heavy = pc.invert(pc.match_substring_regex(subpos.dictionary, "^数詞|非自立可能")).to_numpy(zero_copy_only=False)
    numbers = np.array(
        [
            -1 if w.lower() in stop_words else vocabulary.setdefault(w, len(vocabulary))
            for w in base.dictionary.to_pylist()
        ],
        np.int32,
    )
    word = numbers[base.indices.to_numpy()] if len(numbers) else np.zeros(0, np.int32)
    kept = content[pos.indices.to_numpy()] & heavy[subpos.indices.to_numpy()] & (word >= 0) if len(word) else word > 0
    return chunk["post"].to_numpy()[kept], chunk["sentence"].to_numpy()[kept], word[kept]
