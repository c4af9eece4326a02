"""A day's report put together from what is stored: tables, charts, pictures, notes and the posts behind each word."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from pipeline import __version__
from pipeline.analysis import ranking
from pipeline.analysis.ranking import Span
from pipeline.engines import absences, contexts, learned, queries, showing
from pipeline.engines.contexts import Contexts
from pipeline.engines.project import Project
from pipeline.engines.queries import Days
from pipeline.errors import StoreDamaged
from pipeline.reports import model
from pipeline.reports.strings import texts
from pipeline.settings import Settings
from pipeline.store import parquet
from pipeline.store.layout import Day, Layout
from pipeline.store.manifest import DayManifest
from pipeline.text import masking

CLOUDS = ("adjectives", "nouns")
"""Word clouds of a day, by name."""

_SHOWN_REJECTED = 50
_REJECTING = ("merge", "tokenise")
"""Stages that give posts up, by the names of their files in quarantine."""
_LINES = 8
"""Words whose lines over the days are drawn."""


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


def assemble(project: Project, days: Days, day: Day, failed: Mapping[Day, str]) -> model.Day:
    """Put a day's report together from what is stored; ``failed`` tells why the last run of a day failed."""
    layout, settings, manifest = project.layout, project.settings, days[day]
    asked, folder = queries.of_tables(days, Span([day])), layout.folder("tables", day)
    shown = tuple(
        model.Table(cast("model.TableName", name), parquet.read(folder / f"{name}.parquet"), query)
        for name, query in asked.items()
    )
    tokens = parquet.read_chunks(layout.partition("tokens", day), ["post", "surface", "base", "pos"])
    chosen = Contexts(parquet.read(layout.partition("posts", day), contexts.COLUMNS), settings)
    with queries.database(layout) as connection:
        spellings = ranking.spellings(queries.span(layout, [day]))
        chosen.words(shown, tokens, connection.execute(spellings).fetchall())
        chosen.items(shown)
        charts = _charts(connection, layout, days, day, shown, settings)
        reader = learned.Reader(connection, layout, days, day, settings)
        read = tuple(reader.all(_named_posts(layout, day, reader.wanted(), settings)))
    previous = queries.before(days, day, "merge")
    posts = parquet.read(layout.partition("posts", day), ["post_id", "author", "created_at", "text"])
    summary = tuple(_summary(layout, manifest, posts, settings))
    shown = tuple(_named(table, settings) if table.name == "emoji" else table for table in shown)
    return model.Day(
        date=day,
        timezone=settings.timezone,
        totals=_totals(manifest),
        previous=_totals(days[previous]) if previous and "tokenise" in days[previous].stages else None,
        previous_date=previous,
        tables=shown,
        posts=tuple(showing.post(row, settings) for row in posts.take(pa.array(chosen.rows, pa.int64())).to_pylist()),
        contexts=chosen.places,
        surfaces=chosen.surfaces,
        pictures=tuple(_pictures(layout, manifest, settings)),
        charts=charts,
        summary=summary,
        learned=read,
        files=tuple(_file(source) for source in manifest.stages["merge"].facts["files"]),
        quarantine=tuple(_rejected(layout, manifest, settings)),
        notes=(
            *absences.notes(days, failed, day, settings.report.language),
            *_notes(manifest, settings),
            *reader.notes(),
        ),
        settings=_settings(settings),
        versions=versions(),
        dictionary=project.lexicon.fingerprint,
    )


def without_posts(day: model.Day) -> model.Day:
    """Leave out of a report what people wrote, but for single words."""
    learned = tuple(replace(one, typical=(), surprising=()) for one in day.learned)
    return replace(day, posts=(), contexts={}, surfaces={}, summary=(), quarantine=(), learned=learned)


def _named_posts(layout: Layout, day: Day, wanted: list[str], settings: Settings) -> dict[str, model.Post]:
    """Read some posts of the day by their ids."""
    from pyarrow import compute as pc

    if not wanted:
        return {}
    posts = parquet.read(layout.partition("posts", day), ["post_id", "author", "created_at", "text"])
    rows = posts.filter(pc.is_in(posts["post_id"], pa.array(wanted, pa.string()))).to_pylist()
    return {row["post_id"]: showing.post(row, settings) for row in rows}


def _totals(manifest: DayManifest) -> model.Totals:
    merged, words = manifest.stages["merge"].facts, manifest.stages["tokenise"].facts
    sources = merged["files"]
    return model.Totals(
        posts=merged["posts"],
        authors=merged["authors"],
        reposts=merged["reposts"],
        copies=merged["copies"],
        quarantined=sum(s["quarantined"] for s in sources) + merged.get("lost", 0) + words["lost"],
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
    connection: Any, layout: Layout, days: Days, day: Day, shown: tuple[model.Table, ...], settings: Settings
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
    top = next(table for table in shown if table.name == "content_words")
    lines = _lines(connection, layout, days, dates, top)
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


def _lines(
    connection: Any, layout: Layout, days: Days, dates: list[Day], table: model.Table
) -> list[tuple[str, list[int | None]]]:
    """Count the day's top words on each of the days; None where a day has no counts."""
    present = [d for d in dates if d in days and "count" in days[d].stages]
    top = [(row.word, row.pos) for row in table.rows(_LINES)]
    if not top:
        return []
    query = ranking.history(queries.span(layout, present), dates[-1])
    rows = connection.execute(query, {"words": [f"{p}\t{w}" for w, p in top]}).fetchall()
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


def _summary(layout: Layout, manifest: DayManifest, posts: pa.Table, settings: Settings) -> Iterator[model.Sentence]:
    translator = manifest.stages["summarise"].facts.get("gloss")
    for row in parquet.read(layout.partition("summary", manifest.day)).to_pylist():
        post = showing.post(posts.slice(row["post"], 1).to_pylist()[0], settings)
        gloss = row.get("gloss")
        shown = showing.said(row["text"], settings), gloss and showing.said(gloss, settings)
        yield model.Sentence(shown[0], post, row["share"], row["posts"], shown[1], translator)


def _file(source: dict[str, Any]) -> model.SourceFile:
    kept = {
        key: source[key] for key in ("name", "format", "encoding", "read", "kept", "repeated", "quarantined", "skipped")
    }
    return model.SourceFile(**kept)


def _rejected(layout: Layout, manifest: DayManifest, settings: Settings) -> Iterator[model.Quarantined]:
    """Show the first rows that were rejected, of the files that gave the day its posts and of its stages."""
    cover = masking.mask_raw if settings.privacy.mask else str
    keys = sorted([*_REJECTING, *(source["key"] for source in manifest.stages["merge"].facts["files"])])
    rows = _rows(layout.quarantine(manifest.day, key) for key in keys)
    for row in islice(rows, _SHOWN_REJECTED):
        yield model.Quarantined(row["file"], row["line"], row["reason"], cover(row["raw"])[:200])


def _rows(paths: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """Read lines of JSON, as far as they are asked for. Raises StoreDamaged."""
    for path in paths:
        if path.exists():
            with path.open(encoding="utf-8") as lines:
                try:
                    yield from map(json.loads, lines)
                except ValueError as error:
                    raise StoreDamaged(path, error) from error


def _notes(manifest: DayManifest, settings: Settings) -> Iterator[str]:
    t, merged, facts = texts(settings.report.language), *(manifest.stages[s].facts for s in ("merge", "tokenise"))
    if facts["cut"]:
        yield t.note_cut.format(posts=facts["cut"], limit=settings.words.max_length)
    if lost := facts["lost"] + merged.get("lost", 0):
        yield t.note_lost.format(posts=lost)
    for name, reason in manifest.stages["summarise"].facts.get("notes", []):
        yield t.note_model.format(model=name, reason=reason) if reason else t.note_no_model.format(model=name)
    for source in merged["files"]:
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
    models = {"__all__": {"gold", "recipe", "names"}}
    hidden: Any = {
        "inbox": True,
        "store": True,
        "monitoring": True,
        "privacy": {"keep_days"},  # no report is made again for it
        "words": paths,
        "models": models,
    }
    walk("", settings.model_dump(mode="json", exclude=hidden))
    return found


def versions() -> dict[str, str]:
    """Name the versions that a result depends on."""
    packages = ("fugashi", "unidic-lite", "pyarrow", "duckdb", "wordcloud", "rensa", "emoji", "regex")
    return {"hibi": __version__} | {name: version(name) for name in packages}
