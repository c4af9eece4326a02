"""What the models said of a day, put together for its report from the stored tables by queries that the page shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.analysis.ranking import Span
from pipeline.engines import queries
from pipeline.engines.queries import Days
from pipeline.pictures import portions
from pipeline.pictures.axes import short_date, step
from pipeline.pictures.portions import Portion
from pipeline.reports import model
from pipeline.reports.strings import task_title, texts
from pipeline.settings import Settings, Task
from pipeline.store.layout import Day, Layout

Row = tuple[Any, ...]
Rows = list[Row]

_LINES = 8
"""Labels, the most frequent of the day, whose shares are drawn over the days."""


def shares(span: Span, task: str) -> str:
    """Ask for each label's share of a day: label, posts, answers, share, low, high, best first."""
    return f"""SELECT label, posts, answers, share, low, high FROM {span.read("shares")}
WHERE task = '{task}' AND hour IS NULL ORDER BY share DESC, answers DESC, label"""


def hours(span: Span, task: str) -> str:
    """Ask for the same of each hour: hour, and as :func:`shares`."""
    return f"""SELECT hour, label, posts, answers, share, low, high FROM {span.read("shares")}
WHERE task = '{task}' AND hour IS NOT NULL ORDER BY hour, label"""


def days(span: Span, task: str) -> str:
    """Ask for the same of each day of a span: date, and as :func:`shares`, then the model's version."""
    return f"""SELECT filename.split('date=')[-1][:10]::DATE AS date, label, posts, answers, share, low, high,
  model_version
FROM {span.read("shares", "filename = true")} WHERE task = '{task}' AND hour IS NULL ORDER BY date, label"""


def answers(span: Span, task: str) -> str:
    """Count the answers that shares start from: label, answers."""
    return f"""SELECT label, count(*) AS answers
FROM {span.read("predictions")} AS said JOIN {span.read("posts")} AS post USING (post_id)
WHERE task = '{task}' AND NOT is_repost AND duplicate_of IS NULL GROUP BY label ORDER BY answers DESC, label"""


def evidence(span: Span, task: str) -> str:
    """Ask for words and posts: kind, label, word, post_id, value, posts, in their order."""
    return f"""SELECT kind, label, word, post_id, value, posts FROM {span.read("evidence")}
WHERE task = '{task}' ORDER BY kind, label, rank"""


class Reader:
    """Asks the store what the models said of a day."""

    def __init__(self, connection: Any, layout: Layout, manifests: Days, day: Day, settings: Settings) -> None:
        self.connection, self.layout, self.manifests = connection, layout, manifests
        self.day, self.settings = day, settings
        self.t = texts(settings.report.language)
        entry = manifests[day].stages.get("predict")
        self.facts: Mapping[str, Any] = entry.facts if entry else {}

    def all(self, posts: Mapping[str, model.Post]) -> Iterator[model.Learned]:
        """Give what each model said; ``posts`` are those that :meth:`wanted` names."""
        for task in self.settings.models:
            if task.name in self.facts.get("tasks", {}):
                yield self._one(task, self.facts["tasks"][task.name], posts)

    def wanted(self) -> list[str]:
        """Name the posts that are shown as typical or surprising."""
        if not self.facts.get("tasks"):
            return []
        query = f"SELECT DISTINCT post_id FROM {self._span().read('evidence')} WHERE post_id IS NOT NULL ORDER BY 1"
        return [row[0] for row in self._ask(query)]

    def notes(self) -> Iterator[str]:
        """Say which models could not answer, or not in the version chosen."""
        titles = {
            task.name: task_title(task.name, task.title, self.settings.report.language) for task in self.settings.models
        }
        for name, reason in self.facts.get("notes", []):
            title = titles.get(name, name)
            yield (
                self.t.note_model.format(model=title, reason=reason)
                if reason
                else self.t.note_no_model.format(model=title)
            )

    def _one(self, task: Task, facts: Mapping[str, Any], posts: Mapping[str, model.Post]) -> model.Learned:
        name, span = task.name, self._span()
        rows: dict[str, list[Row]] = {"word": [], "typical": [], "surprising": []}
        for kind, *row in self._ask(evidence(span, name)):
            rows[kind].append(tuple(row))
        found = tuple(model.Share(*row) for row in self._ask(shares(span, name)))
        by_hour = tuple((hour, model.Share(*row)) for hour, *row in self._ask(hours(span, name)))
        by_day = self._ask(days(self._span(self._dates("predict")), name)) if found else []
        daily = tuple((date, model.Share(*row)) for date, *row, _ in by_day)
        order = [share.label for share in found] or facts.get("labels", [])
        clues = {
            label: tuple(model.Clue(word, value, n) for of, word, _, value, n in rows["word"] if of == label)
            for label in order
        }
        return model.Learned(
            task=name,
            title=task_title(name, task.title, self.settings.report.language),
            version=facts["version"],
            language=facts["kind"] == "next",
            posts=facts["posts"],
            unsure=facts.get("unsure", 0),
            measured=facts.get("measured", True),
            names={label: self._name(task, label) for label in facts.get("labels", [])},
            shares=found,
            hours=by_hour,
            days=daily,
            charts=tuple(self._charts(task, found, by_hour, daily)),
            clues={label: some for label, some in clues.items() if some},
            typical=_examples(rows["typical"], posts, order),
            surprising=_examples(rows["surprising"], posts, []),
            queries=_queries(self.day, name, facts["kind"] == "next"),
            versions=tuple(sorted({row[-1] for row in by_day} - {facts["version"]})),
        )

    def _charts(
        self,
        task: Task,
        found: Sequence[model.Share],
        by_hour: Sequence[tuple[int, model.Share]],
        by_day: Sequence[tuple[dt.date, model.Share]],
    ) -> Iterator[model.Chart]:
        """Draw the day; and few labels by the hour and over the days, in the order of their shares."""
        if not found:
            return
        title = task_title(task.name, task.title, self.settings.report.language)
        name = {share.label: self._name(task, share.label) for share in found}
        heading = self.t.chart_shares.format(name=title)
        drawn = portions.bars([(name[s.label], _portion(s)) for s in found], title=heading)
        yield model.Chart("shares", heading, drawn)
        if by_hour:
            heading, hours = self.t.chart_by_hour.format(name=title), list(range(24))
            series = _called(_series(by_hour, hours, list(name)), name)
            drawn = portions.bands([str(hour) for hour in hours], series, title=heading, every=3)
            yield model.Chart("hours", heading, drawn, _values(hours, series))
        dates = self._dates_shown()
        heading = self.t.chart_by_day.format(name=title, days=len(dates))
        series = _called(_series(by_day, dates, list(name)[:_LINES]), name)
        drawn = portions.bands(
            [short_date(date) for date in dates],
            series,
            title=heading,
            every=step(len(dates)),
            today=True,
        )
        yield model.Chart("days", heading, drawn, _values(dates, series))

    def _name(self, task: Task, label: str) -> str:
        return task.names.get(label) or str(getattr(self.t, f"named_{label}", label))

    def _dates_shown(self) -> list[Day]:
        first = max(min(self.manifests), self.day - dt.timedelta(days=self.settings.pictures.days - 1))
        first = min(first, self.day - dt.timedelta(days=6))  # a week at least
        return [first + dt.timedelta(days=n) for n in range((self.day - first).days + 1)]

    def _dates(self, stage: str) -> list[Day]:
        """The days of the charts that a model has answered on."""
        done = [d for d in self._dates_shown() if d in self.manifests and stage in self.manifests[d].stages]
        return [d for d in done if self.layout.partition("shares", d).exists()]

    def _span(self, some: Sequence[Day] | None = None) -> Span:
        return queries.span(self.layout, some or [self.day])

    def _ask(self, query: str) -> Rows:
        rows: Rows = self.connection.execute(query).fetchall()
        return rows


def _queries(day: Day, task: str, language: bool) -> dict[str, str]:
    """Give the queries as the page shows them: with paths relative to the store."""
    span = Span([day])
    told = {"evidence": evidence(span, task)}
    return told if language else {"shares": shares(span, task), "answers": answers(span, task), **told}


def _examples(rows: Sequence[Row], posts: Mapping[str, model.Post], order: list[str]) -> tuple[model.Example, ...]:
    found = [model.Example(posts[post], label, value) for label, _, post, value, _ in rows if post in posts]
    return tuple(sorted(found, key=lambda one: order.index(one.label) if one.label in order else 0))


def _series(
    rows: Sequence[tuple[Any, model.Share]], places: Sequence[Any], labels: Sequence[str]
) -> list[tuple[str, list[Portion | None]]]:
    known = {(place, share.label): _portion(share) for place, share in rows}
    return [(label, [known.get((place, label)) for place in places]) for label in labels]


def _called(
    series: Sequence[tuple[str, list[Portion | None]]], name: Mapping[str, str]
) -> list[tuple[str, list[Portion | None]]]:
    return [(name[label], some) for label, some in series]


def _values(places: Sequence[Any], series: Sequence[tuple[str, list[Portion | None]]]) -> tuple[tuple[str, float], ...]:
    """Give a chart's values in per cent, for those who do not see it."""
    rows = zip(places, zip(*(some for _, some in series), strict=True), strict=True)
    names = [name for name, _ in series]
    return tuple(
        (f"{place} {name} %", round(100 * portion.share, 1))
        for place, some in rows
        for name, portion in zip(names, some, strict=True)
        if portion
    )


def _portion(share: model.Share) -> Portion:
    return Portion(share.share, share.low, share.high)
