"""Sampled softmax: which units stand for all, and with what weight."""

import numpy as np
import pytest

from pipeline.models import heads
from pipeline.models.encoders import Sizes
from pipeline.models.heads import Shape
from pipeline.models.network import Network
from pipeline.models.recipe import Branch, Head, Recipe, Training
from pipeline.models.sampling import Sampler

VALUES = np.repeat(np.arange(2, 42), np.arange(40, 0, -1))
"""Unit 2 forty times, unit 41 once."""


def test_candidates_hold_what_is_asked_and_places_point_at_it():
    wanted = np.array([[[5, 2], [40, 0]], [[7, 9], [0, 0]]])
    weights = np.array([[[1, 1], [1, 0]], [[1, 1], [0, 0]]])
    found = Sampler(VALUES, 42, 8).draw(wanted, weights, np.random.default_rng(1))
    assert (np.diff(found.candidates) > 0).all()  # each once
    assert (found.candidates[found.wanted] == wanted)[weights > 0].all()
    assert len(found.candidates) <= 5 + 8 and len(found.offsets) == len(found.candidates)


def test_units_that_are_not_scored_are_asked_for_as_unknown():
    sampler = Sampler(np.array([2, 2, 3, 9, 9, 9, 9, 9]), 4, 3)
    assert sampler.shares.tolist() == [0, 5 / 8, 2 / 8, 1 / 8]


def test_where_shapes_must_be_few_the_filling_has_no_chance():
    found = Sampler(VALUES, 42, 8, fixed=True).draw(np.array([3]), np.array([1]), np.random.default_rng(1))
    assert len(found.candidates) == 1024
    assert (found.offsets == -1e9).sum() >= 1024 - 9


def test_the_weighted_candidates_sum_to_the_whole_on_average():
    generator, sampler = np.random.default_rng(2), Sampler(VALUES, 42, 20)
    scores = generator.normal(size=42)
    asked = [generator.choice(VALUES, 6) for _ in range(4000)]
    drawn = [sampler.draw(units, np.ones(6), generator) for units in asked]
    sums = [np.exp(scores[found.candidates] + found.offsets).sum() for found in drawn]
    assert np.mean(sums) == pytest.approx(np.exp(scores[2:]).sum(), rel=0.02)


def test_what_is_trained_scores_the_candidates_as_what_answers_scores_all():
    wanted = Recipe(encoder=Branch(units=4, embedding=3), head=Head(kind="next", negatives=5))
    network = Network(wanted, Shape({"encoder": Sizes(20, 20)}, 0), seed=1)
    given = {"encoder": np.array([[2, 3, 4]], np.int32), "encoder_lengths": np.array([3], np.int32)}
    candidates, offsets = np.array([2, 7, 11], np.int32), np.array([0.5, 0, -1], np.float32)
    trained = heads.for_training(wanted, network.model)
    found = np.array(trained(given | {"candidates": candidates, "offsets": offsets}))
    assert np.allclose(found, network.logits(given)[..., candidates] + offsets, atol=1e-5)
    assert {weight.path for weight in trained.weights} == {weight.path for weight in network.model.weights}


def test_a_language_model_learns_from_samples(tmp_path):
    from pipeline.models import generation, serving, training
    from pipeline.models.examples import Examples

    said = Examples(["the cat sat on the mat .", "the dog ran in the fog .", "a cow saw a sow now ."] * 20)
    wanted = Recipe(
        encoder=Branch(language="en", least=1, units=24, embedding=16),
        head=Head(kind="next", negatives=4),
        training=Training(epochs=12, rate=0.02, rows=8, keep="last"),
    )
    model = serving.Model.of(training.fit(wanted, said, said.take(range(6)), tmp_path))
    likelihood, units = generation.likelihoods(model, said.texts[:3])
    assert np.exp(-likelihood.sum() / units.sum()) < 2  # of 19 units; all scored
