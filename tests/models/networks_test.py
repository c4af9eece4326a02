"""Networks: how large they are, and that padding never counts."""

import re
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import BundleMismatch
from pipeline.models import backend, encoders, heads
from pipeline.models.backend import keras
from pipeline.models.encoders import Sizes
from pipeline.models.heads import Shape
from pipeline.models.network import Network
from pipeline.models.recipe import Branch, Head, Recipe

PIPELINE = Path(backend.__file__).parents[1]


def build(branch, **more):
    return Network(Recipe(encoder=branch, **more), Shape({"encoder": Sizes(50, 50), "beside": Sizes(9, 9)}, 3), seed=1)


def rows(width):
    """Two texts of 5 and 2 units, padded to ``width``."""
    units = np.zeros((2, width), np.int32)
    units[0, :5], units[1, :2] = [2, 3, 4, 5, 6], [7, 8]
    return {"encoder": units, "encoder_lengths": np.array([5, 2], np.int32)}


def test_the_first_network_of_the_exercise_has_320_784_parameters():
    branch = Branch(cell="simple", bidirectional=False, embedding=32, units=16, vocabulary=10_000)
    model = heads.build(Recipe(encoder=branch), Shape({"encoder": Sizes(10_000, 10_000)}, 1))
    parts = {layer.name: layer.count_params() for layer in model.layers}
    assert parts["encoder_embedding"] == 10_000 * 32
    assert parts["encoder_recurrent_0"] == 16 * (32 + 16 + 1)
    assert parts["encoder_embedding"] + parts["encoder_recurrent_0"] == 320_784
    assert model.count_params() == 320_784 + 17  # the output: 16 weights and a bias


@pytest.mark.parametrize(
    "branch",
    [
        Branch(cell="simple", units=6, embedding=4, pooling=("last", "mean", "max", "attention")),
        Branch(cell="gru", units=6, embedding=4, bidirectional=False),
        Branch(cell="lstm", units=6, embedding=4, layers=2, project=3),
        Branch(cell="lstm", units=6, embedding=4, layers=2, apart=True, pooling="last"),
    ],
    ids=lambda branch: f"{branch.cell}-{branch.layers}-{branch.apart}",
)
def test_padding_changes_nothing(branch):
    network = build(branch)
    found, wider = network.logits(rows(5)), network.logits(rows(11))
    assert found.shape == (2, 3)
    assert np.allclose(found, wider, atol=1e-6)
    alone = {"encoder": rows(5)["encoder"][1:, :2], "encoder_lengths": np.array([2], np.int32)}
    assert np.allclose(network.logits(alone), found[1:], atol=1e-6)


def test_the_lstm_of_one_operation_is_keras_s_lstm():
    x = np.random.default_rng(0).normal(size=(4, 7, 5)).astype(np.float32)
    mask = np.arange(7) < np.array([7, 3, 1, 5])[:, None]
    for sequences in (True, False):
        plain, ours = (
            keras.layers.Bidirectional(kind(6, return_sequences=sequences))
            for kind in (keras.layers.LSTM, backend.LSTM)
        )
        plain.build(x.shape)
        ours.build(x.shape)
        ours.set_weights(plain.get_weights())
        a, b = np.array(plain(x, mask=mask)), np.array(ours(x, mask=mask))
        if sequences:
            a, b = a[mask], b[mask]
        assert np.allclose(a, b, atol=1e-6)


@pytest.mark.skipif(not backend.on_tensorflow(), reason="TensorFlow's own operation")
@pytest.mark.parametrize("backwards", [False, True])
def test_its_gradient_is_keras_s_too(backwards):
    """TensorFlow's gradient of BlockLSTMV2 is wrong: every value of it, while the states are right."""
    import tensorflow as tf

    draw = np.random.default_rng(0)
    x = draw.normal(size=(4, 7, 5)).astype(np.float32)
    mask = np.arange(7) < np.array([7, 3, 1, 5])[:, None]
    shown = (mask[:, ::-1] if backwards else mask)[:, :, None]  # Keras gives states in the order of computation
    weights = draw.normal(size=(4, 7, 6)).astype(np.float32) * shown
    plain, ours = (kind(6, return_sequences=True, go_backwards=backwards) for kind in (keras.layers.LSTM, backend.LSTM))
    plain.build(x.shape)
    ours.build(x.shape)
    ours.set_weights(plain.get_weights())
    found = []
    for layer in (plain, ours):
        given = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(given)
            value = tf.reduce_sum(layer(given, mask=mask) * weights)
        found.append(tape.gradient(value, [given, *layer.trainable_weights]))
    for theirs, mine in zip(*found, strict=True):
        assert np.abs(np.array(theirs)).max() > 0.1
        assert np.allclose(theirs, mine, atol=1e-5)


def test_adam_of_one_pass_is_keras_s_adam():
    def trained(optimiser):
        keras.utils.set_random_seed(3)
        model = keras.Sequential([keras.Input((3,), dtype="int32"), keras.layers.Embedding(20, 4)])
        model.add(keras.layers.Flatten())
        model.add(keras.layers.Dense(1))
        model.compile(optimiser, "mse")
        for step in range(5):
            model.train_on_batch(np.arange(6).reshape(2, 3) + step, np.ones((2, 1)))
        return model.get_weights()

    for ours, plain in zip(trained(backend.Adam(0.1)), trained(keras.optimizers.Adam(0.1)), strict=True):
        assert np.allclose(ours, plain, atol=1e-5)


def test_reversing_leaves_padding_in_its_place():
    units, lengths = np.array([[1, 2, 3, 0], [4, 0, 0, 0]], np.int32), np.array([3, 1], np.int32)
    assert np.array(encoders.Reverse()(units, lengths)).tolist() == [[3, 2, 1, 0], [4, 0, 0, 0]]


def test_pooling_by_hand():
    states = np.array(
        [[[1.0, 4.0], [3.0, 2.0], [9.0, 9.0]]], np.float32
    )  # forwards and backwards; the third is padding
    pool = encoders.Pool(("last", "mean", "max"), backwards=1)
    found = np.array(pool(states, np.array([[True, True, False]]), np.array([2])))
    assert found.tolist() == [[3, 4, 2, 3, 3, 4]]  # forwards' second, backwards' first; means; maxima


def test_the_mean_of_the_embedding_stands_beside_the_states():
    plain, bag = (build(Branch(units=3, embedding=2, pooling="max", bag=bag)) for bag in (False, True))
    shapes = [network.weights()["output/kernel"].shape for network in (plain, bag)]
    assert shapes == [(6, 3), (6 + 2, 3)]
    table = bag.weights()["encoder_embedding/learned/embeddings"]
    kernel = np.zeros((8, 3), np.float32)
    kernel[6:, :2] = np.eye(2)
    bag.load(bag.weights() | {"output/kernel": kernel, "output/bias": np.zeros(3, np.float32)})
    assert np.allclose(bag.logits(rows(7))[1, :2], (table[7] + table[8]) / 2, atol=1e-5)


def test_units_never_trained_on_have_their_vectors_only():
    embed = encoders.Embed(2, Sizes(5, 3, ((3, 4),)), frozen=True)
    embed.build((None, None))
    learned = np.arange(6).reshape(3, 2)
    embed.embeddings.embeddings.assign(learned)
    embed.tables[0][0].assign(np.array([0, 0, 1, 0, 2]))
    embed.tables[0][1].assign(np.arange(12).reshape(3, 4))
    found = np.array(embed(np.array([[2, 4]])))
    assert found.tolist() == [[[4, 5, 6, 7, 4, 5], [8, 9, 10, 11, 2, 3]]]  # unit 4's learned part is the unknown's
    assert len(embed.trainable_weights) == 1


def test_weights_of_another_network_are_refused():
    small, large = build(Branch(units=4, embedding=4)), build(Branch(units=5, embedding=4))
    with pytest.raises(BundleMismatch, match="shape"):
        large.load(small.weights())
    weights = small.weights()
    weights.pop("output/bias")
    with pytest.raises(BundleMismatch, match="output/bias"):
        small.load(weights)


def test_probabilities_of_one_label_and_of_several():
    logits = np.array([[0.0, np.log(3)]], np.float32)
    assert np.allclose(heads.probabilities(Recipe(), logits), [[0.25, 0.75]])
    several = Recipe(head=Head(several=True))
    assert np.allclose(heads.probabilities(several, logits), [[0.5, 0.75]])  # odds 1 and 3


def test_tensorflow_is_spoken_to_in_one_file():
    named = [p.name for p in PIPELINE.rglob("*.py") if re.search(r"^\s*(import|from) tensorflow", p.read_text(), re.M)]
    assert named == ["backend.py"]
