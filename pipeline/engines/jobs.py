"""What workers are asked for: plain functions that load, call and return; no worker writes to the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from pipeline import stages
from pipeline.analysis.frequency import OF_POSTS, OF_TOKENS, Counted, Counter
from pipeline.ingest import collect
from pipeline.ingest.collect import Gathered
from pipeline.ingest.parts import Part, member
from pipeline.settings import Ingest, Settings
from pipeline.store import parquet
from pipeline.text.normalise import clean_table
from pipeline.text.tokenise import Analysed
from pipeline.text.tokenise import analyse as tokenise

if TYPE_CHECKING:
    from pipeline.engines.predicting import Answers, Asked, Gloss

__all__ = ["analyse", "clean_table", "count", "draw_cloud", "gather", "gloss", "predict", "summarise"]


def gather(part: Part, settings: Ingest, zone: ZoneInfo, salt: bytes | None) -> Gathered:
    """Read a part of a file."""
    return collect.gather([member(part, settings, zone)], collect.hasher(salt))


def analyse(texts: pa.Array, first_post: int, folder: str, fingerprint: str, max_length: int) -> Analysed:
    """Tokenise a run of posts."""
    return tokenise(texts.to_pylist(), first_post, folder, fingerprint, max_length)


def count(posts: Path, tokens: Path, groups: range) -> list[Counted]:
    """Count the words in some row groups of a day's tokens."""
    counter = Counter(parquet.read(posts, OF_POSTS))
    for chunk in parquet.read_chunks(tokens, OF_TOKENS, groups):
        counter.add(chunk)
    return counter.parts


def summarise(posts: Path, tokens: Path, stop_words: frozenset[str], settings: Settings) -> pa.Table:
    """Choose a day's sentences from its partitions of posts and tokens."""
    table = parquet.read(posts, ["post_id", "clean", "is_repost", "duplicate_of"])
    chunks = parquet.read_chunks(tokens, ["post", "sentence", "base", "pos", "subpos"])
    found = stages.summarise(table, chunks, stop_words, settings)
    del table, chunks
    pa.default_memory_pool().release_unused()  # of a day of a million posts, the worker would keep 130 MB
    return found


def predict(posts: Path, asked: Asked) -> Answers:
    """Let the models in service answer for a day."""
    from pipeline.engines import predicting

    return predicting.answer(posts, asked)


def gloss(sentences: list[str], store: Path, name: str, dictionary: Path, fingerprint: str) -> Gloss:
    """Let a model translate the sentences of a summary."""
    from pipeline.engines import predicting

    return predicting.gloss(sentences, store, name, dictionary, fingerprint)


def draw_cloud(
    words: list[tuple[str, float, str]], width: int, height: int, limit: int, seed: int, title: str, empty: str
) -> Any:
    """Draw one word cloud."""
    from pipeline.pictures.wordcloud import CloudWord, draw

    chosen = [CloudWord(*word) for word in words]
    return draw(chosen, width=width, height=height, limit=limit, seed=seed, title=title, empty=empty)
