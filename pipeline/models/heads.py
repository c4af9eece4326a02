"""The four heads: labels, a number, the next token, a sequence; and the loss of each.

A network is built in code from a recipe and sizes; weights are loaded into it by name.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pipeline.models import encoders
from pipeline.models.backend import keras
from pipeline.models.encoders import Encoded, Sizes
from pipeline.models.recipe import Recipe

ops, layers = keras.ops, keras.layers

_MEAN = "mean_with_sample_weight"
"""Padding has weight 0 and is not counted."""


class Shape(NamedTuple):
    """All that building needs beside the recipe."""

    sizes: dict[str, Sizes]
    """Of each branch, and of ``target``."""
    outputs: int
    """Labels; not used by other heads."""


@keras.saving.register_keras_serializable("hibi")
class Tied(encoders.Plain):
    """States (..., d) -> a score for each unit, (..., units), by the embedding itself (Press and Wolf 2017).

    ``scale`` multiplies the scores: an embedding begins with small numbers, which the states would have to make up for.
    """

    def __init__(self, embed: encoders.Embed, scale: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self._tables = [embed]  # in a list: the weights are the embedding's, not ours
        self.bias: Any = None

    def build(self, shape: Any) -> None:
        """Make the bias."""
        self.bias = self.add_weight(shape=(self._tables[0].learned,), initializer="zeros", name="bias")
        self.built = True

    def call(self, states: Any, candidates: Any = None, offsets: Any = None) -> Any:
        """Score all units, or the ``candidates`` (k,) with ``offsets`` (k,) added to their scores."""
        learned = self._tables[0].embeddings
        assert learned is not None
        table, bias = learned.embeddings, self.bias
        if candidates is not None:
            table, bias = ops.take(table, candidates, 0), ops.take(bias, candidates, 0) + offsets
        scores = ops.matmul(states * self.scale, ops.transpose(ops.cast(table, states.dtype)))
        return scores + ops.cast(bias, states.dtype)


@keras.saving.register_keras_serializable("hibi")
class Attend(encoders.Plain):
    """Decoder states (n, t, d) over keys (n, s, d) and values (n, s, e) of which (n, s) are real -> contexts (n, t, e).

    Scores are dot products (Luong, Pham and Manning 2015).
    """

    def call(self, queries: Any, keys: Any, values: Any, real: Any) -> Any:
        """Weigh the values."""
        scores = ops.cast(ops.matmul(queries, ops.transpose(keys, (0, 2, 1))), "float32")
        weights = ops.softmax(ops.where(real[:, None, :], scores, -1e9), -1)
        return ops.matmul(ops.cast(weights, values.dtype), values)


def build(recipe: Recipe, shape: Shape) -> keras.Model:
    """Build the network: inputs NAME int32 (n, t) and NAME_lengths int32 (n,) for each branch, output logits float32.

    Logits: labels (n, labels), or (n, t, labels) with one for each unit; number (n, 1); next token
    (n, t, directions, units); sequence (n, t, units).
    """
    inputs: dict[str, Any] = {}
    encoded = []
    for name, branch in recipe.branches.items():
        inputs |= _inputs(name)
        units, lengths = inputs[name], inputs[f"{name}_lengths"]
        encoded.append(encoders.encode(branch, recipe.dropout, shape.sizes[name], units, lengths, name))
    if recipe.head.kind == "sequence":
        inputs |= _inputs("target")
        logits = _sequence(recipe, shape, encoded[0], inputs["target"])
    elif recipe.head.kind == "next":
        logits = _next(recipe, encoded[0])
    else:
        logits = _answer(recipe, shape, encoded)
    return keras.Model(inputs, logits)


def for_training(recipe: Recipe, model: keras.Model) -> keras.Model:
    """Build what a network is trained as: with the same weights, it scores sampled units where the recipe says so.

    Further inputs are ``candidates`` int32 (k,) and ``offsets`` float32 (k,); see :mod:`pipeline.models.sampling`.
    """
    if not recipe.head.negatives:
        return model
    output = model.get_layer("output")
    kinds = {"candidates": "int32", "offsets": "float32"}
    extra = {name: keras.Input((), dtype=kind, name=name) for name, kind in kinds.items()}
    return keras.Model(model.input | extra, output(output.input, *extra.values()))


def _inputs(name: str) -> dict[str, Any]:
    return {
        name: keras.Input((None,), dtype="int32", name=name),
        f"{name}_lengths": keras.Input((), dtype="int32", name=f"{name}_lengths"),
    }


def _answer(recipe: Recipe, shape: Shape, encoded: list[Encoded]) -> Any:
    head, rate = recipe.head, recipe.dropout.output
    parts = [branch.states if head.each else branch.vector for branch in encoded]
    vector = layers.Concatenate(name="branches")(parts) if len(parts) > 1 else parts[0]
    vector = layers.Dropout(rate, name="drop")(vector)
    if head.hidden:
        vector = layers.Dense(head.hidden, activation="relu", name="hidden")(vector)
        vector = layers.Dropout(rate, name="hidden_drop")(vector)
    outputs = 1 if head.kind == "number" else shape.outputs
    return layers.Dense(outputs, dtype="float32", name="output")(vector)


def _next(recipe: Recipe, encoded: Encoded) -> Any:
    """Predict the unit after each (forwards) and the unit before each (backwards)."""
    branch, width = recipe.encoder, recipe.encoder.embedding
    ways = 2 if branch.bidirectional else 1
    states = layers.Dropout(recipe.dropout.output, name="drop")(encoded.states)
    each = [states[:, :, way * branch.units : (way + 1) * branch.units] for way in range(ways)]
    both = ops.stack([layers.Dense(width, name=f"project_{way}")(part) for way, part in enumerate(each)], 2)
    return Tied(encoded.embed, width**0.5, dtype="float32", name="output")(both)


def _sequence(recipe: Recipe, shape: Shape, encoded: Encoded, target: Any) -> Any:
    """Produce the target: a GRU that begins with the source's vector and attends to its states."""
    assert recipe.target is not None
    branch, width = recipe.target, recipe.target.embedding
    embed = encoders.Embed(width, shape.sizes["target"], branch.frozen, name="target_embedding")
    begin = layers.Dense(branch.units, activation="tanh", name="begin")(encoded.vector)
    read = layers.SpatialDropout1D(recipe.dropout.embedding, name="target_drop")(embed(target))
    states = layers.GRU(branch.units, return_sequences=True, name="decoder")(read, initial_state=begin)
    keys = layers.Dense(branch.units, use_bias=False, name="keys")(encoded.states)
    contexts = Attend(name="attend")(states, keys, encoded.states, encoded.mask)
    combined = layers.Dense(width, name="combine")(layers.Concatenate()([states, contexts]))
    combined = layers.Dropout(recipe.dropout.output, name="drop")(combined)
    return Tied(embed, dtype="float32", name="output")(combined)


def loss(recipe: Recipe) -> keras.losses.Loss:
    """Return the loss on logits."""
    head = recipe.head
    if head.kind == "number":
        return keras.losses.MeanSquaredError(reduction=_MEAN)
    if head.several:
        return keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=head.smoothing, reduction=_MEAN)
    if head.kind == "labels":
        return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=head.smoothing, reduction=_MEAN)
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=_MEAN)


def probabilities(recipe: Recipe, logits: np.ndarray) -> np.ndarray:
    """Turn logits into probabilities; float32 of the same shape."""
    scaled = logits.astype(np.float64)
    if recipe.head.several:
        return np.asarray(1 / (1 + np.exp(-np.clip(scaled, -60, 60))), np.float32)
    scaled -= scaled.max(-1, keepdims=True)
    odds = np.exp(scaled)
    return np.asarray(odds / odds.sum(-1, keepdims=True), np.float32)
