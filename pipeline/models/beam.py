"""Translation: an encoder-decoder's best sentence by beam search."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from pipeline.errors import ModelError
from pipeline.models import batches
from pipeline.models.backend import answer, fixed_shapes, keras
from pipeline.models.batches import Plan
from pipeline.models.generation import joined
from pipeline.models.network import Network
from pipeline.models.serving import Model
from pipeline.models.vocabulary import END, PADDING, START, UNKNOWN

_PLAN = Plan(2048, 64)
_NEVER = -1e9
_I = re.compile(r"\bi\b")
_BEGIN = re.compile(r"(?:^|[.!?] )\W*\w")


class _Parts(NamedTuple):
    encoder: Callable[[Any], Any]
    """Source -> states (n, s, e), keys (n, s, d), which are real (n, s), first decoder state (n, d)."""
    step: Callable[[Any], Any]
    """Unit (n,), state, and what the source gave -> logits (n, units), new state."""


def translate(model: Model, texts: Sequence[str], beams: int = 5, longest: int = 60, penalty: float = 0.8) -> list[str]:
    """Translate texts, in order; ``beams`` sentences are kept at every step.

    A finished sentence counts by its log-probability divided by its length to the power of ``penalty`` (in the manner
    of Wu et al. 2016). Unknown units are never produced.
    """
    if model.recipe.target is None:
        raise ModelError(f"the model's head is {model.recipe.head.kind!r}; translating wants 'sequence'")
    target, vocabulary = model.recipe.target, model.vocabularies["target"]
    data = model.number(texts)
    found = [""] * len(texts)
    parts = _parts(model.members[0])
    marks = (vocabulary.numbers()[START], vocabulary.numbers()[END])
    plan = Plan(_PLAN.tokens, _PLAN.rows, fixed_shapes())
    for rows in batches.in_length_order(data["encoder"].lengths, plan):
        batch = batches.lay_out(data, rows, plan)
        source = [np.asarray(value)[: len(rows)] for value in parts.encoder(batch.inputs)]
        for row, sentence in zip(rows, _search(parts.step, source, marks, beams, longest, penalty), strict=True):
            words = joined([vocabulary.units[n - 2] for n in sentence], target.language, target.unit)
            found[row] = _cased(words) if (target.language, target.unit) == ("en", "word") else words
    return found


def _cased(text: str) -> str:
    """Write English words, which are read in small letters, with a capital where a sentence begins, and in I."""
    return _BEGIN.sub(lambda found: found[0].upper(), _I.sub("I", text))


def _search(
    step: Callable[[Any], Any],
    source: list[np.ndarray],
    marks: tuple[int, int],
    beams: int,
    longest: int,
    penalty: float,
) -> list[list[int]]:
    """Search for n sources at once; beam b of source i is row i * beams + b."""
    start, end = marks
    count = len(source[0])
    fixed = [np.repeat(value, beams, 0) for value in source[:3]]
    state = np.repeat(source[3], beams, 0)
    scores = np.full((count, beams), _NEVER)
    scores[:, 0] = 0  # all beams begin alike: only one of them counts
    sentences = np.zeros((count * beams, 0), np.int32)
    units = np.full(count * beams, start, np.int32)
    best: list[tuple[float, list[int]]] = [(-np.inf, []) for _ in range(count)]
    for length in range(1, longest + 1):
        logits, state = (np.asarray(value) for value in step([units, state, *fixed]))
        chances = _log_softmax(logits.astype(np.float64))
        chances[:, [PADDING, UNKNOWN, start]] = _NEVER
        total = (scores.reshape(-1, 1) + chances).reshape(count, -1)
        top = np.argpartition(-total, 2 * beams - 1, 1)[:, : 2 * beams]
        top = np.take_along_axis(top, np.argsort(-np.take_along_axis(total, top, 1), 1, kind="stable"), 1)
        origin, chosen = np.divmod(top, chances.shape[1])
        reached = np.take_along_axis(total, top, 1)
        for row in range(count):
            for beam in np.flatnonzero(chosen[row, :beams] == end):
                value = reached[row, beam] / length**penalty
                if value > best[row][0]:
                    best[row] = (value, sentences[row * beams + origin[row, beam]].tolist())
        alive = np.argsort(chosen == end, 1, kind="stable")[:, :beams]  # the best that go on, in their order
        scores = np.take_along_axis(reached, alive, 1)
        parents = (np.arange(count)[:, None] * beams + np.take_along_axis(origin, alive, 1)).ravel()
        units = np.take_along_axis(chosen, alive, 1).astype(np.int32).ravel()
        sentences = np.concatenate([sentences[parents], units[:, None]], 1)
        state = state[parents]
        if all(value > scores[row, 0] / longest**penalty for row, (value, _) in enumerate(best)):
            break
    return [
        sentence if value > -np.inf else sentences[row * beams].tolist() for row, (value, sentence) in enumerate(best)
    ]


def _parts(network: Network) -> _Parts:
    """Take the network apart: what is done once a source, and what is done at every step."""
    layer = network.model.get_layer
    keys, real, begin = layer("keys"), layer("encoder_mask"), layer("begin")
    encoder = keras.Model(
        {name: network.model.input[name] for name in ("encoder", "encoder_lengths")},
        [keys.input, keys.output, real.output, begin.output],
    )
    unit, state = keras.Input((), dtype="int32"), keras.Input(begin.output.shape[1:])
    values, kept = keras.Input((None, keys.input.shape[-1])), keras.Input((None, keys.output.shape[-1]))
    shown = keras.Input((None,), dtype="bool")
    after, _ = layer("decoder").cell(layer("target_embedding")(unit), [state])
    context = layer("attend")(after[:, None], kept, values, shown)[:, 0]
    combined = layer("combine")(keras.ops.concatenate([after, context], -1))
    step = keras.Model([unit, state, values, kept, shown], [layer("output")(combined), after])
    return _Parts(answer(encoder), answer(step))


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    top = logits.max(-1, keepdims=True)
    return np.asarray(logits - top - np.log(np.exp(logits - top).sum(-1, keepdims=True)))
