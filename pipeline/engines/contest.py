"""A challenger and the model in service before their judges: asked, decided on, kept with a card, served or not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.engines import cards, refitting, trials
from pipeline.engines.material import Material
from pipeline.engines.project import Project
from pipeline.engines.refitting import Refit
from pipeline.engines.trials import CHALLENGER, CHAMPION, Judged, Trial
from pipeline.errors import ModelError, NoModel
from pipeline.models import registry
from pipeline.models.bundle import Bundle
from pipeline.models.registry import Served, Version
from pipeline.models.splitting import Split
from pipeline.settings import Task
from pipeline.store.layout import Day

if TYPE_CHECKING:
    from pipeline.models.loop import Progress


@dataclass(frozen=True)
class Retrained:
    """What came of a retraining."""

    task: str
    version: str | None
    """None where there was nothing new, or too little, to learn from."""
    champion: str | None
    """The version that was in service."""
    promoted: bool
    reasons: list[tuple[bool, str]] = field(default_factory=list)
    scores: dict[str, Any] = field(default_factory=dict)
    """part -> role -> accuracy, macro_f1, ece"""
    notes: list[str] = field(default_factory=list)
    card: Path | None = None


class Contest:
    """A challenger and the model in service before their judges."""

    def __init__(
        self, project: Project, task: Task, known: Material, split: Split, bundle: Bundle, challenger: Judged
    ) -> None:
        self.project, self.task, self.known, self.split = project, task, known, split
        self.bundle, self.models = bundle, {CHALLENGER: challenger}
        self.again: Refit | None = None

    def hold(self, watch: Callable[[Progress], None] | None) -> None:
        """Ask both; where the challenger wins, train it once more on everything, if that was not done yet."""
        name, layout = self.task.name, self.project.layout
        self.champion, self.notes = champion_of(self.project, name)
        seen = set[str]()
        self.models = {CHALLENGER: self.models[CHALLENGER]}
        if self.champion:
            seen = trials.seen(layout, name, self.champion.version.number, self.known)
            self.models[CHAMPION] = Judged(self.champion.bundle, self.project.lexicon)
        rules = self.task.promotion
        self.trial = trials.hold(self.known, self.split, self.models, seen, rules)
        if self.trial.decision.promoted and self.again is None:
            lexicon, folder = self.project.lexicon, layout.training(name) / "again"
            again = refitting.refit(self.bundle, self.known, self.split, self.trial, rules, folder, lexicon, watch)
            self.again = again

    def settle(self, until: Day, when: dt.datetime) -> Retrained:
        """Keep the new version and its card, and put it into service or not. Call only while holding the store."""
        project, name, trial = self.project, self.task.name, self.trial
        again = self.again if trial.decision.promoted else None
        bundle = again.bundle if again else self.bundle
        label = self.champion.version.label if self.champion else None
        version = registry.add(project.layout.root, name, bundle, when=when, origin="retrain")
        drawn = cards.Drawn(
            project, self.known, self.split, trial, self.models, bundle, version, label, until, when, again
        )
        card = drawn.write()
        _decide(project, trial, version, when)
        return Retrained(
            name,
            version.label,
            label,
            trial.decision.promoted,
            [(reason.passed, reason.words) for reason in trial.decision.reasons],
            cards.scores(trial),
            [*self.notes, *(_told(again) if again else [])],
            card,
        )


def _told(again: Refit) -> list[str]:
    """Say which training answers, and which one the scores are of."""
    if not again.sound:
        return [reason.words for reason in again.reasons if not reason.passed]
    new = f"; new labels: {', '.join(again.new)}" if again.new else ""
    return [
        f"what answers was trained once more, for {again.epochs} epochs, on all {len(again.rows):,} posts{new}; "
        "the scores are of the training without the posts held out"
    ]


def champion_of(project: Project, name: str) -> tuple[Served | None, list[str]]:
    """Load the model in service; one that cannot answer cannot be compared with, and a note says so."""
    try:
        served = registry.serve(project.layout.root, name, project.lexicon.fingerprint)
    except NoModel:
        return None, []
    except ModelError as error:
        return None, [f"not compared with the model in service: {error}"]
    return served, served.notes


def _decide(project: Project, trial: Trial, version: Version, when: dt.datetime) -> None:
    root, name = project.layout.root, version.name
    why = "; ".join(reason.words for reason in trial.decision.reasons)
    if trial.decision.promoted:
        dictionary = project.lexicon.fingerprint
        registry.promote(root, name, version.number, dictionary=dictionary, when=when, why=why)
    else:
        registry.refuse(root, name, version.number, when=when, why=why)
