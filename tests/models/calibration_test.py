import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models import calibration
from pipeline.models.evaluation import calibration_error, reliability


def too_sure(temperature, posts=3000, seed=0):
    """Gold drawn from true probabilities, and the same sharpened by 1 / temperature."""
    rng = np.random.default_rng(seed)
    true = rng.dirichlet(np.ones(3), posts)
    gold = (true.cumsum(axis=1) < rng.random((posts, 1))).sum(axis=1)
    return calibration.scale(true, 1 / temperature, several=False), gold


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_is_found_again(temperature):
    probabilities, gold = too_sure(temperature)
    assert calibration.find_temperature(probabilities, gold) == pytest.approx(temperature, rel=0.08)


def test_scaling_mends_the_calibration_error():
    probabilities, gold = too_sure(2.5)
    found = calibration.find_temperature(probabilities, gold)
    scaled = calibration.scale(probabilities, found, several=False)
    before, after = (calibration_error(reliability(gold, each)) for each in (probabilities, scaled))
    assert before > 0.1 and after < 0.03


def test_several_labels_have_one_temperature_too():
    rng = np.random.default_rng(3)
    true = rng.random((2000, 2))
    gold = (rng.random((2000, 2)) < true).astype(np.int8)
    sharp = calibration.scale(true, 0.5, several=True)
    assert calibration.find_temperature(sharp, gold) == pytest.approx(2.0, rel=0.1)


def test_scaling_by_hand():
    # 0.8 : 0.2 at temperature 2 are √0.8 : √0.2 = 2 : 1; a logit of log 4 halved is log 2.
    assert calibration.scale(np.array([[0.8, 0.2]]), 2.0, several=False)[0] == pytest.approx([2 / 3, 1 / 3])
    assert calibration.scale(np.array([[0.8]]), 2.0, several=True)[0] == pytest.approx([2 / 3])


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=5).filter(lambda p: sum(p) > 0),
    st.floats(0.05, 20),
)
def test_scaled_probabilities_are_probabilities_and_keep_their_order(weights, temperature):
    probabilities = np.array([weights]) / sum(weights)
    scaled = calibration.scale(probabilities, temperature, several=False)
    assert scaled.sum() == pytest.approx(1, abs=1e-5)
    assert np.isfinite(scaled).all()
    assert (np.diff(scaled[0][np.argsort(probabilities[0])]) >= -1e-6).all()


def sure_of(confidences):
    return np.stack([np.array(confidences), 1 - np.array(confidences)], axis=1)


def test_the_threshold_is_the_lowest_that_is_right_often_enough():
    # From the surest: right, right, right, wrong, right: 1, 1, 1, 3/4, 4/5
    probabilities = sure_of([0.99, 0.95, 0.9, 0.8, 0.7])
    gold = np.array([0, 0, 0, 1, 0])
    assert calibration.find_threshold(probabilities, gold, wanted=0.9, least=2) == pytest.approx(0.9)
    assert calibration.find_threshold(probabilities, gold, wanted=0.8, least=2) == 0.0  # all of them: 4/5
    assert calibration.find_threshold(probabilities, gold, wanted=0.9, least=6) == 0.0  # too few to tell
    wrong = 1 - gold
    assert calibration.find_threshold(probabilities, wrong, wanted=0.9, least=4) == pytest.approx(0.8)  # best: 1/4


def test_answers_of_equal_confidence_go_together():
    probabilities = sure_of([0.9, 0.9, 0.9, 0.6])
    assert calibration.find_threshold(probabilities, np.array([0, 0, 1, 1]), wanted=0.9, least=1) == pytest.approx(0.9)


def test_below_the_threshold_is_unsure():
    assert calibration.unsure(sure_of([0.9, 0.6, 0.2]), 0.7, several=False).tolist() == [False, True, False]
    assert calibration.unsure(np.array([[0.9, 0.4]]), 0.7, several=True).tolist() == [[False, True]]


def test_without_posts_the_temperature_is_one():
    assert calibration.find_temperature(np.zeros((0, 2)), np.array([], np.int64)) == 1.0
