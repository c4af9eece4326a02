"""The models in service, asked about a day: runs in a worker, which loads each model once and Keras with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import structlog

from pipeline import stages, tables
from pipeline.errors import ModelError, NoModel, PipelineError
from pipeline.models import registry
from pipeline.models.daily import Task
from pipeline.stages import Answered
from pipeline.store import parquet
from pipeline.store.layout import Layout

if TYPE_CHECKING:
    from pipeline.models.serving import Model

log = structlog.get_logger()

COLUMNS = ("post_id", "created_at", "text", "clean", "is_repost", "duplicate_of", "emoji", "kaomoji")

_SPEAKING = frozenset(("名詞", "代名詞", "動詞", "形容詞", "形状詞", "副詞", "感動詞", "連体詞"))
"""Parts of speech (UniDic pos1) that can speak for a label."""
_PREVIEW = 2_000
"""Characters of a post that are looked into for words."""


@dataclass(frozen=True)
class Asked:
    """Which models of a store are asked, and how Japanese is split there."""

    store: Path
    tasks: tuple[str, ...]
    dictionary: Path
    fingerprint: str
    stop_words: frozenset[str]
    zone: ZoneInfo


@dataclass
class Answers:
    """What they said, and notes on models that could not be asked, or not in the version chosen."""

    predictions: pa.Table
    shares: pa.Table
    evidence: pa.Table
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)
    """(task, what a reader should know)"""


def in_service(layout: Layout, name: str) -> bool:
    """Tell whether a model of that name was put into service; a pointer that cannot be read counts as one."""
    try:
        return any(one.served for one in registry.versions(layout.root, name))
    except ModelError as error:
        return (layout.root / "models" / name / "served.json").exists() and not isinstance(error, NoModel)


def answer(posts: Path, asked: Asked) -> Answers:
    """Ask each model about a day. One that cannot answer costs its own answers, not the day."""
    table = parquet.read(posts, COLUMNS)
    found: list[Answered] = []
    answers = nothing([])
    for name in asked.tasks:
        try:
            model = _open(asked.store, name, asked.dictionary, asked.fingerprint, _stamp(asked.store, name))
            one = model(table, partial(_words, asked), asked.zone)
        except PipelineError as error:
            answers.notes.append((name, str(error)))
        except Exception as error:  # a defect, or a library that is missing: the report can do without
            log.exception("model failed", model=name)
            answers.notes.append((name, f"{type(error).__name__}: {error}"))
        else:
            found.append(one)
            answers.tasks[name] = one.facts
            answers.notes += [(name, note) for note in model.notes]
    answers.predictions = _ordered(pa.concat_tables([answers.predictions, *(one.predictions for one in found)]), table)
    answers.shares = pa.concat_tables([answers.shares, *(one.shares for one in found)])
    answers.evidence = pa.concat_tables([answers.evidence, *(one.evidence for one in found)])
    return answers


def nothing(notes: list[tuple[str, str]]) -> Answers:
    """Give the answers of no model, and why."""
    return Answers(
        tables.PREDICTIONS.empty_table(), tables.SHARES.empty_table(), tables.EVIDENCE.empty_table(), notes=notes
    )


@dataclass(frozen=True)
class _Model:
    """A model that is loaded."""

    task: Task
    notes: list[str]
    ask: Callable[[Sequence[str]], np.ndarray]
    """Texts -> probabilities; of a language model, perplexities."""
    speaks: bool

    def __call__(self, posts: pa.Table, words: stages.Words, zone: ZoneInfo) -> Answered:
        if self.speaks:
            return stages.surprise(posts, self.task, self.ask)
        return stages.predict(posts, self.task, self.ask, words, zone)


@lru_cache(maxsize=16)
def _open(store: Path, name: str, dictionary: Path, fingerprint: str, stamp: tuple[int, int]) -> _Model:
    """Load the model in service, once a process and a pointer.

    Raises ModelError and its kinds, as :func:`pipeline.models.registry.serve` does, or where Keras is not installed.
    """
    from pipeline.engines import learning
    from pipeline.text.lexicon import Lexicon

    served = registry.serve(store, name, fingerprint)
    learning.require_keras()
    from pipeline.models.serving import Model

    bundle = served.bundle
    kind = bundle.recipe["head"]["kind"]
    if kind not in ("labels", "next") or bundle.recipe["head"].get("each"):
        raise ModelError(f"{served.version.label}: its head, {kind}, says nothing of a whole post")
    task = Task(name, served.version.label, bundle.labels, bundle.several, bundle.threshold, bundle.confusion)
    model = Model.of(bundle, Lexicon(dictionary, fingerprint))
    if kind == "next":
        return _Model(task, served.notes, partial(_perplexities, model), True)
    return _Model(task, served.notes, model.probabilities, False)


@dataclass(frozen=True)
class Gloss:
    """The translations of a summary's sentences, in order; none where the model could not be asked."""

    sentences: list[str]
    version: str | None
    notes: list[str]
    """What a reader should know."""


def gloss(sentences: Sequence[str], store: Path, name: str, dictionary: Path, fingerprint: str) -> Gloss:
    """Ask the model in service to translate. If it cannot, that costs the translation, not the day."""
    try:
        label, notes, translate = _translator(store, name, dictionary, fingerprint, _stamp(store, name))
        return Gloss(translate(sentences), label, notes)
    except PipelineError as error:
        return Gloss([], None, [str(error)])
    except Exception as error:
        log.exception("model failed", model=name)
        return Gloss([], None, [f"{type(error).__name__}: {error}"])


@lru_cache(maxsize=2)
def _translator(
    store: Path, name: str, dictionary: Path, fingerprint: str, stamp: tuple[int, int]
) -> tuple[str, list[str], Callable[[Sequence[str]], list[str]]]:
    """Load the model in service as :func:`_open` does. Raises ModelError where it does not translate."""
    from pipeline.engines import learning
    from pipeline.text.lexicon import Lexicon

    served = registry.serve(store, name, fingerprint)
    learning.require_keras()
    from pipeline.models import beam
    from pipeline.models.serving import Model

    label = served.version.label
    if (kind := served.bundle.recipe["head"]["kind"]) != "sequence":
        raise ModelError(f"{label}: its head, {kind}, does not translate; report.gloss wants a model that does")
    return label, served.notes, partial(beam.translate, Model.of(served.bundle, Lexicon(dictionary, fingerprint)))


def _perplexities(model: Model, texts: Sequence[str]) -> np.ndarray:
    from pipeline.models import generation

    likelihoods, units = generation.likelihoods(model, texts)
    return np.asarray(np.exp(-likelihoods / np.maximum(units, 1)))


def _stamp(store: Path, name: str) -> tuple[int, int]:
    """Tell one state of the pointer to the version in service from another."""
    try:
        told = (store / "models" / name / "served.json").stat()
    except OSError:
        return 0, 0
    return told.st_mtime_ns, told.st_size


def _words(asked: Asked, texts: list[str]) -> list[list[tuple[str, str]]]:
    """Split clean texts into the words that can speak for a label: (dictionary form, form in the text)."""
    from pipeline.text.tokenise import analyse

    tokens = analyse(texts, 0, str(asked.dictionary), asked.fingerprint, _PREVIEW).tokens
    found: list[list[tuple[str, str]]] = [[] for _ in texts]
    columns = (tokens[name].to_pylist() for name in ("post", "base", "surface", "pos", "subpos"))
    for post, base, surface, pos, finer in zip(*columns, strict=True):
        if pos in _SPEAKING and "数詞" not in finer and base.lower() not in asked.stop_words and _is_word(base):
            found[post].append((base, surface))
    return found


def _is_word(base: str) -> bool:
    letters = any(sign.isalpha() for sign in base)
    return letters and (len(base) > 1 or "\u4e00" <= base <= "\u9fff")


def _ordered(predictions: pa.Table, posts: pa.Table) -> pa.Table:
    """Put rows in order of posts, task and label."""
    place = {post: row for row, post in enumerate(posts["post_id"].to_pylist())}
    rows = np.fromiter((place[post] for post in predictions["post_id"].to_pylist()), np.int64, predictions.num_rows)
    ranks = predictions.append_column("row", pa.array(rows))
    order = [("row", "ascending"), ("task", "ascending"), ("label", "ascending")]
    return ranks.sort_by(order).drop_columns(["row"])
