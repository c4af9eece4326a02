"""The stages of a day: what each is called, what it reads, and the plain function that does it.

No IO and no processes here: an engine loads, calls and saves, and gives a ``Mapper`` to spread work with.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from pipeline import spreading, tables
from pipeline.settings import Settings
from pipeline.spreading import Mapper

if TYPE_CHECKING:
    from pipeline.models.daily import Task
    from pipeline.models.evidence import Ask, Spoken

Day = dt.date


@dataclass(frozen=True)
class Stage:
    """A step of a day. Its outputs are current while inputs, settings and versions are those of its manifest."""

    name: str
    version: int
    """Raised when the same inputs give other outputs."""
    reads: tuple[str, ...]
    """Stages of the same day whose outputs it reads."""
    reads_before: tuple[tuple[str, int], ...] = ()
    """(stage, n): that stage's outputs of the n days before, at least: see :func:`looks_back`."""
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
    Stage("predict", 1, ("merge",), settings=("timezone",)),
    Stage("tabulate", 1, ("merge", "tokenise"), (("merge", 1), ("tokenise", 1)), lists=True),
    Stage("draw", 1, ("tabulate",), settings=("pictures", "report.language")),
    Stage("summarise", 2, ("merge", "tokenise"), settings=("summary",), lists=True),
    Stage(
        "report",
        1,
        ("merge", "tokenise", "count", "predict", "tabulate", "draw", "summarise"),
        (("count", 27), ("merge", 27), ("predict", 27)),
        ("report", "pictures.days", "timezone", "privacy.authors", "privacy.mask", "titles"),
        lists=True,
    ),
)
"""In the order that they run."""

ANALYSE, PRESENT = STAGES[:4], STAGES[4:]
"""What needs its own day alone, and what also looks at days before: those must be analysed first."""


def looks_back(stage: Stage, settings: Settings) -> tuple[tuple[str, int], ...]:
    """Tell of a stage (stage, n): that stage's outputs of the n days before; a report's charts may show more days."""
    charts = settings.pictures.days - 1 if stage.name == "report" else 0
    return tuple((name, max(before, charts)) for name, before in stage.reads_before)


def setting(settings: Settings, key: str) -> Any:
    """Look a dotted key up."""
    value: Any = settings
    for part in key.split("."):
        value = getattr(value, part)
    return value.model_dump_json() if hasattr(value, "model_dump_json") else value


# merge


def merge(
    pieces: Iterable[pa.Table], exclusions: pa.Table, settings: Settings, spread: Mapper
) -> tuple[pa.Table, dict[str, Any]]:
    """Make the posts of a day: one row a post, cleaned, copies marked.

    Returns them, and facts: counts of each piece's rows, and the rows of posts that could not be cleaned.
    """
    from pyarrow import compute as pc

    from pipeline.ingest.merge import merge as one_row_a_post

    merged = one_row_a_post(pieces, exclusions)
    posts = merged.posts
    cleaned, lost = _cleaned(posts["text"], spread)
    first = first_copies(cleaned["clean"], posts, settings)
    found = {
        **{name: posts[name] for name in posts.column_names},
        **{name: cleaned[name] for name in ("clean", "mentions", "emoji", "kaomoji")},
        **{name: pc.coalesce(posts[name], cleaned[name]) for name in ("urls", "hashtags")},
        "duplicate_of": posts["post_id"].take(pa.array(first, mask=first < 0)),
    }
    facts = {"kept": merged.kept, "repeated": merged.repeated, "excluded": merged.excluded, "lost": lost}
    return pa.table([found[name] for name in tables.POSTS.names], schema=tables.POSTS), facts


def _cleaned(texts: pa.ChunkedArray, spread: Mapper) -> tuple[pa.Table, list[int]]:
    """Clean texts, a row each; and say which were given up, their rows as of an empty text."""
    from pipeline.text.normalise import clean_table

    tables, lost = [clean_table(pa.array([], pa.string()))], []
    for some, killers in spreading.each_run(texts, clean_table, lambda run, _: (run,), spread):
        tables += some
        lost += killers
    return pa.concat_tables(tables), lost


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
) -> Iterator[tuple[list[Any], list[int]]]:
    """Analyse posts in chunks. Yields (what the job gave, in order; posts given up, analysed as if empty).

    ``job(texts, first post, *arguments)`` runs in a worker.
    """
    return spreading.each_run(clean, job, lambda texts, first: (texts, first, *arguments), spread)


# predict


class Answered(NamedTuple):
    """What a model says of a day."""

    predictions: pa.Table
    shares: pa.Table
    evidence: pa.Table
    facts: dict[str, Any]
    """``version``, ``kind`` (labels, next), ``posts``: those asked; of labels, too, ``labels``, ``measured``: whether
    the model's mistakes are known, so that shares can be told, and ``unsure``: posts without a sure answer."""


Words = Callable[[list[str]], list[list[tuple[str, str]]]]
"""Clean texts -> of each its words that may be left out: (word, form in the text)."""

_READ = 2_000
"""Posts of a day that a language model reads, evenly over the day: each costs as much as a hundred answers."""


def predict(posts: pa.Table, task: Task, ask: Ask, words: Words, zone: ZoneInfo) -> Answered:
    """Answer a task for a day's posts; ``ask`` gives probabilities of texts, float (n, labels).

    Posts without anything to read have no answer. Shares and evidence are of posts that are neither repost nor copy.
    """
    from pipeline.analysis import frequency
    from pipeline.models import daily, evidence

    posts = posts.filter(_readable(posts))
    texts = posts["text"].combine_chunks().dictionary_encode()
    probabilities = ask(texts.dictionary.to_pylist())[texts.indices.to_numpy()]
    predictions = daily.predictions(task, posts["post_id"].to_pylist(), probabilities)
    kept = np.flatnonzero(frequency.originals(posts))
    asked, own = posts.take(pa.array(kept)), probabilities[kept]
    sampled = evidence.sample(own, task.several)
    spoken = _spoken(asked.take(pa.array(sampled)), words)
    found = [
        evidence.words(task, spoken, ask),
        evidence.posts(task, asked["post_id"].to_pylist(), asked["text"].to_pylist(), own),
    ]
    vague = daily.unsure(task, own)
    facts = {
        "version": task.version,
        "kind": "labels",
        "labels": task.labels,
        "measured": task.confusion is not None,
        "posts": len(kept),
        "unsure": int(vague.sum()),
    }
    shares = daily.shares_of_day(task, own, _hours(asked["created_at"], zone))
    return Answered(predictions, shares, pa.concat_tables(found), facts)


def surprise(posts: pa.Table, task: Task, perplexities: Callable[[list[str]], np.ndarray]) -> Answered:
    """Let a language model tell which posts of a day it expects most and least."""
    from pipeline.analysis import frequency
    from pipeline.models import evidence

    posts = posts.filter(_readable(posts))
    asked = posts.take(pa.array(np.flatnonzero(frequency.originals(posts))))
    asked = asked.take(pa.array(evidence.evenly(asked.num_rows, _READ)))
    texts = asked["text"].to_pylist()
    found = evidence.of_language(task, asked["post_id"].to_pylist(), texts, perplexities(texts))
    facts = {"version": task.version, "kind": "next", "posts": len(texts)}
    return Answered(tables.PREDICTIONS.empty_table(), tables.SHARES.empty_table(), found, facts)


def _readable(posts: pa.Table) -> pa.ChunkedArray:
    from pyarrow import compute as pc

    signs = pc.add(pc.list_value_length(posts["emoji"]), pc.list_value_length(posts["kaomoji"]))
    return pc.or_(pc.not_equal(posts["clean"], ""), pc.greater(signs, 0))


def _hours(times: pa.ChunkedArray, zone: ZoneInfo) -> np.ndarray:
    """Tell the hour in the zone of each time; int (n,)."""
    return np.fromiter((time.astimezone(zone).hour for time in times.to_pylist()), np.int64, len(times))


def _spoken(posts: pa.Table, words: Words) -> list[Spoken]:
    """Give each post's words, emoji and emoticons as they stand in its text."""
    from pipeline.models.evidence import Spoken

    rows = posts.select(["text", "clean", "emoji", "kaomoji"]).to_pylist()
    found = words([row["clean"] for row in rows])
    return [Spoken(row["text"], some, [*row["emoji"], *row["kaomoji"]]) for row, some in zip(rows, found, strict=True)]


# summarise


def summarise(posts: pa.Table, tokens: Iterable[pa.Table], stop_words: frozenset[str], settings: Settings) -> pa.Table:
    """Choose a day's sentences; rows of the summary table."""
    from pipeline.analysis import candidates
    from pipeline.analysis.summary import summarise as choose

    rule = settings.summary
    found = choose(
        candidates.sentences(posts, tokens, stop_words),
        posts=posts.num_rows,
        wanted=rule.sentences,
        diversity=rule.diversity,
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
            "gloss": None,
        }
        for rank, one in enumerate(found, 1)
    ]
    return pa.Table.from_pylist(rows, tables.SUMMARY)


def _sentence(clean: str, number: int) -> str:
    from pipeline.text import sentences

    bounds = [*sentences.starts(clean), len(clean)]
    return clean[bounds[number] : bounds[number + 1]].strip()
