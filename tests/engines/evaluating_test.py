"""How scores are told; the scores themselves are tested where they are made."""

from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.engines import evaluating
from pipeline.errors import SettingsError
from pipeline.models import evaluation
from pipeline.models.bundle import Bundle
from pipeline.models.examples import Examples
from pipeline.models.recipe import Recipe


def test_scores_in_numbers_by_name():
    gold = np.array([0, 0, 1, 1])
    found = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])  # the second one is wrong
    told = evaluating.plain(evaluation.evaluate(gold, found, ["a", "b"]))
    assert told["accuracy"] == 0.75
    # a: precision 1, recall 1/2, F1 2/3; b: precision 2/3, recall 1, F1 4/5
    assert told["per_class"]["a"] == {
        "precision": 1,
        "recall": 0.5,
        "f1": pytest.approx(2 / 3),
        "gold": 2,
        "predicted": 1,
    }
    assert told["per_class"]["b"]["f1"] == pytest.approx(0.8)
    assert told["macro_f1"] == pytest.approx((2 / 3 + 0.8) / 2)
    assert told["confusion"] == [[1, 1], [0, 2]]
    low, high = told["intervals"]["accuracy"]
    assert low <= 0.75 <= high


def test_lines_name_the_model_the_baseline_and_rows_that_were_left_out():
    scores = {"model": "mood/0001", "posts": 1200, "unlabelled": 3, "accuracy": 0.9}
    lines = evaluating.lines(scores | {"units": 34567, "linear": {"accuracy": 0.8, "macro_f1": 0.7}})
    assert lines == [
        "mood/0001 on 1,200 texts",
        "accuracy           0.9000",
        "units              34,567",
        "linear baseline    accuracy 0.8000, macro F1 0.7000",
        "3 rows without a label were left out",
    ]


def test_without_right_answers_nothing_is_measured():
    asked = evaluating.Asked("mood/0001", Bundle({}, {}, {}, ["a"], "data"), SimpleNamespace(recipe=Recipe()))
    with pytest.raises(SettingsError, match="--label"):
        evaluating.evaluate(asked, Examples(["text"]))
