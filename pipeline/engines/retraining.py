"""Training again on all that accumulated: a challenger beside the champion, promoted or refused, and a card of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import files
from pipeline.engines import answers, cards, labelling, learning, material, trials
from pipeline.engines.material import Material
from pipeline.engines.project import Project
from pipeline.engines.trials import CHALLENGER, CHAMPION, Judged, Trial
from pipeline.errors import ModelError, NoModel, SettingsError
from pipeline.models import bundle as bundles
from pipeline.models import registry
from pipeline.models.bundle import Bundle
from pipeline.models.registry import Served, Version
from pipeline.models.splitting import Split
from pipeline.settings import Task
from pipeline.store import lock
from pipeline.store.layout import Day

if TYPE_CHECKING:
    from pipeline.models.training import Progress


@dataclass(frozen=True)
class Retrained:
    """What came of a retraining."""

    task: str
    version: str | None
    """None where there was nothing new to learn."""
    champion: str | None
    """The version that was in service."""
    promoted: bool
    reasons: list[tuple[bool, str]] = field(default_factory=list)
    scores: dict[str, Any] = field(default_factory=dict)
    """part -> role -> accuracy, macro_f1, ece"""
    notes: list[str] = field(default_factory=list)
    card: Path | None = None


def retrain(
    project: Project,
    name: str,
    until: Day | None = None,
    *,
    when: dt.datetime,
    watch: Callable[[Progress], None] | None = None,
) -> Retrained:
    """Train a challenger on all labels and posts up to a day (all there are), and decide whether it takes over.

    The same labels, posts and settings give the same model; where the latest version has learned just these, nothing
    is trained. Raises SettingsError, ModelError, TrainingDiverged (what serves stays), StoreBusy.
    """
    task = answers.task_of(name, {one.name: one for one in project.settings.models})
    learning.require_keras()
    if learning.recipe_of(task).head.kind != "labels":
        raise SettingsError(f"{name}: its recipe learns from texts, not from labels; `hibi pretrain {name}` trains it")
    with lock.training(project.layout, name):
        return _retrain(project, task, until, when, watch)


def _retrain(
    project: Project, task: Task, until: Day | None, when: dt.datetime, watch: Callable[[Progress], None] | None
) -> Retrained:
    """Hold the store while reading and while deciding; the days go on while the challenger learns."""
    layout = project.layout
    with lock.held(layout):
        files.clear_staging(layout.root)
        until = labelling.days_until(layout, until).days[-1]
        known = material.gather(layout, task, until)
    split = material.part(known)
    made = None if _learned(project, task, known, split) else _challenger(project, task, known, split, watch)
    with lock.held(layout, wait=True):
        files.clear_staging(layout.root)
        champion, notes = _champion(project, task.name)
        label = champion.version.label if champion else None
        if made is None:
            return Retrained(task.name, None, label, False, notes=notes)
        bundle, challenger = made
        seen = trials.seen(layout, task.name, champion.version.number) if champion else set[str]()
        models = {CHALLENGER: challenger}
        if champion:
            models[CHAMPION] = Judged(champion.bundle, project.lexicon)
        trial = trials.hold(known, split, models, seen)
        version = registry.add(layout.root, task.name, bundle, when=when, origin="retrain")
        card = cards.Drawn(project, known, split, trial, models, bundle, version, label, until, when).write()
        _decide(project, trial, version, when)
    return Retrained(
        task.name,
        version.label,
        label,
        trial.decision.promoted,
        [(reason.passed, reason.words) for reason in trial.decision.reasons],
        cards.scores(trial),
        notes,
        card,
    )


def _champion(project: Project, name: str) -> tuple[Served | None, list[str]]:
    """Load the model in service; one that cannot answer cannot be compared with, and a note says so."""
    try:
        served = registry.serve(project.layout.root, name, project.lexicon.fingerprint)
    except NoModel:
        return None, []
    except ModelError as error:
        return None, [f"not compared with the model in service: {error}"]
    return served, served.notes


def _learned(project: Project, task: Task, known: Material, split: Split) -> bool:
    """Tell whether the latest version has learned just this, and was decided on."""
    from pipeline.models.training import fingerprint

    root = project.layout.root
    try:
        latest = registry.versions(root, task.name)[-1]
        if not any(entry["version"] == latest.number for entry in registry.history(root, task.name)):
            return False
        bundle = bundles.load(latest.folder, project.lexicon.fingerprint)
    except ModelError:
        return False
    wanted = fingerprint(learning.recipe_of(task), known.examples(split.train), known.examples(_dev(split)))
    return bool(bundle.data == wanted)


def _dev(split: Split) -> np.ndarray:
    """Give the rows to tune on; the last learned ones where there are none."""
    return split.dev if len(split.dev) else split.train[-max(1, len(split.train) // 10) :]


def _challenger(
    project: Project,
    task: Task,
    known: Material,
    split: Split,
    watch: Callable[[Progress], None] | None,
) -> tuple[Bundle, Judged]:
    """Train, and measure on what people labelled: rules agreeing with rules prove nothing."""
    recipe = learning.recipe_of(task)
    lexicon = project.lexicon if learning.reads_words(recipe) else None
    train, dev = known.examples(split.train), known.examples(_dev(split))
    bundle = learning.fitted(recipe, train, dev, project.layout.training(task.name), lexicon=lexicon, watch=watch)
    told = dict(zip(("since", "until"), cards.days(project, known, split.train), strict=True))
    if not known.gold[_dev(split)].any():
        kept = {name: value for name, value in bundle.metrics.items() if name not in ("dev", "dev_linear")}
        bundle = replace(bundle, metrics=kept | told, confusion=None, temperature=1.0, threshold=0.0)
        return bundle, Judged(bundle, project.lexicon)
    opened = Judged(bundle, project.lexicon)
    habits = trials.habits(known, split, opened)
    return replace(bundle, metrics=bundle.metrics | told, confusion=habits), opened


def _decide(project: Project, trial: Trial, version: Version, when: dt.datetime) -> None:
    root, name = project.layout.root, version.name
    why = "; ".join(reason.words for reason in trial.decision.reasons)
    if trial.decision.promoted:
        dictionary = project.lexicon.fingerprint
        registry.promote(root, name, version.number, dictionary=dictionary, when=when, why=why)
    else:
        registry.refuse(root, name, version.number, when=when, why=why)
