"""The stages of a day: what each is called, what it reads, and the plain function that does it.

No IO and no processes here: an engine loads, calls and saves, and gives a ``Mapper`` to spread work with.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from pipeline import tables
from pipeline.errors import LostWorker
from pipeline.settings import Settings

Day = dt.date
Result = TypeVar("Result")

CHUNK = 10_000
"""Posts a job and a row group. Fixed, so that the bytes do not depend on the number of workers."""


@dataclass(frozen=True)
class Stage:
    """A step of a day. Its outputs are current while inputs, settings and versions are those of its manifest."""

    name: str
    version: int
    """Raised when the same inputs give other outputs."""
    reads: tuple[str, ...]
    """Stages of the same day whose outputs it reads."""
    reads_before: tuple[tuple[str, int], ...] = ()
    """(stage, n): that stage's outputs of the n days before."""
    settings: tuple[str, ...] = ()
    """Settings that change its outputs, as dotted keys."""
    dictionary: bool = False
    """Whether the dictionary changes its outputs."""
    lists: bool = False
    """Whether stop words and synonyms change its outputs."""


STAGES = (
    Stage("merge", 1, (), settings=("duplicates", "timezone")),
    Stage("tokenise", 1, ("merge",), settings=("words.max_length",), dictionary=True),
    Stage("count", 1, ("merge", "tokenise")),
    Stage("tabulate", 1, ("merge", "tokenise"), (("merge", 1), ("tokenise", 1)), lists=True),
    Stage("draw", 1, ("tabulate",), settings=("pictures", "report.language")),
    Stage("summarise", 1, ("merge", "tokenise"), settings=("summary",), lists=True),
    Stage(
        "report",
        1,
        ("merge", "tokenise", "count", "tabulate", "draw", "summarise"),
        (("count", 27), ("merge", 27)),
        ("report", "pictures.days", "timezone", "privacy"),
        lists=True,
    ),
)
"""In the order that they run."""

ANALYSE, PRESENT = STAGES[:3], STAGES[3:]
"""What needs its own day alone, and what also looks at days before: those must be analysed first."""


class Mapper(Protocol):
    """Runs a job for each tuple of arguments, in processes or not; a LostWorker stands where a job was lost."""

    def __call__(self, job: Callable[..., Result], items: Iterable[tuple[Any, ...]]) -> list[Result | LostWorker]:
        """Return the results in order."""
        ...


def setting(settings: Settings, key: str) -> Any:
    """Look a dotted key up."""
    value: Any = settings
    for part in key.split("."):
        value = getattr(value, part)
    return value.model_dump_json() if hasattr(value, "model_dump_json") else value


def chunks(size: int) -> list[tuple[int, int]]:
    """Cut rows into runs of CHUNK."""
    return [(start, min(start + CHUNK, size)) for start in range(0, size, CHUNK)]


def _windows(runs: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Group runs of rows: as many as may wait in memory at once."""
    for at in range(0, len(runs), _WINDOW):
        yield runs[at : at + _WINDOW]


_WINDOW = 8


# merge


def merge(
    pieces: Iterable[pa.Table], exclusions: pa.Table, settings: Settings, spread: Mapper
) -> tuple[pa.Table, dict[str, Any]]:
    """Make the posts of a day: one row a post, cleaned, copies marked. Returns them and counts of pieces' rows."""
    from pyarrow import compute as pc

    from pipeline.ingest.merge import merge as one_row_a_post

    merged = one_row_a_post(pieces, exclusions)
    posts = merged.posts
    cleaned = _cleaned(posts["text"], spread)
    first = first_copies(cleaned["clean"], posts, settings)
    found = {
        **{name: posts[name] for name in posts.column_names},
        **{name: cleaned[name] for name in ("clean", "mentions", "emoji", "kaomoji")},
        **{name: pc.coalesce(posts[name], cleaned[name]) for name in ("urls", "hashtags")},
        "duplicate_of": posts["post_id"].take(pa.array(first, mask=first < 0)),
    }
    facts = {"kept": merged.kept, "repeated": merged.repeated, "excluded": merged.excluded}
    return pa.table([found[name] for name in tables.POSTS.names], schema=tables.POSTS), facts


def _cleaned(texts: pa.ChunkedArray, spread: Mapper) -> pa.Table:
    from pipeline.text.normalise import clean_table

    tables = [clean_table([])]
    for some in _windows(chunks(len(texts))):
        tables += _all(spread(clean_table, [(texts.slice(a, b - a).to_pylist(),) for a, b in some]))
    return pa.concat_tables(tables)


def _all(results: Iterable[Result | LostWorker]) -> Iterator[Result]:
    for result in results:
        if isinstance(result, LostWorker):
            raise result
        yield result


def first_copies(clean: pa.ChunkedArray, posts: pa.Table, settings: Settings) -> np.ndarray:
    """Find each post's first copy, -1 without one; int32 (posts,). Reposts are marked as such already."""
    from pipeline.ingest import duplicates

    rule, skip = settings.duplicates, posts["is_repost"].to_numpy()
    return duplicates.first_copies(clean.to_pylist(), skip=skip, threshold=rule.threshold, shortest=rule.shortest)


def totals(posts: pa.Table, zone: ZoneInfo) -> dict[str, Any]:
    """Count a day's posts: posts, authors, reposts, copies, and posts of each hour from 0 to 23 in the zone."""
    from pyarrow import compute as pc

    hours = [0] * 24
    for found in pc.value_counts(pc.floor_temporal(posts["created_at"], 15, "minute")).to_pylist():
        hours[found["values"].astimezone(zone).hour] += found["counts"]
    return {
        "posts": posts.num_rows,
        "authors": pc.count_distinct(posts["author"], mode="only_valid").as_py(),
        "reposts": pc.sum(posts["is_repost"]).as_py() or 0,
        "copies": pc.count(posts["duplicate_of"], mode="only_valid").as_py(),
        "hours": hours,
    }


# tokenise


def tokenise(
    clean: pa.ChunkedArray, job: Callable[..., Any], arguments: tuple[Any, ...], spread: Mapper
) -> Iterator[tuple[Any, list[int]]]:
    """Analyse posts in chunks. Yields (what the job gave, posts given up because they killed their worker).

    ``job(texts, first post, *arguments)`` runs in a worker. A chunk that kills its worker is halved until the posts
    are found that do it; they are analysed as if empty.
    """
    for some in _windows(chunks(len(clean))):
        results = spread(job, [(clean.slice(a, b - a).to_pylist(), a, *arguments) for a, b in some])
        for (start, end), result in zip(some, results, strict=True):
            if isinstance(result, LostWorker):
                texts = clean.slice(start, end - start).to_pylist()
                lost = _killers(texts, job, arguments, spread)
                spared = ["" if i in set(lost) else text for i, text in enumerate(texts)]
                yield next(_all(spread(job, [(spared, start, *arguments)]))), [start + i for i in lost]
            else:
                yield result, []


def _killers(texts: list[str], job: Callable[..., Any], arguments: tuple[Any, ...], spread: Mapper) -> list[int]:
    """Find the texts that kill a worker, by halving."""
    if len(texts) == 1:
        return [0]
    half = len(texts) // 2
    halves = [(0, texts[:half]), (half, texts[half:])]
    outcomes = spread(job, [(part, 0, *arguments) for _, part in halves])
    return [
        offset + i
        for (offset, part), outcome in zip(halves, outcomes, strict=True)
        if isinstance(outcome, LostWorker)
        for i in _killers(part, job, arguments, spread)
    ]


_NO_WORDS = pa.array(["補助記号", "記号", "空白"])


def count_words(tokens: pa.Table) -> int:
    """Count the tokens that are words: neither signs nor spaces."""
    from pyarrow import compute as pc

    pos = tokens["pos"].unify_dictionaries().combine_chunks()
    words = pc.invert(pc.is_in(pos.dictionary, _NO_WORDS)).to_numpy(zero_copy_only=False)
    return int(words[pos.indices.to_numpy()].sum()) if len(words) else 0


# summarise


def summarise(posts: pa.Table, tokens: Iterable[pa.Table], stop_words: frozenset[str], settings: Settings) -> pa.Table:
    """Choose a day's sentences; rows of the summary table."""
    from pipeline.analysis.summary import summarise as choose

    rule = settings.summary
    found = choose(
        candidates(posts, tokens, stop_words), posts=posts.num_rows, wanted=rule.sentences, diversity=rule.diversity
    )
    rows = [
        {
            "rank": rank,
            "post": one.post,
            "sentence": one.number,
            "text": _sentence(posts["clean"][one.post].as_py(), one.number),
            "score": one.score,
            "share": one.share,
            "posts": one.posts,
        }
        for rank, one in enumerate(found, 1)
    ]
    return pa.Table.from_pylist(rows, tables.SUMMARY)


def _sentence(clean: str, number: int) -> str:
    from pipeline.text import sentences

    bounds = [*sentences.starts(clean), len(clean)]
    return clean[bounds[number] : bounds[number + 1]].strip()


def candidates(posts: pa.Table, tokens: Iterable[pa.Table], stop_words: frozenset[str]) -> Any:
    """Make the summary's candidate sentences: content words as numbers, posts' copies and reposts as weight."""
    from pipeline.analysis.summary import Sentences

    weight = _weights(posts)
    vocabulary: dict[str, int] = {}
    parts = [_content(chunk, vocabulary, stop_words) for chunk in tokens]
    post, number, word = (np.concatenate([np.zeros(0, np.int32), *(p[i] for p in parts)]) for i in range(3))
    used = weight[post] > 0
    post, number, word = post[used], number[used], word[used]
    opens = np.append(True, (post[1:] != post[:-1]) | (number[1:] != number[:-1]))[: len(post)]
    indptr = np.append(np.flatnonzero(opens), len(post)).astype(np.int64)
    first = indptr[:-1]
    return Sentences(post[first], number[first], weight[post[first]], indptr, word.astype(np.int32))


def _weights(posts: pa.Table) -> np.ndarray:
    """Give each post the number of posts that say it: itself and its copies; reposts and copies themselves 0."""
    from pyarrow import compute as pc

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
    from pyarrow import compute as pc

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
