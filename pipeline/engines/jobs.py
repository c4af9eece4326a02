"""What workers are asked for: plain functions that load, call and return; no worker writes to the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline import stages
from pipeline.settings import Settings
from pipeline.store import parquet
from pipeline.text.normalise import clean_table
from pipeline.text.tokenise import analyse

__all__ = ["analyse", "clean_table", "draw_cloud", "summarise"]


def summarise(posts: Path, tokens: Path, stop_words: frozenset[str], settings: Settings) -> pa.Table:
    """Choose a day's sentences from its partitions of posts and tokens."""
    table = parquet.read(posts, ["post_id", "clean", "is_repost", "duplicate_of"])
    chunks = parquet.read_chunks(tokens, ["post", "sentence", "base", "pos", "subpos"])
    return stages.summarise(table, chunks, stop_words, settings)


def draw_cloud(
    words: list[tuple[str, float, str]], width: int, height: int, limit: int, seed: int, title: str, empty: str
) -> Any:
    """Draw one word cloud."""
    from pipeline.pictures.wordcloud import CloudWord, draw

    chosen = [CloudWord(*word) for word in words]
    return draw(chosen, width=width, height=height, limit=limit, seed=seed, title=title, empty=empty)
