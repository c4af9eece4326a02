"""The card of a retraining put together from its trial, and written beside the model."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import numpy as np

from pipeline import files
from pipeline.engines import labelling, publishing, refitting, showing, trials
from pipeline.engines.material import Material
from pipeline.engines.project import Project
from pipeline.engines.refitting import Refit
from pipeline.engines.trials import CHALLENGER, CHAMPION, Judged, Part, Trial
from pipeline.models import evaluation, labels, promotion
from pipeline.models.bundle import Bundle
from pipeline.models.evaluation import Evaluation, Interval
from pipeline.models.registry import Version
from pipeline.models.splitting import Split
from pipeline.pictures.curves import Curve, curves
from pipeline.reports import card
from pipeline.reports.card import Bounds, Card, Fit, Fits, Flip, LabelRow, Reason, Score
from pipeline.reports.model import Chart
from pipeline.reports.strings import texts
from pipeline.store import parquet
from pipeline.store.layout import Day
from pipeline.tables import TRIALS

_ASSETS = "../../../../reports/assets"
"""From STORE/models/NAME/cards/VERSION/."""
_ASKED_TO_FLIP = 2_000
"""Latest posts that both models are asked for flips."""
_SHOWN = 50
"""Posts that flip, shown."""


def scores(trial: Trial) -> dict[str, Any]:
    """Give what each model reached on each part that speaks for it: part -> role -> scores."""
    found: dict[str, Any] = {}
    for name, part in trials.judged(trial):
        for role, answers in part.answers.items():
            measured = evaluation.evaluate(part.gold, answers, trial.labels)
            told = {"accuracy": asdict(measured.accuracy), "macro_f1": asdict(measured.macro_f1), "ece": measured.ece}
            found.setdefault(name, {})[role] = {"posts": measured.posts} | told
    return found


def days(project: Project, known: Material, rows: np.ndarray) -> tuple[str, str]:
    """Tell the first and the last day of some posts, in the store's zone."""
    ends = (known.times[rows].min(), known.times[rows].max())
    first, last = (_day(int(time), project.settings.zone) for time in ends)
    return first, last


def _day(micros: int, zone: ZoneInfo) -> str:
    return str(dt.datetime.fromtimestamp(micros // 1_000_000, zone).date())


@dataclass(frozen=True)
class Drawn:
    """What a card is made of."""

    project: Project
    material: Material
    split: Split
    trial: Trial
    models: Mapping[str, Judged]
    bundle: Bundle
    version: Version
    champion: str | None
    until: Day
    when: dt.datetime
    again: Refit | None = None
    """The second training, where the version was promoted."""

    def write(self) -> Path:
        """Write card.html, card.json and posts.parquet; return the page."""
        layout, made = self.project.layout, self.card()
        folder = layout.cards(self.version.name, self.version.number)
        publishing.share_fonts(layout)
        table = trials.table(self.material, self.split, self.trial, self.again)
        parquet.write(layout.root, folder / "posts.parquet", TRIALS, [table])
        files.write(layout.root, folder / "card.json", card.as_json(made))
        page = card.render(made, self.project.settings.report.language, _ASSETS)
        files.write(layout.root, folder / "card.html", page.encode())
        return folder / "card.html"

    def card(self) -> Card:
        """Put the card together."""
        trial = self.trial
        name, part = next(trials.judged(trial), ("dev", None))
        measured = evaluation.evaluate(part.gold, part.answers[CHALLENGER], trial.labels) if part else None
        flips, flipped = self._flips()
        return Card(
            version=self.version.label,
            against=self.champion,
            made_at=self.when,
            timezone=self.project.settings.timezone,
            promoted=trial.decision.promoted,
            reasons=[Reason(r.name, r.passed, r.words, r.values) for r in trial.decision.reasons],
            scores=list(self._scores()),
            fits=self._fits(),
            labels=_labels(part, measured, trial.labels, self._taught()) if part and measured else [],
            confusion_part=cast("card.Part", name),
            confusion=measured.confusion if measured else [],
            several=self.material.several,
            charts=list(self._charts(measured)),
            flips=flips,
            flipped=flipped,
            data=self._data(),
            recipe=dict(_flat("", self.bundle.recipe)),
        )

    def _scores(self) -> Iterator[Score]:
        for name, roles in scores(self.trial).items():
            part = cast("card.Part", name)
            for role, told in roles.items():
                ends = (Bounds(**told["accuracy"]), Bounds(**told["macro_f1"]))
                yield Score(cast("card.Role", role), part, told["posts"], *ends, told["ece"])
            if name in self.trial.compared:
                both = self.trial.compared[name]
                yield Score("difference", part, both.posts, _bounds(both.accuracy), _bounds(both.macro_f1))
        again = self.again
        if again and again.frozen is not None:
            measured = evaluation.evaluate(self.trial.parts[promotion.FROZEN].gold, again.frozen, again.labels)
            ends = (_bounds(measured.accuracy), _bounds(measured.macro_f1))
            yield Score("served", "frozen", measured.posts, *ends, measured.ece)

    def _fits(self) -> Fits:
        """Say which training the scores are of, and which one answers."""
        known, split, again = self.material, self.split, self.again
        epochs = refitting.best_epochs(self.bundle)
        scored = Fit(len(split.train), days(self.project, known, split.train), epochs, len(self._taught()))
        wide = self.bundle.recipe["head"]["wide"]
        if again is None:
            return Fits(scored, None, [], [], wide)
        kinds = len(self._taught()) + len(again.new)
        reasons = [Reason(r.name, r.passed, r.words, r.values) for r in again.reasons]
        second = Fit(len(again.rows), days(self.project, known, again.rows), again.epochs, kinds)
        return Fits(scored, second if again.sound else None, again.new, reasons, wide)

    def _taught(self) -> Counter[str]:
        """Count the posts of each label that the measured training learned from."""
        told = (
            labels.parts(self.material.labels[row]) if self.material.several else [self.material.labels[row]]
            for row in self.split.train
        )
        return Counter(label for some in told for label in some)

    def _charts(self, measured: Evaluation | None) -> Iterator[Chart]:
        t = texts(self.project.settings.report.language)
        first = [row for row in self.bundle.metrics.get("history", ()) if row["member"] == 0]
        drawn = {
            t.curve_loss: [(row["epoch"], row["loss"]) for row in first],
            t.curve_dev_loss: [(row["epoch"], row["dev_loss"]) for row in first],
            t.curve_dev_score: [(row["epoch"], row["score"]) for row in first],
        }
        yield _chart("learning", t.curve_learning, [Curve(name, points) for name, points in drawn.items()])
        if measured:
            points = [(b.confidence, b.right) for b in measured.reliability]
            even = Curve(t.curve_even, [(0, 0), (1, 1)], guide=True)
            yield _chart("calibration", t.curve_calibration, [Curve(t.curve_right, points), even])

    def _flips(self) -> tuple[list[Flip], int]:
        """Ask both models about the latest posts."""
        if CHAMPION not in self.models:
            return [], 0
        posts, names, several = self._latest(), self.trial.labels, self.material.several
        before, after = (
            self.models[role].probabilities(posts["text"].to_pylist(), names) for role in (CHAMPION, CHALLENGER)
        )
        rows = promotion.flips(before, after, several, most=len(posts))
        shown = rows[:_SHOWN]
        sure = np.maximum(after, 1 - after).min(axis=1) if several else after.max(axis=1)
        columns = (
            posts["post_id"].take(shown).to_pylist(),
            [showing.said(text, self.project.settings) for text in posts["text"].take(shown).to_pylist()],
            trials.said(before[shown], names, several),
            trials.said(after[shown], names, several),
            sure[shown].tolist(),
        )
        return [Flip(*row) for row in zip(*columns, strict=True)], len(rows)

    def _latest(self) -> Any:
        import pyarrow as pa

        found: list[Any] = []
        for day in reversed(labelling.days_until(self.project.layout, self.until).days):
            found.append(labelling.own_posts(self.project.layout, day))
            if sum(map(len, found)) >= _ASKED_TO_FLIP:
                break
        return pa.concat_tables(found).slice(0, _ASKED_TO_FLIP)

    def _data(self) -> dict[str, str]:
        known, split = self.material, self.split
        rows = {
            "people": known.gold.sum(),
            "weak": (~known.gold).sum(),
            "train": len(split.train),
            "dev": len(split.dev),
            "recent": len(split.held_out),
            "frozen": known.frozen.sum(),
            "left_out": len(split.left_out) - known.frozen.sum(),
            "missing": known.missing,
            "unsettled": known.unsettled,
        }
        ends = {"days": " – ".join(days(self.project, known, split.train)), "until": str(self.until)}
        taught = ", ".join(f"{label} {count:,}" for label, count in sorted(self._taught().items()))
        prints = {"fingerprint": self.bundle.data, "dictionary": self.bundle.dictionary or "–"}
        return {name: f"{count:,}" for name, count in rows.items()} | ends | {"labels": taught} | prints


def _labels(part: Part, measured: Evaluation, names: list[str], taught: Counter[str]) -> list[LabelRow]:
    before: Mapping[str, float] = {}
    if CHAMPION in part.answers:
        earlier = evaluation.evaluate(part.gold, part.answers[CHAMPION], names)
        before = {one.label: one.f1.value for one in earlier.per_class}
    return [
        LabelRow(
            one.label, one.gold, one.precision, one.recall, _bounds(one.f1), before.get(one.label), taught[one.label]
        )
        for one in measured.per_class
    ]


def _chart(name: str, title: str, shown: list[Curve]) -> Chart:
    values = tuple((f"{c.name} {x:g}", float(y)) for c in shown if not c.guide for x, y in c.points)
    return Chart(name, title, curves(shown, title=title), values)


def _bounds(found: Interval) -> Bounds:
    return Bounds(found.value, found.low, found.high)


def _flat(prefix: str, value: object) -> Iterator[tuple[str, str]]:
    """Spell settings out: encoder.units -> 64."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else name, inner)
    elif value is not None:
        yield prefix, ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
