"""The daily tables as SQL over the stored Parquet: the query that makes a table is the query that its page shows.

Paths are relative to the store on a page, for a person to try there, and whole in a run, which works anywhere.
Spellings are grouped by lemma and named by the day's most frequent base; proper nouns are not, as UniDic gives every
Satō one lemma. A post counts once for a group, an author once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

STOP_WORDS = "words/stop_words.parquet"
SYNONYMS = "words/synonyms.parquet"

WORD_TABLES: dict[str, tuple[str, ...]] = {
    "adjectives": ("形容詞", "形状詞"),
    "nouns_adjectives": ("名詞", "形容詞", "形状詞"),
    "content_words": ("動詞", "形容詞", "形状詞", "名詞"),
}
"""Table -> parts of speech (UniDic pos1)."""

ITEM_TABLES = ("hashtags", "emoji", "kaomoji")
"""Tables of what posts hold beside words: columns of posts."""

COLUMNS = (
    "rank",
    "word",
    "reading",
    "pos",
    "count",
    "posts",
    "authors",
    "original_count",
    "per_10000",
    "previous_rank",
)


@dataclass(frozen=True)
class Span:
    """The days that a query reads, each with its partitions present."""

    days: Sequence[dt.date]
    folder: str = ""
    """The store's folder with a slash at its end; empty for paths relative to it."""

    def on(self, day: dt.date) -> Span:
        """Give one day of the same store."""
        return Span([day], self.folder)

    def read(self, table: str, *options: str) -> str:
        """Read the partitions of a table, in SQL."""
        files = ", ".join(self._path(f"{table}/date={day}/part-0.parquet") for day in self.days)
        return f"read_parquet({', '.join((f'[{files}]', *options, *self._apart))})"

    def word_list(self, path: str) -> str:
        """Read one file of the store, in SQL."""
        return f"read_parquet({', '.join((self._path(path), *self._apart))})" if self.folder else self._path(path)

    @property
    def _apart(self) -> tuple[str, ...]:
        """Keep folders above the store that are called author=someone from being columns."""
        return ("hive_partitioning = false",) if self.folder else ()

    def _path(self, path: str) -> str:
        """Write a path in SQL, whatever signs the folder has: *, ? and [ would stand for other folders."""
        folder = "".join(f"[{sign}]" if sign in "*?[" else sign for sign in self.folder)
        return "'" + (folder + path).replace("'", "''") + "'"


def _posts(span: Span, more: str = "") -> str:
    """Name posts by day (its place in the span, the same for each table) and row."""
    return f"""post AS (
  SELECT file_index AS day, file_row_number AS post, author,
    is_repost OR duplicate_of IS NOT NULL AS again{more}
  FROM {span.read("posts", "file_row_number = true")})"""


def _is_word(span: Span) -> str:
    return f"""lower(base) NOT IN (SELECT word FROM {span.word_list(STOP_WORDS)})
    AND base SIMILAR TO '.*\\p{{L}}.*' AND (length(base) > 1 OR base SIMILAR TO '\\p{{Han}}')"""


def _words(span: Span, pos: Sequence[str], name: str = "word", which: str | None = None, more: str = "") -> str:
    kinds, synonyms = ", ".join(f"'{p}'" for p in pos), span.word_list(SYNONYMS)
    return f"""{name} AS MATERIALIZED (
  SELECT token.file_index AS day, post, base, reading, pos{more}, preferred,
    coalesce(preferred, CASE WHEN base IN (SELECT preferred FROM {synonyms}) OR subpos LIKE '固有名詞%' THEN base
                             ELSE lemma END) AS key
  FROM {span.read("tokens")} AS token LEFT JOIN {synonyms} ON variant = base
  WHERE pos IN ({kinds}) AND subpos NOT LIKE '数詞%' AND subpos NOT LIKE '助動詞語幹%'
    AND {which or _is_word(span)})"""


def _total(span: Span) -> str:
    return f"""total AS (
  SELECT count(*) AS words FROM {span.read("tokens")} WHERE pos NOT IN ('補助記号', '記号', '空白'))"""


_SUMS = """sums AS (
  SELECT key, pos, sum(n) AS count, count(*) AS posts, count(DISTINCT author) AS authors,
    coalesce(sum(n) FILTER (NOT again), 0) AS original_count
  FROM (SELECT day, key, pos, post, count(*) AS n FROM word GROUP BY ALL) JOIN post USING (day, post) GROUP BY ALL)"""

_NAMES = """name AS (
  SELECT key, pos, coalesce(any_value(preferred), first(base ORDER BY n DESC, base)) AS word,
    first(reading ORDER BY (base = preferred) IS NOT TRUE, n DESC, base) AS reading
  FROM (SELECT key, pos, any_value(preferred) OVER (PARTITION BY key, pos) AS preferred, base, n, reading
        FROM (SELECT key, pos, any_value(preferred) AS preferred, base, sum(n) AS n,
                first(reading ORDER BY reading IS NULL, n DESC, reading) AS reading
              FROM (SELECT key, pos, preferred, base, reading, count(*) AS n FROM word GROUP BY ALL)
              GROUP BY key, pos, base))
  GROUP BY key, pos)"""

_PREVIOUS = """previous AS (
  SELECT key, pos, row_number() OVER (ORDER BY count(*) DESC, key, pos) AS previous_rank
  FROM earlier GROUP BY key, pos)"""


def top_words(span: Span, pos: Sequence[str], limit: int) -> str:
    """Rank words as :func:`words` does, among those with a base in the list ``$bases`` alone: fast over many days.

    The list is one of :func:`candidates`, which tells what is a word.
    """
    among = _words(span, pos, which="base IN (SELECT unnest($bases))")
    total = _TOTAL_OF_COUNTS.format(counts=span.read("counts"))
    return _ranked([_posts(span), among, total, _SUMS, _NAMES], "pos", None, limit)


_TOTAL_OF_COUNTS = """total AS (
  SELECT sum(count) AS words FROM {counts} WHERE pos NOT IN ('補助記号', '記号', '空白'))"""


def candidates(span: Span, pos: Sequence[str], limit: int) -> str:
    """List groups of words by how often they can occur at most, from counts alone: count, bases."""
    kinds, synonyms = ", ".join(f"'{p}'" for p in pos), span.word_list(SYNONYMS)
    return f"""SELECT sum(count)::BIGINT AS count, list(DISTINCT base) AS bases
FROM (SELECT base, pos, count, coalesce(preferred, CASE WHEN base IN (SELECT preferred FROM {synonyms}) THEN base
                                                        ELSE lemma END) AS key
      FROM (SELECT base, lemma, pos, sum(count) AS count FROM {span.read("counts")}
            WHERE pos IN ({kinds}) GROUP BY ALL)
      LEFT JOIN {synonyms} ON variant = base
      WHERE {_is_word(span)})
GROUP BY key, pos ORDER BY count DESC, key, pos LIMIT {limit}"""


def words(span: Span, pos: Sequence[str], previous: dt.date | None, limit: int | None = None) -> str:
    """Rank the words of some parts of speech over a span; ``previous`` is the day whose ranks stand beside."""
    parts = [_posts(span), _words(span, pos), _total(span), _SUMS, _NAMES]
    if previous is not None:
        parts += [_words(span.on(previous), pos, "earlier"), _PREVIOUS]
    return _ranked(parts, "pos", previous, limit)


def items(span: Span, column: str, previous: dt.date | None, limit: int | None = None) -> str:
    """Rank what a list column of posts holds (hashtags, emoji, kaomoji); hashtags whatever their case."""
    parts = [
        _posts(span, f", {column} AS items"),
        _items("word", "post", column),
        _total(span),
        _SUMS,
        _NAMES,
    ]
    if previous is not None:
        parts += [f"past AS (SELECT {column} AS items FROM {span.on(previous).read('posts')})"]
        parts += [_items("earlier", "past", column), _PREVIOUS]
    return _ranked(parts, "NULL::VARCHAR AS pos", previous, limit)


def _items(name: str, source: str, column: str) -> str:
    place = "day, post, " if source == "post" else ""
    key = "lower(base)" if column == "hashtags" else "base"
    return f"""{name} AS (
  SELECT {place}base, NULL::VARCHAR AS reading, '{column}' AS pos, NULL::VARCHAR AS preferred, {key} AS key
  FROM (SELECT {place}unnest(items) AS base FROM {source}))"""


def _ranked(parts: Sequence[str], pos: str, previous: dt.date | None, limit: int | None) -> str:
    beside, rank = ("", "NULL::BIGINT AS previous_rank")
    if previous is not None:
        beside, rank = " LEFT JOIN previous USING (key, pos)", "previous_rank"
    return (
        "WITH "
        + ",\n".join(parts)
        + f"\nSELECT row_number() OVER (ORDER BY count DESC, key, pos) AS rank, word, reading, {pos},"
        f" count::BIGINT AS count, posts, authors, original_count::BIGINT AS original_count,\n"
        f"  round(10000 * count / (SELECT greatest(words, 1) FROM total), 2) AS per_10000, {rank}\n"
        f"FROM sums JOIN name USING (key, pos){beside} ORDER BY rank" + (f" LIMIT {limit}" if limit is not None else "")
    )


def spellings(span: Span) -> str:
    """List the spellings of each group of the content words: word, pos, base."""
    return _spellings(span)


def _spellings(span: Span, more: str = "") -> str:
    parts = [_words(span, WORD_TABLES["content_words"], more=more), _NAMES]
    chosen = f"SELECT DISTINCT name.word, pos, base{more} FROM word JOIN name USING (key, pos)"
    return "WITH " + ",\n".join(parts) + "\n" + chosen


def history(span: Span, today: dt.date) -> str:
    """Count some of today's words on each day, in all their spellings of today: word, day, count.

    The parameter ``words`` lists them as ``pos TAB word``. What is written alike but has another lemma (いる: 居る,
    要る) is told apart. Of the other days reads counts alone, so that a month costs little.
    """
    return f"""WITH spelling AS ({_spellings(span.on(today), ", lemma")})
SELECT spelling.pos || chr(9) || spelling.word AS word, filename.split('date=')[-1][:10] AS day, sum(count)::BIGINT
FROM {span.read("counts", "filename = true")} AS counts JOIN spelling USING (base, lemma, pos)
WHERE spelling.pos || chr(9) || spelling.word IN (SELECT unnest($words)) GROUP BY ALL"""
