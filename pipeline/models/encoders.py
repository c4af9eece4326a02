"""One builder of encoders: embedding, recurrent layers, pooling.

Shapes: n texts, t units (padding on the right), d numbers a state. A mask is bool (n, t), true for real units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pipeline.models import backend
from pipeline.models.backend import keras
from pipeline.models.recipe import Branch, Dropout, Pooling

ops, layers = keras.ops, keras.layers


class Sizes(NamedTuple):
    """What the data say of a branch's embedding."""

    units: int
    """Rows: units known, with padding and unknown."""
    learned: int
    """The first rows that were seen in training; those after them have pretrained vectors alone."""
    vectors: tuple[tuple[int, int], ...] = ()
    """Rows and width of each table of pretrained vectors, row 0 for units without one."""


class Encoded(NamedTuple):
    """What a branch makes of texts."""

    states: Any
    """(n, t, d): of the top layer, both directions side by side."""
    mask: Any
    vector: Any
    """(n, poolings * d)"""
    embed: Embed


class Plain(keras.layers.Layer):  # type: ignore[misc]
    """A layer that ends Keras's implicit masks: ours are given by hand, and a loss must not see one."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, *_: Any) -> None:
        """Pass no mask on."""


@keras.saving.register_keras_serializable("hibi")
class Mask(Plain):
    """Unit numbers (n, t) and lengths (n,) -> mask (n, t)."""

    def call(self, units: Any, lengths: Any) -> Any:
        """Tell where units are real."""
        return ops.arange(ops.shape(units)[1])[None, :] < lengths[:, None]


@keras.saving.register_keras_serializable("hibi")
class Reverse(Plain):
    """Put the first ``lengths`` places of each row in reverse order; padding stays where it is."""

    def call(self, rows: Any, lengths: Any) -> Any:
        """Reverse (n, t) or (n, t, d)."""
        place = ops.arange(ops.shape(rows)[1])[None, :]
        lengths = lengths[:, None]
        order = ops.where(place < lengths, lengths - 1 - place, place)
        return ops.take_along_axis(rows, order if len(rows.shape) == 2 else order[:, :, None], axis=1)


@keras.saving.register_keras_serializable("hibi")
class Embed(Plain):
    """Unit numbers (n, t) -> learned numbers beside pretrained vectors, (n, t, width)."""

    def __init__(self, width: int, sizes: Sizes, frozen: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.learned, self.units = sizes.learned, sizes.units
        self.sizes, self.frozen = sizes, frozen
        self.embeddings = layers.Embedding(sizes.learned, width, name="learned") if width else None
        self.tables: list[tuple[Any, Any]] = []

    def build(self, units_shape: Any) -> None:
        """Make the tables: ``rows_N`` says which row of ``vectors_N`` a unit has."""
        if self.embeddings:
            self.embeddings.build(units_shape)
        for number, shape in enumerate(self.sizes.vectors):
            rows = self.add_weight((self.units,), "zeros", "int32", trainable=False, name=f"rows_{number}")
            table = self.add_weight(shape, "zeros", trainable=not self.frozen, name=f"vectors_{number}")
            self.tables.append((rows, table))
        self.built = True

    def call(self, units: Any) -> Any:
        """Look units up; those never seen in training are unknown to the learned part."""
        found = [ops.take(table, ops.take(rows, units, 0), 0) for rows, table in self.tables]
        if self.embeddings:
            known = units if self.learned == self.units else ops.where(units < self.learned, units, 1)
            found.append(self.embeddings(known))
        return ops.concatenate(found, -1) if len(found) > 1 else found[0]


@keras.saving.register_keras_serializable("hibi")
class Pool(Plain):
    """States (n, t, d) -> one vector a text, (n, d) for each way of pooling, side by side.

    ``attention`` is additive: weights are the softmax of v . tanh(W h) (Bahdanau et al. 2015; Yang et al. 2016).
    """

    def __init__(self, ways: Sequence[Pooling], backwards: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ways, self.backwards = tuple(ways), backwards
        self.score = layers.Dense(1, use_bias=False, name="score") if "attention" in ways else None
        self.inner: Any = None

    def build(self, states_shape: Any, real_shape: Any, lengths_shape: Any) -> None:
        """Make the weights of attention."""
        if self.score:
            self.inner = layers.Dense(states_shape[-1], activation="tanh", name="inner")
            self.inner.build(states_shape)
            self.score.build(states_shape)
        self.built = True

    def call(self, states: Any, real: Any, lengths: Any) -> Any:
        """Pool; padding never counts."""
        shown = ops.cast(real, states.dtype)[:, :, None]
        far = ops.cast(-3e4, states.dtype)  # as good as minus infinity, and a half-precision number
        found = []
        for way in self.ways:
            if way == "last":
                found.append(self._last(states, lengths))
            elif way == "mean":
                found.append(ops.sum(states * shown, 1) / ops.cast(lengths, states.dtype)[:, None])
            elif way == "max":
                found.append(ops.max(ops.where(real[:, :, None], states, far), 1))
            else:
                assert self.score is not None
                scores = ops.where(real[:, :, None], self.score(self.inner(states)), far)
                found.append(ops.sum(ops.softmax(ops.cast(scores, "float32"), 1) * states, 1))
        return ops.concatenate(found, -1) if len(found) > 1 else found[0]

    def _last(self, states: Any, lengths: Any) -> Any:
        """Take each direction's final state: at the last unit forwards, at the first one backwards."""
        final = ops.take_along_axis(states, (lengths - 1)[:, None, None], axis=1)[:, 0]
        ahead = states.shape[-1] - self.backwards
        return ops.concatenate([final[:, :ahead], states[:, 0, ahead:]], -1) if self.backwards else final


def cell(branch: Branch, name: str, **kwargs: Any) -> Any:
    """Make a recurrent layer of one direction; gated cells keep to what cuDNN can (no recurrent dropout)."""
    if branch.cell == "simple":
        return layers.SimpleRNN(branch.units, activation=branch.activation, return_sequences=True, name=name, **kwargs)
    kind = backend.LSTM if branch.cell == "lstm" else layers.GRU
    return kind(branch.units, return_sequences=True, name=name, **kwargs)


def encode(branch: Branch, dropout: Dropout, sizes: Sizes, units: Any, lengths: Any, name: str) -> Encoded:
    """Build a branch over unit numbers (n, t) and lengths (n,)."""
    mask = Mask(name=f"{name}_mask")(units, lengths)
    embed = Embed(branch.embedding, sizes, branch.frozen, name=f"{name}_embedding")
    narrow = layers.Dense(branch.project, name=f"{name}_project") if branch.project else layers.Identity()

    def read(numbers: Any, name: str) -> Any:
        return narrow(layers.SpatialDropout1D(dropout.embedding, name=f"{name}_drop")(embed(numbers)))

    if branch.apart:
        back = Reverse(name=f"{name}_reverse")
        ahead = _stack(branch, dropout, read(units, f"{name}_forward"), mask, f"{name}_forward")
        behind = read(back(units, lengths), f"{name}_backward")
        after = _stack(branch, dropout, behind, mask, f"{name}_backward")
        states = layers.Concatenate(name=f"{name}_states")([ahead, back(after, lengths)])
    else:
        states = _stack(branch, dropout, read(units, f"{name}_recurrent"), mask, f"{name}_recurrent")
    pool = Pool(branch.pooling, branch.units if branch.bidirectional else 0, name=f"{name}_pool")
    vector = pool(states, mask, lengths)
    if branch.bag:
        mean = Pool(("mean",), 0, name=f"{name}_bag")(embed(units), mask, lengths)
        vector = layers.Concatenate(name=f"{name}_vector")([vector, mean])
    return Encoded(states, mask, vector, embed)


def _stack(branch: Branch, dropout: Dropout, states: Any, mask: Any, name: str) -> Any:
    for number in range(branch.layers):
        layer = cell(branch, f"{name}_{number}")
        if branch.bidirectional and not branch.apart:
            layer = layers.Bidirectional(layer, name=f"{name}_{number}")
        states = layer(states, mask=mask)
        if number < branch.layers - 1:
            states = layers.Dropout(dropout.between, name=f"{name}_{number}_drop")(states)
    return states
