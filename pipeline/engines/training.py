"""From files of examples, or from the posts of a store, to a version in the registry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.engines import example_files, forgotten, learning, project, versions
from pipeline.errors import InputError, SettingsError, StoreError
from pipeline.models import recipe as recipes
from pipeline.models import registry, splitting
from pipeline.models.bundle import Bundle
from pipeline.models.examples import Examples, label_names, label_numbers, left_out
from pipeline.models.recipe import Head, Recipe
from pipeline.models.registry import Version
from pipeline.settings import Settings, Task
from pipeline.store import lock, parquet
from pipeline.store.layout import Day, Layout
from pipeline.text.lexicon import Lexicon

if TYPE_CHECKING:
    from pipeline.models.loop import Progress

_DEV = 0.1
"""Share of the examples that is measured on where no file is given for that."""
_LABEL = {"labels": "a label", "number": "a number", "sequence": "the sentence to produce"}


@dataclass(frozen=True)
class Table:
    """A file of examples, and what its columns are."""

    path: Path
    text: str
    label: str | None = None
    votes: str | None = None
    also: str | None = None

    def read(self) -> Examples:
        """Read the file. Raises InputError."""
        return example_files.read(self.path, self.text, self.label, votes=self.votes, also=self.also)


@dataclass(frozen=True)
class Wish:
    """How to train."""

    recipe: str | None = None
    """A shipped one or a file; that of the task in the settings, or the default, where it is not said."""
    start: str | None = None
    """The model whose weights to begin with: its version in service."""
    seed: int | None = None
    promote: bool = False
    """Put the new version into service even where another one is."""


@dataclass(frozen=True)
class Trained:
    """What came of a training."""

    version: Version
    bundle: Bundle
    promoted: bool
    unlabelled: int = 0
    """Rows of the files that were left out, as their label is empty."""


def train(
    settings: Settings,
    layout: Layout,
    name: str,
    data: Table,
    dev: Table | None,
    wish: Wish,
    watch: Callable[[Progress], None] | None = None,
) -> Trained:
    """Train a model on files and keep it; the first version of a name is put into service at once.

    Raises InputError, SettingsError, ModelError, TrainingDiverged: then nothing that answers has changed.
    """
    learning.require_keras()
    registry.history(layout.root, name)  # is it a name, and are its versions readable?
    recipe = _recipe(settings, name, wish)
    if data.label is None and recipe.head.kind != "next":
        raise SettingsError(f"--label: the recipe wants a column with {_LABEL[recipe.head.kind]} for each text")
    examples = data.read()
    if examples.labels is not None and _asks_labels(recipe):
        recipe = recipe.model_copy(update={"head": recipe.head.model_copy(update={"several": True})})
    unlabelled = examples.unlabelled
    if dev:
        parts = examples, dev.read()
        unlabelled += parts[1].unlabelled
    else:
        parts = split(examples, recipe.training.seed, _asks_labels(recipe))
    return replace(keep(settings, layout, name, recipe, parts, wish, watch), unlabelled=unlabelled)


def pretrain(
    settings: Settings,
    layout: Layout,
    name: str,
    texts: list[str],
    wish: Wish,
    watch: Callable[[Progress], None] | None = None,
) -> Trained:
    """Train a language model with the encoder of a recipe, from which ``--from`` begins a classifier of that recipe."""
    learning.require_keras()
    registry.history(layout.root, name)
    recipe = as_language_model(_recipe(settings, name, wish))
    texts = list(dict.fromkeys(text for text in texts if text.strip()))
    if len(texts) < 2:
        raise InputError("two different texts are the least to train on")
    return keep(
        settings, layout, name, recipe, split(Examples(texts), recipe.training.seed, by_label=False), wish, watch
    )


def as_language_model(recipe: Recipe) -> Recipe:
    """Give a recipe's encoder the head of a language model. Raises SettingsError where it cannot have it."""
    if recipe.head.kind == "next":
        return recipe
    dropout = recipe.dropout.model_copy(update={"words": 0.0})
    changed = recipe.model_copy(
        update={"head": Head(kind="next"), "beside": None, "target": None, "dropout": dropout, "about": ""}
    )
    try:
        return Recipe.model_validate(changed.model_dump())
    except ValueError as error:
        raise SettingsError(
            "--recipe: its second layer would see the word to predict; set encoder.apart = true"
        ) from error


def posts_of(layout: Layout, since: Day | None, until: Day | None, most: int) -> list[str]:
    """Read the latest posts of a span of days, without reposts and copies, earliest first.

    Raises StoreError where there is none.
    """
    found: list[str] = []
    for day in reversed(layout.days()):
        path = layout.partition("posts", day)
        outside = (since is not None and day < since) or (until is not None and day > until)
        if outside or not path.exists() or len(found) >= most:
            continue
        posts = parquet.read(path, ["text", "is_repost", "duplicate_of"])
        columns = (posts[column].to_pylist() for column in posts.column_names)
        own = [text for text, repost, copy in zip(*columns, strict=True) if not repost and copy is None]
        found += own[::-1]
    if not found:
        raise StoreError(f"{layout.root}: no posts in that span; `hibi run` takes them in, or name files with --data")
    return found[:most][::-1]


def split(examples: Examples, seed: int, by_label: bool = True) -> tuple[Examples, Examples]:
    """Part examples into those to learn from and a tenth to measure on; equal texts stay on one side.

    ``by_label`` gives each label its share, and leaves none to be measured on that was not learned.
    Raises InputError where there are too few.
    """
    rows = [str(row) for row in range(len(examples))]
    groups = splitting.copies(rows, [None] * len(rows), examples.texts)
    gold = np.zeros(len(examples), np.int64)
    if by_label:
        gold = label_numbers(examples, label_names(examples))
    parts = splitting.stratified(gold, groups, dev=_DEV, held_out=0.0, seed=seed)
    train, dev = parts.train, parts.dev
    if by_label and gold.ndim == 1:
        new = np.isin(groups[dev], groups[dev][~np.isin(gold[dev], gold[train])])
        train, dev = np.sort(np.append(train, dev[new])), dev[~new]
    if not len(train) or not len(dev):
        few = f"{len(examples)} examples, copies counted, are too few to train on"
        raise InputError("; ".join([few, *left_out(examples.unlabelled)]))
    return examples.take(train), examples.take(dev)


def keep(
    settings: Settings,
    layout: Layout,
    name: str,
    recipe: Recipe,
    parts: tuple[Examples, Examples],
    wish: Wish,
    watch: Callable[[Progress], None] | None,
) -> Trained:
    """Train on the first part, measure on the second, and put the model into the registry."""
    lexicon = project.lexicon_of(settings) if wish.start or learning.reads_words(recipe) else None
    start = _start(layout, wish.start, lexicon)
    with lock.training(layout, name):
        bundle = learning.fitted(recipe, *parts, layout.training(name), lexicon=lexicon, start=start, watch=watch)
        with lock.held(layout, wait=True):
            done = _add(layout, name, bundle, wish, lexicon)
            forgotten.remember(layout, name, done.version.number, [text for part in parts for text in part.texts])
            return done


def _add(layout: Layout, name: str, bundle: Bundle, wish: Wish, lexicon: Lexicon | None) -> Trained:
    now = dt.datetime.now(dt.UTC)
    first = not any(entry["action"] == "promoted" for entry in registry.history(layout.root, name))
    version = registry.add(layout.root, name, bundle, when=now, origin="train")
    promoted = first or wish.promote
    if promoted:
        why = "the first of its name" if first else "as told when it was trained"
        dictionary = lexicon.fingerprint if lexicon else None
        version = registry.promote(layout.root, name, version.number, dictionary=dictionary, when=now, why=why)
    return Trained(version, bundle, promoted)


def _recipe(settings: Settings, name: str, wish: Wish) -> Recipe:
    task = next((task for task in settings.models if task.name == name), Task(name=name))
    recipe = recipes.load(wish.recipe) if wish.recipe else learning.recipe_of(task)
    if wish.seed is not None:
        recipe = recipe.model_copy(update={"training": recipe.training.model_copy(update={"seed": wish.seed})})
    return recipe


def _asks_labels(recipe: Recipe) -> bool:
    return recipe.head.kind == "labels" and not recipe.head.each


def _start(layout: Layout, name: str | None, lexicon: Lexicon | None) -> Bundle | None:
    if name is None:
        return None
    return registry.serve(layout.root, name, lexicon.fingerprint if lexicon else None).bundle


def told(done: Trained, settings: Settings) -> dict[str, Any]:
    """Tell of a training: numbers by name.

    ``asked``: whether the settings name it, so that `hibi run` asks it; null where it answers no post with labels.
    ``wide``: the linear model's part in the answer.
    """
    answers = _asks_labels(Recipe.model_validate(done.bundle.recipe))
    metrics, parts = done.bundle.metrics, {"dev": "dev", "linear": "dev_linear"}
    scores = {name: versions.plain(metrics[part]) for name, part in parts.items() if part in metrics}
    return {
        "model": done.version.label,
        "served": done.promoted,
        "asked": done.version.name in {task.name for task in settings.models} if answers else None,
        "examples": metrics["examples"],
        "unlabelled": done.unlabelled,
        "labels": done.bundle.labels,
        "epochs": len(metrics["history"]),
        "wide": done.bundle.recipe["head"]["wide"],
        **scores,
    }


def lines(about: dict[str, Any]) -> list[str]:
    """Tell the same in lines."""
    counts = about["examples"]
    found = [f"{about['model']}: trained on {counts['train']:,} texts, measured on {counts['dev']:,}"]
    found += left_out(about["unlabelled"])
    for name, title in (("dev", "on dev"), ("linear", "linear baseline")):
        if name in about:
            found.append(f"{title}: {', '.join(f'{key} {value}' for key, value in about[name].items())}")
    found += versions.linear_part(about["wide"])
    name, number = about["model"].split("/")
    kept = f"kept; another version answers, `hibi models promote {name} {int(number)}` puts this one in its place"
    found.append("in service" if about["served"] else kept)
    if about["asked"] is False:
        found.append(f'`hibi run` asks it once the settings name it: [[models]] and name = "{name}"')
    return found
