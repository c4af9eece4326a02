"""What a report needs of the store: queries, pictures, the posts behind each word; put together into its model."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa

from pipeline import __version__
from pipeline.analysis import ranking
from pipeline.analysis.ranking import Span
from pipeline.engines.project import Project
from pipeline.reports import model
from pipeline.reports.strings import texts
from pipeline.settings import Settings
from pipeline.store import parquet
from pipeline.store.layout import Day, Layout
from pipeline.store.manifest import DayManifest

CLOUDS = ("adjectives", "nouns")
"""Word clouds of a day, by name."""

_SHOWN_REJECTED = 50
_LINES = 8
"""Words whose lines over the days are drawn."""

Days = Mapping[Day, DayManifest]


@cache
def _instance(root: Path) -> Any:
    """Open DuckDB once a process: that takes longer than a small day's query."""
    import duckdb

    return duckdb.connect(config={"memory_limit": "300MB", "temp_directory": str(root / ".staging")})


@contextmanager
def database(layout: Layout) -> Iterator[Any]:
    """Connect to DuckDB so that paths in queries are relative to the store; for one thread."""
    with _instance(layout.root).cursor() as connection:
        connection.execute("SET file_search_path = $1", [str(layout.root)])
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_external_file_cache = false")  # a run replaces files that it has read
        yield connection


def before(days: Days, day: Day, stage: str) -> Day | None:
    """Tell the day before, if that stage of it is done."""
    earlier = day - dt.timedelta(days=1)
    return earlier if earlier in days and stage in days[earlier].stages else None


def queries(days: Days, day: Day) -> dict[str, str]:
    """Give the query of each of a day's tables."""
    previous = before(days, day, "tokenise")
    words = {name: ranking.words(Span([day]), pos, previous) for name, pos in ranking.WORD_TABLES.items()}
    return words | {name: ranking.items(Span([day]), name, previous) for name in ranking.ITEM_TABLES}


def cloud_job(layout: Layout, day: Day, name: str, settings: Settings) -> tuple[Any, ...]:
    """Gather the arguments of :func:`pipeline.engines.jobs.draw_cloud`."""
    table = parquet.read(
        layout.folder("tables", day) / ("adjectives.parquet" if name == "adjectives" else "nouns_adjectives.parquet"),
        ["word", "pos", "count"],
    )
    rows = [row for row in table.to_pylist() if name == "adjectives" or row["pos"] == "名詞"]
    rule, t = settings.pictures, texts(settings.report.language)
    words = [(row["word"], float(row["count"]), row["pos"]) for row in rows[: rule.words]]
    return words, rule.width, rule.height, rule.words, rule.seed, getattr(t, f"cloud_{name}"), t.empty


def assemble(project: Project, days: Days, day: Day) -> model.Day:
    """Put a day's report together from what is stored."""
    layout, settings, manifest = project.layout, project.settings, days[day]
    asked, folder = queries(days, day), layout.folder("tables", day)
    shown = tuple(
        model.Table(cast("model.TableName", name), parquet.read(folder / f"{name}.parquet"), query)
        for name, query in asked.items()
    )
    posts = parquet.read(layout.partition("posts", day), _POST_COLUMNS)
    contexts = _Contexts(posts, settings)
    with database(layout) as connection:
        contexts.words(
            shown, parquet.read(layout.partition("tokens", day), ["post", "surface", "base", "pos"]), connection, day
        )
        contexts.items(shown)
        charts = _charts(connection, days, day, shown, settings)
    previous = before(days, day, "merge")
    shown = tuple(_named(table, settings) if table.name == "emoji" else table for table in shown)
    return model.Day(
        date=day,
        timezone=settings.timezone,
        totals=_totals(manifest),
        previous=_totals(days[previous]) if previous and "tokenise" in days[previous].stages else None,
        previous_date=previous,
        tables=shown,
        posts=tuple(contexts.shown_posts()),
        contexts=contexts.places,
        surfaces=contexts.surfaces,
        pictures=tuple(_pictures(layout, manifest, settings)),
        charts=charts,
        summary=tuple(_summary(layout, day, contexts)),
        files=tuple(_file(source) for source in manifest.stages["merge"].facts["files"]),
        quarantine=tuple(_rejected(layout, day)),
        notes=tuple(_notes(manifest, settings)),
        settings=_settings(settings),
        versions=versions(),
        dictionary=project.lexicon.fingerprint,
    )


_POST_COLUMNS = [
    "post_id", "author", "created_at", "text", "is_repost", "duplicate_of", "hashtags", "emoji", "kaomoji",
]  # fmt: skip


class _Contexts:
    """Chooses for each shown word the posts to read, and keeps each chosen post once."""

    def __init__(self, posts: pa.Table, settings: Settings) -> None:
        from pipeline.analysis.frequency import originals

        self.posts, self.settings = posts, settings
        self.original = originals(posts)
        self.places: dict[str, list[int]] = {}
        self.surfaces: dict[str, list[str]] = {}
        self._index: dict[int, int] = {}

    def words(self, shown: tuple[model.Table, ...], tokens: pa.Table, connection: Any, day: Day) -> None:
        """Choose posts for the words of the word tables."""
        wanted = {
            (row.pos, row.word)
            for t in shown
            if t.name in ranking.WORD_TABLES
            for row in t.rows(self.settings.report.rows)
        }
        spellings = connection.execute(ranking.spellings(Span([day]))).fetchall()
        group = {(base, pos): (pos, word) for word, pos, base in spellings if (pos, word) in wanted}
        for (pos, word), (rows, forms) in sorted(_occurrences(tokens, group).items()):
            self._choose(f"{pos}\t{word}", rows, forms)

    def items(self, shown: tuple[model.Table, ...]) -> None:
        """Choose posts for hashtags, emoji and kaomoji."""
        for table in shown:
            if table.name in ranking.WORD_TABLES:
                continue
            wanted = {row.word.lower(): f"\t{row.word}" for row in table.rows(self.settings.report.rows)}
            found: dict[str, list[int]] = {}
            for post, things in enumerate(self.posts[table.name].to_pylist()):
                for thing in {t.lower() for t in things or ()}:
                    if thing in wanted:
                        found.setdefault(wanted[thing], []).append(post)
            for key, rows in found.items():
                self._choose(key, np.array(rows), [key.partition("\t")[2]])

    def _choose(self, key: str, rows: np.ndarray, surfaces: list[str]) -> None:
        """Take posts evenly over the day; reposts and copies only where nothing else is left."""
        limit = self.settings.report.contexts
        chosen = _evenly(rows[self.original[rows]], limit)
        again = _evenly(rows[~self.original[rows]], limit - len(chosen))
        self.places[key] = [self.index(int(row)) for row in sorted((*chosen, *again))]
        self.surfaces[key] = surfaces

    def index(self, row: int) -> int:
        """Number a post among those shown."""
        return self._index.setdefault(row, len(self._index))

    def shown_posts(self) -> Iterator[model.Post]:
        """Give the chosen posts in the order of their numbers."""
        for row in self.posts.take(pa.array(list(self._index), pa.int64())).to_pylist():
            yield _post(row, self.settings)


def _evenly(rows: np.ndarray, limit: int) -> list[int]:
    if len(rows) <= limit:
        return [int(row) for row in rows]
    return [int(rows[i * len(rows) // limit]) for i in range(limit)] if limit > 0 else []


def _occurrences(
    tokens: pa.Table, group: dict[tuple[str, str], tuple[str, str]]
) -> dict[tuple[str, str], tuple[np.ndarray, list[str]]]:
    """Find posts and surface forms of each group of (base, pos)."""
    names = sorted(set(group.values()))
    number = {name: i for i, name in enumerate(names)}
    base, pos, surface = (tokens[c].unify_dictionaries().combine_chunks() for c in ("base", "pos", "surface"))
    width = max(1, len(pos.dictionary))
    wanted = np.full(len(base.dictionary) * width, -1)
    bases = {text: i for i, text in enumerate(base.dictionary.to_pylist())}
    kinds = {text: i for i, text in enumerate(pos.dictionary.to_pylist())}
    for (text, kind), name in group.items():
        wanted[bases[text] * width + kinds[kind]] = number[name]
    of_token = (
        wanted[base.indices.to_numpy().astype(np.int64) * width + pos.indices.to_numpy()] if len(base) else wanted
    )
    hits = np.flatnonzero(of_token >= 0)
    order = hits[np.argsort(of_token[hits], kind="stable")]
    bounds = np.searchsorted(of_token[order], np.arange(len(names) + 1))
    post, form = tokens["post"].to_numpy(), surface.indices.to_numpy()
    forms = surface.dictionary
    return {
        name: (np.unique(post[order[a:b]]), sorted(forms.take(pa.array(np.unique(form[order[a:b]]))).to_pylist()))
        for name, a, b in zip(names, bounds[:-1], bounds[1:], strict=True)
    }


def _post(row: dict[str, Any], settings: Settings) -> model.Post:
    author = row["author"]
    if author and settings.privacy.authors == "hash":
        author = author[:6]
    return model.Post(row["post_id"], row["created_at"], author, row["text"], web_address(row["post_id"]))


def web_address(post_id: str) -> str | None:
    """Tell where a post can be read, as far as its id says."""
    network, _, own = post_id.partition(":")
    if network == "x" and own.isascii() and own.isdigit():
        return f"https://x.com/i/web/status/{own}"
    if network == "mastodon" and own.startswith("https://"):
        return own
    parts = own.removeprefix("at://").split("/")
    if network == "bluesky" and len(parts) == 3:
        return f"https://bsky.app/profile/{parts[0]}/post/{parts[2]}"
    return None


def _totals(manifest: DayManifest) -> model.Totals:
    merged, words = manifest.stages["merge"].facts, manifest.stages["tokenise"].facts
    sources = merged["files"]
    return model.Totals(
        posts=merged["posts"],
        authors=merged["authors"],
        reposts=merged["reposts"],
        copies=merged["copies"],
        quarantined=sum(s["quarantined"] for s in sources) + words["lost"],
        words=words["words"],
        skipped=sum(sum(s["skipped"].values()) for s in sources),
    )


def _pictures(layout: Layout, manifest: DayManifest, settings: Settings) -> Iterator[model.Picture]:
    t = texts(settings.report.language)
    for name in CLOUDS:
        facts = manifest.stages["draw"].facts[name]
        svg = (layout.folder("pictures", manifest.day) / f"{name}.svg").read_text(encoding="utf-8")
        title = getattr(t, f"cloud_{name}")
        yield model.Picture(name, title, f"{name}.png", svg, tuple(facts["no_glyph"]), tuple(facts["no_room"]))


def _charts(
    connection: Any, days: Days, day: Day, shown: tuple[model.Table, ...], settings: Settings
) -> tuple[model.Chart, ...]:
    from pipeline.pictures import charts

    t = texts(settings.report.language)
    first = max(min(days), day - dt.timedelta(days=settings.pictures.days - 1))
    first = min(first, day - dt.timedelta(days=6))  # a week at least, so that one day is not a wall
    dates = [first + dt.timedelta(days=n) for n in range((day - first).days + 1)]
    hours = days[day].stages["merge"].facts["hours"]
    per_day = [
        days[d].stages["merge"].facts["posts"] if d in days and "merge" in days[d].stages else None for d in dates
    ]
    lines = _lines(connection, days, dates, next(table for table in shown if table.name == "content_words"))
    return (
        model.Chart(
            "hours",
            t.chart_hours,
            charts.hours(hours, title=t.chart_hours, unit=t.chart_unit),
            tuple((f"{hour}", float(n)) for hour, n in enumerate(hours)),
        ),
        model.Chart(
            "days",
            t.chart_days.format(days=len(dates)),
            charts.days(dates, per_day, title=t.chart_days.format(days=len(dates)), unit=t.chart_unit),
            tuple((str(d), float(n)) for d, n in zip(dates, per_day, strict=True) if n is not None),
        ),
        model.Chart(
            "words",
            t.chart_lines.format(days=len(dates)),
            charts.lines(dates, lines, title=t.chart_lines.format(days=len(dates))),
            tuple((f"{word} {d}", float(n)) for word, values in lines for d, n in zip(dates, values, strict=True) if n),
        ),
    )


def _lines(connection: Any, days: Days, dates: list[Day], table: model.Table) -> list[tuple[str, list[int | None]]]:
    """Count the day's top words on each of the days; None where a day has no counts."""
    present = [d for d in dates if d in days and "count" in days[d].stages]
    top = [(row.word, row.pos) for row in table.rows(_LINES)]
    if not top:
        return []
    rows = connection.execute(
        ranking.history(Span(present), dates[-1]), {"words": [f"{p}\t{w}" for w, p in top]}
    ).fetchall()
    counts = {(word, dt.date.fromisoformat(d)): int(n) for word, d, n in rows}
    return [(w, [counts.get((f"{p}\t{w}", d), 0) if d in present else None for d in dates]) for w, p in top]


def _named(table: model.Table, settings: Settings) -> model.Table:
    """Put the name of each emoji where words have their reading: said aloud, and read where no font draws it."""
    import emoji

    language = settings.report.language
    names = [
        emoji.demojize(sign, language=language, delimiters=("", "")).replace("_", " ") if emoji.is_emoji(sign) else None
        for sign in table.data["word"].to_pylist()
    ]
    at = table.data.column_names.index("reading")
    return replace(table, data=table.data.set_column(at, "reading", pa.array(names, pa.string())))


def _summary(layout: Layout, day: Day, contexts: _Contexts) -> Iterator[model.Sentence]:
    for row in parquet.read(layout.partition("summary", day)).to_pylist():
        post = _post(contexts.posts.slice(row["post"], 1).to_pylist()[0], contexts.settings)
        yield model.Sentence(row["text"], post, row["share"], row["posts"])


def _file(source: dict[str, Any]) -> model.SourceFile:
    kept = {
        key: source[key] for key in ("name", "format", "encoding", "read", "kept", "repeated", "quarantined", "skipped")
    }
    return model.SourceFile(**kept)


def _rejected(layout: Layout, day: Day) -> Iterator[model.Quarantined]:
    shown = 0
    for path in sorted((layout.root / "quarantine" / f"date={day}").glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                if shown == _SHOWN_REJECTED:
                    return
                row, shown = json.loads(line), shown + 1
                yield model.Quarantined(row["file"], row["line"], row["reason"], row["raw"][:200])


def _notes(manifest: DayManifest, settings: Settings) -> Iterator[str]:
    t, facts = texts(settings.report.language), manifest.stages["tokenise"].facts
    if facts["cut"]:
        yield t.note_cut.format(posts=facts["cut"], limit=settings.words.max_length)
    if facts["lost"]:
        yield t.note_lost.format(posts=facts["lost"])
    for source in manifest.stages["merge"].facts["files"]:
        if source["error"]:
            yield t.note_damaged.format(file=source["name"], error=source["error"])


def _settings(settings: Settings) -> dict[str, str]:
    found: dict[str, str] = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{prefix}.{key}" if prefix else key, inner)
        else:
            found[prefix] = json.dumps(value, ensure_ascii=False)

    paths = {"dictionary", "stop_words", "synonyms"}  # of this machine: not for a page that may be shared
    walk("", settings.model_dump(mode="json", exclude={"inbox": True, "store": True, "words": paths}))
    return found


def versions() -> dict[str, str]:
    """Name the versions that a result depends on."""
    packages = ("fugashi", "unidic-lite", "pyarrow", "duckdb", "wordcloud", "rensa", "emoji", "regex")
    return {"hibi": __version__} | {name: version(name) for name in packages}
