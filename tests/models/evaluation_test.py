import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models import evaluation

LABELS = ["a", "b", "c"]


def one_hot(answers, labels=3, sure=1.0):
    """Probabilities that put ``sure`` on the answer and share the rest."""
    found = np.full((len(answers), labels), (1 - sure) / (labels - 1), np.float32)
    found[np.arange(len(answers)), answers] = sure
    return found


def test_scores_by_hand():
    gold = np.array([0, 0, 0, 1, 1, 2])
    found = evaluation.evaluate(gold, one_hot([0, 0, 1, 1, 2, 2]), LABELS)
    assert found.accuracy.value == 4 / 6
    assert found.confusion == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    a, b, c = found.per_class
    assert (a.precision, a.recall, a.f1.value) == (1.0, 2 / 3, pytest.approx(0.8))  # 2·1·⅔ / (1 + ⅔)
    assert (b.precision, b.recall, b.f1.value) == (0.5, 0.5, 0.5)
    assert (c.precision, c.recall, c.f1.value) == (0.5, 1.0, pytest.approx(2 / 3))
    assert found.macro_f1.value == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)
    assert [(row.gold, row.predicted) for row in found.per_class] == [(3, 2), (2, 2), (1, 2)]
    assert found.macro_f1.low <= found.macro_f1.value <= found.macro_f1.high


def test_several_labels_ask_for_exact_matches():
    gold = np.array([[1, 0], [1, 1], [0, 0], [0, 1]], np.int8)
    probabilities = np.array([[0.9, 0.1], [0.8, 0.4], [0.2, 0.3], [0.6, 0.5]], np.float32)
    found = evaluation.evaluate(gold, probabilities, ["x", "y"])
    assert found.accuracy.value == 0.5  # the second misses y, the fourth adds x
    assert found.confusion == [[1, 1, 0, 2], [2, 0, 1, 1]]  # absent, false, missed, present
    assert found.per_class[0].f1.value == pytest.approx(2 * 2 / (3 + 2))


def test_labels_that_do_not_occur_are_left_out_of_the_mean():
    found = evaluation.evaluate(np.array([0, 1]), one_hot([0, 1]), LABELS)
    assert found.macro_f1.value == 1.0


def test_calibration_error_by_hand():
    # Ten answers at 0.8, six of them right; ten at 1.0, all right: (10 · 0.2 + 10 · 0) / 20
    probabilities = np.concatenate([one_hot([0] * 10, 2, 0.8), one_hot([0] * 10, 2)])
    gold = np.array([0] * 6 + [1] * 4 + [0] * 10)
    found = evaluation.evaluate(gold, probabilities, ["a", "b"])
    assert found.ece == pytest.approx(0.1, abs=1e-6)
    assert [(b.answers, round(b.confidence, 3), b.right) for b in found.reliability] == [(10, 0.8, 0.6), (10, 1.0, 1.0)]


def test_scores_are_those_of_scikit_learn():
    from sklearn.metrics import accuracy_score, f1_score

    rng = np.random.default_rng(0)
    gold, probabilities = rng.integers(0, 5, 300), rng.dirichlet(np.ones(5), 300)
    found = evaluation.evaluate(gold, probabilities, list("abcde"))
    answers = probabilities.argmax(axis=1)
    assert found.accuracy.value == pytest.approx(accuracy_score(gold, answers))
    assert found.macro_f1.value == pytest.approx(f1_score(gold, answers, average="macro"))
    assert [row.f1.value for row in found.per_class] == pytest.approx(list(f1_score(gold, answers, average=None)))


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(200):  # a model right seven times of ten, asked 150 times
        right = (rng.random(150) < 0.7).astype(np.int64)
        found = evaluation.evaluate(np.ones(150, np.int64), one_hot(right, 2), ["a", "b"], draws=300)
        hits += found.accuracy.low <= 0.7 <= found.accuracy.high
    assert 180 <= hits <= 199  # of 200: 95 in 100, give or take three standard errors of 3


def test_the_same_posts_give_the_same_intervals_in_any_order():
    rng = np.random.default_rng(2)
    gold, probabilities = rng.integers(0, 3, 80), rng.dirichlet(np.ones(3), 80)
    order = rng.permutation(80)
    first = evaluation.evaluate(gold, probabilities, LABELS)
    again = evaluation.evaluate(gold[order], probabilities[order], LABELS)
    assert (first.accuracy, first.macro_f1, first.confusion) == (again.accuracy, again.macro_f1, again.confusion)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_rows_of_the_confusion_sum_to_gold(pairs):
    gold, said = (np.array(column) for column in zip(*pairs, strict=True))
    found = evaluation.confusion(gold, said, 3)
    assert found.sum(axis=1).tolist() == np.bincount(gold, minlength=3).tolist()
    assert found.sum(axis=0).tolist() == np.bincount(said, minlength=3).tolist()
    tallies = evaluation.tallies(gold, said, 3).sum(axis=0)
    assert tallies[0] == np.trace(found)


@pytest.mark.parametrize(
    ("gold", "shape"), [(np.array([0, 3]), (2, 3)), (np.array([0, 1]), (3, 3)), (np.array([], np.int64), (0, 3))]
)
def test_what_does_not_fit_is_refused(gold, shape):
    with pytest.raises(ValueError, match=r"gold|no posts"):
        evaluation.evaluate(gold, np.ones(shape), LABELS)
