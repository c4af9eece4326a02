"""Keyword in context, and a word's course over days: SQL over the stored Parquet.

A word is found by its base, its lemma or its surface; a string that is no token of these days by its characters.
"""

from __future__ import annotations

from pipeline.analysis.ranking import Span


def as_tokens(span: Span) -> str:
    """Find posts with the token ``$word``: day, post (row of posts), surface, position of the first."""
    return f"""SELECT filename.split('date=')[-1][:10] AS day, post, first(surface ORDER BY position) AS surface,
  min(position) AS position
FROM {span.read("tokens", "filename = true")}
WHERE base = $word OR lemma = $word OR surface = $word GROUP BY ALL ORDER BY day DESC, post LIMIT $top"""


def as_text(span: Span) -> str:
    """Find posts whose clean text holds ``$word``: day, post, surface."""
    return f"""SELECT filename.split('date=')[-1][:10] AS day, file_row_number AS post, $word AS surface
FROM {span.read("posts", "filename = true", "file_row_number = true")}
WHERE contains(clean, $word) ORDER BY day DESC, post LIMIT $top"""


def surfaces_before(span: Span) -> str:
    """List what stands before tokens, given as lists ``$days``, ``$rows``, ``$positions``: day, post, surfaces."""
    return f"""WITH wanted AS (SELECT unnest($days) AS day, unnest($rows) AS post, unnest($positions) AS upto)
SELECT day, post, list(surface ORDER BY position) AS surfaces
FROM (SELECT filename.split('date=')[-1][:10] AS day, post, position, surface
      FROM {span.read("tokens", "filename = true")})
JOIN wanted USING (day, post) WHERE position < upto GROUP BY ALL"""


def posts(span: Span) -> str:
    """Read posts by day and row (lists ``$days``, ``$rows``): day, post, post_id, created_at (µs of 1970), clean."""
    return f"""WITH wanted AS (SELECT unnest($days) AS day, unnest($rows) AS post)
SELECT day, post, post_id, epoch_us(created_at) AS created_at, clean
FROM (SELECT *, filename.split('date=')[-1][:10] AS day, file_row_number AS post
      FROM {span.read("posts", "filename = true", "file_row_number = true")})
JOIN wanted USING (day, post)"""


def trend(span: Span) -> str:
    """Count the words ``$words`` on each day: day, word, count, share per 10,000 words."""
    return f"""WITH token AS (
  SELECT filename.split('date=')[-1][:10] AS day, base, lemma, pos, count
  FROM {span.read("counts", "filename = true")}),
total AS (SELECT unnest([{", ".join(f"'{day}'" for day in span.days)}]) AS day),
size AS (SELECT day, sum(count) AS words FROM token WHERE pos NOT IN ('補助記号', '記号', '空白') GROUP BY ALL),
asked AS (SELECT DISTINCT unnest($words) AS word),
hit AS (SELECT day, word, sum(count) AS count FROM token, asked WHERE base = word OR lemma = word GROUP BY ALL)
SELECT day, word, coalesce(count, 0)::BIGINT AS count,
  coalesce(round(10000 * count / words, 2), 0) AS per_10000
FROM total CROSS JOIN asked LEFT JOIN size USING (day) LEFT JOIN hit USING (day, word) ORDER BY day, word"""
