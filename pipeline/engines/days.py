"""One day: each stage loaded, called and saved, where the day's manifest says that something changed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline import files, stages, tables
from pipeline.analysis import frequency
from pipeline.engines import jobs, predicting, presenting, queries
from pipeline.engines.book import Book
from pipeline.engines.pool import Pool
from pipeline.errors import LostWorker, WorkError
from pipeline.ingest.quarantine import to_line
from pipeline.ingest.records import RAW_LIMIT
from pipeline.stages import Stage
from pipeline.store import parquet
from pipeline.store.layout import Day
from pipeline.store.manifest import read
from pipeline.text.tokenise import between_posts

Facts = dict[str, Any]
Saved = tuple[list[Path], Facts]

_ROWS = 100_000
"""Posts a row group."""

_ANSWERS = {"predictions": tables.PREDICTIONS, "shares": tables.SHARES, "evidence": tables.EVIDENCE}


class DayWork:
    """The stages of one day, by name: each loads, calls the plain function and saves."""

    def __init__(self, book: Book, day: Day, pool: Pool, *, quotes: bool = True) -> None:
        """``quotes``: whether the report may show posts."""
        self.book, self.day, self.pool, self.quotes = book, day, pool, quotes
        self.project, self.layout = book.project, book.project.layout
        self.settings = book.project.settings
        self.manifest = book.days[day]

    def run(self, stage: Stage, force: bool = False) -> bool:
        """Run a stage if it is out of date. Tells whether it ran."""
        inputs = self.book.inputs(stage, self.day)
        if not force and self.manifest.current(stage.name, inputs):
            return False
        missing = [name for name in stage.reads if name not in self.manifest.stages]
        if missing:
            raise WorkError(f"{self.day}: {stage.name} needs {', '.join(missing)}, which did not run")
        self.book.verify(inputs)
        self.manifest.begin(stage.name)
        work: Callable[[], Saved] = getattr(self, stage.name)
        outputs, facts = work()
        self.manifest.finish(stage.name, inputs, outputs, facts)
        self.book.verified.update(self.manifest.stages[stage.name].outputs)
        return True

    def run_all(self, some: Sequence[Stage], forced: str | None, *, together: bool) -> list[str]:
        """Run some stages, each when those that it reads are done; ``together`` if they may share the machine.

        With one worker they run one by one, so that a run writes in the same order each time.
        Returns the names of those that ran. Raises the error of the first that failed; what needs it is not run.
        """
        with ThreadPoolExecutor(len(some) if together and self.pool.workers > 1 else 1) as threads:
            futures: dict[str, Future[bool]] = {}

            def when_ready(stage: Stage) -> bool:
                for name in stage.reads:
                    if name in futures:
                        futures[name].result()
                ran = self.run(stage, force=stage.name == forced)
                if not together:
                    pa.default_memory_pool().release_unused()  # a large day's stage frees hundreds of megabytes
                return ran

            for stage in some:
                futures[stage.name] = threads.submit(when_ready, stage)
            wait(futures.values())
        return [name for name, future in futures.items() if future.result()]

    def partition(self, table: str) -> Path:
        """The file of one of the day's tables."""
        return self.layout.partition(table, self.day)

    def _write(self, table: str, schema: pa.Schema, chunks: Any) -> Path:
        parquet.write(self.layout.root, self.partition(table), schema, chunks)
        return self.partition(table)

    def merge(self) -> Saved:
        """Pieces to posts."""
        paths = self.layout.pieces(self.day)
        notes = [read(self.layout.file_manifest(path.stem)) for path in paths]
        self.book.verify(self.book.given.get(f"date={self.day}", {}))  # a piece that is gone is no less damage
        excluded = self.layout.exclusions(self.day)
        exclusions = parquet.read(excluded) if excluded.exists() else tables.EXCLUSIONS.empty_table()
        pieces = (parquet.read(path) for path in paths)
        posts, rows = stages.merge(pieces, exclusions, self.settings, self.pool.map)
        sources = [
            _source(note, self.day, path.stem, kept, repeated, away)
            for note, path, kept, repeated, away in zip(
                notes, paths, rows["kept"], rows["repeated"], rows["excluded"], strict=True
            )
        ]
        outputs = [self._write("posts", tables.POSTS, _slices(posts))]
        outputs += self._quarantine("merge", posts, "text", rows["lost"], "cleaning ended at this post")
        return outputs, stages.totals(posts, self.settings.zone) | {"files": sources, "lost": len(rows["lost"])}

    def tokenise(self) -> Saved:
        """Posts to tokens, in workers."""
        posts = parquet.read(self.partition("posts"), ["clean", "file", "line"])
        lexicon = self.project.lexicon
        arguments = (str(lexicon.folder), lexicon.fingerprint, self.settings.words.max_length)
        words = [0]
        cut: list[int] = []
        lost: list[int] = []

        def chunks() -> Iterator[pa.Table]:
            for results, killers in stages.tokenise(posts["clean"], jobs.analyse, arguments, self.pool.map):
                found = pa.concat_tables(result.tokens for result in results).unify_dictionaries()
                cut.extend(post for result in results for post in result.cut)
                lost.extend(killers)
                words[0] += frequency.count_words(found)
                yield from between_posts(found, parquet.ROWS)

        outputs = [self._write("tokens", tables.TOKENS, chunks())]
        outputs += self._quarantine("tokenise", posts, "clean", lost, "MeCab ended at this post")
        return outputs, {"words": words[0], "cut": len(cut), "lost": len(lost)}

    def _quarantine(self, stage: str, posts: pa.Table, text: str, lost: list[int], reason: str) -> list[Path]:
        """Keep the rows that a stage could not do, with the reason; the post itself stays in posts."""
        target = self.layout.quarantine(self.day, stage)
        entries = [
            {"file": row["file"], "line": row["line"], "reason": reason, "raw": row[text][:RAW_LIMIT]}
            for at in lost
            for row in posts.select(["file", "line", text]).slice(at, 1).to_pylist()
        ]
        if entries:
            files.write(self.layout.root, target, "".join(map(to_line, entries)).encode())
            return [target]
        files.remove(target)
        return []

    def count(self) -> Saved:
        """Tokens to counts, in workers."""
        from pipeline.analysis import frequency

        posts, tokens = self.partition("posts"), self.partition("tokens")
        groups = parquet.row_groups(tokens)
        bounds = [groups * n // self.pool.workers for n in range(self.pool.workers + 1)]
        work = [(posts, tokens, range(start, stop)) for start, stop in pairwise(bounds) if start < stop]
        counter = frequency.Counter(parquet.read(posts, frequency.OF_POSTS))
        for parts in self.pool.map(jobs.count, work):
            if isinstance(parts, LostWorker):
                raise parts
            counter.parts += parts
        found = counter.result()
        counts = self._write("counts", tables.COUNTS, [found.counts])
        authors = self._write("word_authors", tables.WORD_AUTHORS, [found.word_authors])
        return [counts, authors], {"distinct": found.counts.num_rows}

    def predict(self) -> Saved:
        """Posts to what the models in service say of them, in one of the few workers that load Keras."""
        asked = [name for name, served in self.book.models.items() if served]
        notes = [(name, "") for name, served in self.book.models.items() if not served]
        if not asked:
            for table in _ANSWERS:
                files.remove(self.partition(table))
            return [], {"tasks": {}, "notes": notes}
        lexicon, apart = self.project.lexicon, self.pool.apart
        arguments = (
            self.partition("posts"),
            predicting.Asked(
                self.layout.root,
                tuple(asked),
                lexicon.folder,
                lexicon.fingerprint,
                self.project.stop_words,
                self.settings.zone,
            ),
        )
        try:
            answers = apart.result(apart.submit(jobs.predict, *arguments), jobs.predict, *arguments)
        except LostWorker as error:
            answers = predicting.nothing([(name, str(error)) for name in asked])
        outputs = [self._write(table, schema, _slices(getattr(answers, table))) for table, schema in _ANSWERS.items()]
        return outputs, {"tasks": answers.tasks, "notes": notes + answers.notes}

    def tabulate(self) -> Saved:
        """Posts and tokens to the ranked tables, by the queries that the page shows."""
        from pipeline.reports import csv_tables

        folder, outputs, tops = self.layout.folder("tables", self.day), [], {}
        span = queries.span(self.layout, [self.day])
        with queries.database(self.layout) as database:
            for name, query in queries.of_tables(self.book.days, span).items():
                table = database.sql(query).to_arrow_table()
                outputs += [folder / f"{name}.parquet", folder / f"{name}.csv"]
                parquet.write(self.layout.root, outputs[-2], table.schema, [table])
                files.write(self.layout.root, outputs[-1], csv_tables.write(table))
                tops[name] = table["word"].slice(0, 5).to_pylist()
        return outputs, {"top": tops}

    def draw(self) -> Saved:
        """Ranked tables to word clouds, in workers."""
        folder, outputs, facts = self.layout.folder("pictures", self.day), [], {}
        work = [(name, presenting.cloud_job(self.layout, self.day, name, self.settings)) for name in presenting.CLOUDS]
        futures = [self.pool.submit(jobs.draw_cloud, *arguments) for _, arguments in work]
        for (name, arguments), future in zip(work, futures, strict=True):
            cloud = self.pool.result(future, jobs.draw_cloud, *arguments)
            for suffix, data in (("png", cloud.png), ("svg", cloud.svg.encode())):
                outputs.append(folder / f"{name}.{suffix}")
                files.write(self.layout.root, outputs[-1], data)
            facts[name] = {"no_glyph": cloud.no_glyph, "no_room": cloud.no_room}
        return outputs, facts

    def summarise(self) -> Saved:
        """Tokens to a few sentences, and their translations where the settings name a model for it."""
        arguments = (self.partition("posts"), self.partition("tokens"), self.project.stop_words, self.settings)
        summary = self.pool.result(self.pool.submit(jobs.summarise, *arguments), jobs.summarise, *arguments)
        facts: Facts = {}
        if (name := self.settings.report.gloss) and summary.num_rows:
            found = self._gloss(name, summary["text"].to_pylist())
            facts = {"gloss": found.version, "notes": [(name, note) for note in found.notes]}
            if found.sentences:
                at = summary.schema.get_field_index("gloss")
                summary = summary.set_column(at, "gloss", pa.array(found.sentences, pa.string()))
        return [self._write("summary", tables.SUMMARY, [summary])], facts

    def _gloss(self, name: str, sentences: list[str]) -> predicting.Gloss:
        if not predicting.in_service(self.layout, name):
            return predicting.Gloss([], None, [""])
        lexicon, apart = self.project.lexicon, self.pool.apart
        arguments = (sentences, self.layout.root, name, lexicon.folder, lexicon.fingerprint)
        try:
            found: predicting.Gloss = apart.result(apart.submit(jobs.gloss, *arguments), jobs.gloss, *arguments)
        except LostWorker as error:
            return predicting.Gloss([], None, [str(error)])
        return found

    def report(self) -> Saved:
        """All of the day to the page, the workbook and the JSON; the page last, as it is what a person opens."""
        from pipeline.reports import page, report_json, workbook

        day = presenting.assemble(self.project, self.book.days, self.day, self.book.failed)
        day = day if self.quotes else presenting.without_posts(day)
        folder = self.layout.folder("reports", self.day)
        pictures = [
            (folder / p.png_file, (self.layout.folder("pictures", self.day) / p.png_file).read_bytes())
            for p in day.pictures
        ]
        book = io.BytesIO()
        workbook.write(day, book, self.settings.report.language)
        made = [
            (folder / "report.xlsx", book.getvalue()),
            *pictures,
            (folder / "report.json", report_json.as_json(day, self.settings.report.rows)),
            (
                folder / "index.html",
                page.render(day, self.settings.report.language, self.settings.report.rows).encode(),
            ),
        ]
        for path, data in made:
            files.write(self.layout.root, path, data)
        return [path for path, _ in made], {}


def _source(note: dict[str, Any], day: Day, key: str, kept: int, repeated: int, excluded: dict[str, int]) -> Facts:
    """Say what became of one file's rows of a day."""
    tally = note.get("days", {}).get(str(day), {})
    skipped = dict(tally.get("skipped", {})) | excluded
    return {
        "key": key,
        "name": note.get("name", key),
        "format": ", ".join(note.get("formats", [])),
        "encoding": ", ".join(note.get("encodings", [])),
        "read": kept + repeated + tally.get("quarantined", 0) + sum(skipped.values()),
        "kept": kept,
        "repeated": repeated,
        "quarantined": tally.get("quarantined", 0),
        "skipped": skipped,
        "error": note.get("error"),
    }


def _slices(table: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, table.num_rows, _ROWS):
        yield table.slice(start, _ROWS)
