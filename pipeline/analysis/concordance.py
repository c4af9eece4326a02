"""Keyword in context, and a word's course over days: SQL over the stored Parquet, paths relative to the store.

A word is found by its base, its lemma or its surface; a string that is no token of these days by its characters.
"""

from __future__ import annotations

from pipeline.analysis.ranking import Span


def as_tokens(span: Span) -> str:
    """Find posts with the token ``$word``: day, post (row of posts), surface."""
    return f"""SELECT DISTINCT filename.split('=')[2][:10] AS day, post, first(surface ORDER BY position) AS surface
FROM read_parquet({span.files("tokens")}, filename = true)
WHERE base = $word OR lemma = $word OR surface = $word GROUP BY ALL ORDER BY day DESC, post LIMIT $top"""


def as_text(span: Span) -> str:
    """Find posts whose clean text holds ``$word``: day, post, surface."""
    return f"""SELECT filename.split('=')[2][:10] AS day, file_row_number AS post, $word AS surface
FROM read_parquet({span.files("posts")}, filename = true, file_row_number = true)
WHERE contains(clean, $word) ORDER BY day DESC, post LIMIT $top"""


def posts(span: Span) -> str:
    """Read posts by day and row (lists ``$days``, ``$rows``): day, post, post_id, created_at, clean."""
    return f"""WITH wanted AS (SELECT unnest($days) AS day, unnest($rows) AS post)
SELECT day, post, post_id, created_at, clean
FROM (SELECT *, filename.split('=')[2][:10] AS day, file_row_number AS post
      FROM read_parquet({span.files("posts")}, filename = true, file_row_number = true))
JOIN wanted USING (day, post)"""


def trend(span: Span) -> str:
    """Count the words ``$words`` on each day: day, word, count, posts at least, share per 10,000 tokens."""
    return f"""WITH token AS (
  SELECT filename.split('=')[2][:10] AS day, base, lemma, pos, count, posts
  FROM read_parquet({span.files("counts")}, filename = true)),
total AS (SELECT day, sum(count) AS words FROM token WHERE pos NOT IN ('補助記号', '記号', '空白') GROUP BY ALL),
hit AS (SELECT day, word, sum(count) AS count, max(posts) AS posts FROM token, (SELECT unnest($words) AS word)
        WHERE base = word OR lemma = word GROUP BY ALL)
SELECT total.day, word, coalesce(count, 0)::BIGINT AS count, round(10000 * coalesce(count, 0) / words, 2) AS per_10000
FROM total CROSS JOIN (SELECT unnest($words) AS word) LEFT JOIN hit USING (day, word) ORDER BY day, word"""
