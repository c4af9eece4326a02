"""Training to a bundle: calibrated, measured beside the linear baseline, gone on with after a kill."""

import importlib.util
from dataclasses import replace

import lessons
import numpy as np
import pytest

from pipeline.engines import evaluating, learning
from pipeline.errors import InputError, ModelError, SettingsError, TrainingDiverged
from pipeline.models import bundle as bundles
from pipeline.models.examples import Examples
from pipeline.models.serving import Model
from pipeline.settings import Task


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A model of one label, made in one go."""
    return learning.fitted(lessons.recipe(), *lessons.parts(lessons.yes_no()), tmp_path_factory.mktemp("plain"))


def files_of(bundle, folder):
    bundles.save(bundle, folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_bundle_is_calibrated_and_measured_on_dev(plain):
    _, dev = lessons.parts(lessons.yes_no())
    assert plain.labels == ["no", "yes"]
    assert plain.confusion.sum() == 10  # posts of dev, each once
    assert plain.metrics["dev"]["accuracy"]["value"] == np.trace(plain.confusion) / 10
    assert plain.metrics["dev"]["accuracy"]["value"] >= 0.9  # a word tells it
    assert plain.metrics["dev_linear"]["posts"] == 10
    assert plain.metrics["examples"] == {"train": 40, "dev": 10}
    assert plain.dictionary is None  # English words ask for no dictionary
    # sharper or flatter, the temperature's answers are no less likely than those without it
    gold = np.array([plain.labels.index(label) for label in dev.gold])
    cold, raw = (Model.of(replace(plain, temperature=t)).probabilities(dev.texts) for t in (plain.temperature, 1.0))
    likely = [np.log(p[np.arange(10), gold]).mean() for p in (cold, raw)]
    assert likely[0] >= likely[1] - 1e-6


def test_a_killed_training_goes_on_and_ends_alike(plain, tmp_path):
    class Killed(Exception):
        pass

    seen = []

    def watch(now):
        seen.append(now.epoch)
        if now.score is not None and len(set(seen)) == 2:
            raise Killed

    parts = lessons.parts(lessons.yes_no())
    with pytest.raises(Killed):
        learning.fitted(lessons.recipe(), *parts, tmp_path / "state", watch=watch)
    before, seen[:] = list(seen), [0, 0]
    again = learning.fitted(lessons.recipe(), *parts, tmp_path / "state", watch=lambda now: seen.append(now.epoch))
    assert set(before) == {1, 2} and set(seen) == {0, 3}  # epochs 1 and 2 were not done again
    assert files_of(again, tmp_path / "again") == files_of(plain, tmp_path / "plain")


def test_a_loss_that_is_no_number_ends_the_training(tmp_path):
    train, dev = lessons.parts(Examples(lessons.sentences(), ["1e30"] * 50))  # 1e60 is beyond float32
    with pytest.raises(TrainingDiverged, match=r"training\.rate"):
        learning.fitted(lessons.recipe(head={"kind": "number"}), train, dev, tmp_path)


def test_one_label_alone_is_nothing_to_learn(tmp_path):
    train, dev = lessons.parts(Examples(lessons.sentences(), ["yes"] * 50))
    with pytest.raises(InputError, match="has the label yes; two labels are the least"):
        learning.fitted(lessons.recipe(), train, dev, tmp_path)


def test_several_labels(tmp_path):
    train, dev = lessons.parts(lessons.several())
    found = learning.fitted(lessons.recipe(head={"several": True}), train, dev, tmp_path)
    assert found.several and found.labels == ["good", "book"]
    assert found.confusion.tolist()[0][2:] == [5 - found.confusion[0, 3], found.confusion[0, 3]]  # 5 of 10 are good
    assert found.confusion.shape == (2, 4) and found.confusion.sum() == 20


def test_a_wide_recipe_is_served_as_a_whole(tmp_path):
    train, dev = lessons.parts(lessons.yes_no())
    wide = learning.fitted(lessons.recipe(head={"wide": 0.5}), train, dev, tmp_path / "state")
    bundles.save(wide, tmp_path / "saved")
    served = Model.of(bundles.load(tmp_path / "saved", None))
    deep = Model(lessons.recipe(), replace(wide, linear=None)).probabilities(dev.texts)
    linear = wide.linear.probabilities(dev.texts)
    both = np.sqrt(deep * linear)  # geometric mean of equal parts
    assert served.raw(dev.texts) == pytest.approx(both / both.sum(1, keepdims=True), abs=1e-5)
    scores = evaluating.evaluate(evaluating.Asked("w/0001", wide, served), dev)
    assert scores["accuracy"] == wide.metrics["dev"]["accuracy"]["value"]
    assert scores["linear"]["accuracy"] == wide.metrics["dev_linear"]["accuracy"]["value"]


def test_the_linear_part_is_the_likeliest_on_dev():
    gold = np.array([0, 1, 0, 1])
    right, wrong = np.eye(2)[gold] * 0.8 + 0.1, np.eye(2)[1 - gold] * 0.8 + 0.1
    assert learning.likeliest_share(right, wrong, gold) == 0
    assert learning.likeliest_share(wrong, right, gold) == 1
    one, other = right.copy(), right.copy()  # each is wrong, and no surer of it, where the other is right
    one[0], other[3] = (0.4, 0.6), (0.6, 0.4)
    assert 0 < learning.likeliest_share(one, other, gold) < 1
    both = np.array([[1, 0], [0, 0], [1, 1]])
    right = np.abs(both - 0.1)
    assert learning.likeliest_share(1 - right, right, both) == 1
    assert learning.likeliest_share(right, 1 - right, both) == 0


@pytest.mark.parametrize("more", [{}, {"several": True}])
def test_what_is_found_on_dev_is_what_answers(tmp_path, more):
    train, dev = lessons.parts(lessons.several() if more else lessons.yes_no())
    untrained = lessons.recipe(head={"weigh": True} | more, training={"rate": 1e-9, "epochs": 1})
    found = learning.fitted(untrained, train, dev, tmp_path)
    assert found.recipe["head"]["wide"] >= 0.5  # the network has learned nothing
    again = found.recipe | {"head": found.recipe["head"] | {"weigh": False}}
    one, fixed, alone = found, replace(found, recipe=again), replace(found, linear=None)
    served, with_it, without = (Model.of(model).raw(dev.texts) for model in (one, fixed, alone))
    assert np.array_equal(served, with_it) and not np.array_equal(served, without)


def test_a_number(tmp_path):
    texts = [" ".join("xo"[(n >> bit) & 1] for bit in range(4)) for n in range(16)] * 4
    gold = [str(text.count("x")) for text in texts]
    recipe = lessons.recipe(head={"kind": "number"}, training={"epochs": 2})
    found = learning.fitted(recipe, Examples(texts, gold), Examples(texts[:16], gold[:16]), tmp_path)
    away = Model.of(found).numbers(texts[:16]) - np.array(gold[:16], float)
    assert found.metrics["dev"]["mse"] == pytest.approx(float((away**2).mean()), rel=1e-4)
    assert found.linear is None and "posts_per_second" not in found.metrics["dev"]


def test_a_label_for_each_unit(tmp_path):
    texts = ["a b a", "b b", "a a b b", "b a"] * 8
    gold = [text.replace(" ", "").replace("a", "1").replace("b", "0") for text in texts]
    recipe = lessons.recipe(head={"each": True}, training={"epochs": 6, "patience": 6, "rows": 4})
    found = learning.fitted(recipe, Examples(texts, gold), Examples(texts[:4], gold[:4]), tmp_path)
    assert found.metrics["dev"] == {"accuracy": 1.0, "unit_accuracy": 1.0}


def test_only_an_encoder_of_the_same_shape_begins_another(plain, tmp_path):
    other = lessons.recipe(encoder={"units": 7})
    with pytest.raises(SettingsError, match=r"encoder\.units is 12, and the recipe's is 7"):
        learning.fitted(other, *lessons.parts(lessons.yes_no()), tmp_path, start=plain)


def test_a_task_that_allows_several_labels_gets_a_recipe_that_does():
    assert learning.recipe_of(Task(name="mood", several=True)).head.several
    assert not learning.recipe_of(Task(name="mood")).head.several


def test_without_keras_the_error_names_what_to_install(monkeypatch, tmp_path):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "keras" else real(name))
    with pytest.raises(ModelError, match=r"keras; in hibi's folder: pip install -e '\.\[cpu\]'"):
        learning.fitted(lessons.recipe(), *lessons.parts(lessons.yes_no()), tmp_path)
