"""Training again on all that accumulated: a challenger beside the champion, promoted or refused, and a card of it."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline import files
from pipeline.engines import answers, cards, labelling, learning, material, trials
from pipeline.engines.contest import Contest, Retrained, champion_of
from pipeline.engines.material import Material
from pipeline.engines.project import Project
from pipeline.engines.trials import Judged
from pipeline.errors import ModelError, NoModel, SettingsError, TooFewLabels
from pipeline.models import bundle as bundles
from pipeline.models import registry
from pipeline.models.bundle import Bundle
from pipeline.models.splitting import Split
from pipeline.settings import Task
from pipeline.store import lock
from pipeline.store.layout import Day

if TYPE_CHECKING:
    from pipeline.models.loop import Progress


def retrain(
    project: Project,
    name: str,
    until: Day | None = None,
    *,
    when: dt.datetime,
    watch: Callable[[Progress], None] | None = None,
) -> Retrained:
    """Train a challenger on all labels and posts up to a day (all there are), and decide whether it takes over.

    The same labels, posts and settings give the same model; where the latest version has learned just these, or where
    there are too few labels yet, nothing is trained. Raises SettingsError, ModelError, TrainingDiverged (what serves
    stays), StoreBusy.
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
        try:
            known = material.gather(layout, task, until)
        except TooFewLabels as few:  # of a new store, week after week: no reason to wake somebody
            return _untrained(project, task, [str(few)])
    split = material.part(known)
    if _learned(project, task, known):
        return _untrained(project, task, [])
    contest = Contest(project, task, known, split, *_challenger(project, task, known, split, watch))
    while True:
        chosen = _chosen(project, task.name)
        contest.hold(watch)
        with lock.held(layout, wait=True):
            files.clear_staging(layout.root)
            if _chosen(project, task.name) == chosen:  # else somebody put another one into service meanwhile
                done = contest.settle(until, when)
                shutil.rmtree(_measured(project, task.name), ignore_errors=True)
                return done


def _untrained(project: Project, task: Task, notes: list[str]) -> Retrained:
    champion, more = champion_of(project, task.name)
    return Retrained(task.name, None, champion.version.label if champion else None, False, notes=notes + more)


def _chosen(project: Project, name: str) -> int | None:
    """Name the version that the pointer names, whole or not."""
    try:
        return next((one.number for one in registry.versions(project.layout.root, name) if one.served), None)
    except NoModel:
        return None


def _learned(project: Project, task: Task, known: Material) -> bool:
    """Tell whether the latest version came of just this, and was decided on."""
    root = project.layout.root
    try:
        latest = registry.versions(root, task.name)[-1]
        if not any(entry["version"] == latest.number for entry in registry.history(root, task.name)):
            return False
        bundle = bundles.load(latest.folder, project.lexicon.fingerprint)
    except ModelError:
        return False
    return bool(bundle.metrics.get("material") == _fingerprint(task, known))


def _fingerprint(task: Task, known: Material) -> str:
    """Identify what a decision rests on: recipe, rules, posts and labels, those held out and the frozen ones too."""
    from pipeline.models.training import fingerprint

    parts = (known.examples(np.flatnonzero(rows)) for rows in (~known.frozen, known.frozen))
    return fingerprint(learning.recipe_of(task), *parts) + task.promotion.model_dump_json()


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
    bundle = _fitted(project, task, known, split, watch)
    told = dict(zip(("since", "until"), cards.days(project, known, split.train), strict=True))
    told["material"] = _fingerprint(task, known)
    if not known.gold[_dev(split)].any():
        kept = {name: value for name, value in bundle.metrics.items() if name not in ("dev", "dev_linear")}
        bundle = replace(bundle, metrics=kept | told, confusion=None, temperature=1.0, threshold=0.0)
        return bundle, Judged(bundle, project.lexicon)
    opened = Judged(bundle, project.lexicon)
    habits = trials.habits(known, split, opened)
    return replace(bundle, metrics=bundle.metrics | told, confusion=habits), opened


def _fitted(
    project: Project, task: Task, known: Material, split: Split, watch: Callable[[Progress], None] | None
) -> Bundle:
    """Train, or take what was trained before a kill came in the second training."""
    from pipeline.models.training import fingerprint

    recipe, folder = learning.recipe_of(task), _measured(project, task.name)
    train, dev = known.examples(split.train), known.examples(_dev(split))
    with contextlib.suppress(ModelError):
        bundle = bundles.load(folder, project.lexicon.fingerprint)
        if bundle.data == fingerprint(recipe, train, dev):
            return bundle
    lexicon = project.lexicon if learning.reads_words(recipe) else None
    bundle = learning.fitted(recipe, train, dev, project.layout.training(task.name), lexicon=lexicon, watch=watch)
    shutil.rmtree(folder, ignore_errors=True)
    bundles.save(bundle, folder)  # its list of hashes comes last: half of it is none
    return bundle


def _measured(project: Project, name: str) -> Path:
    return project.layout.training(name) / "measured"
