"""Training from end to end on tiny invented texts: learning, going on after a kill, and what goes wrong."""

import csv
import itertools
import resource

import numpy as np
import pytest

from pipeline.errors import BundleMismatch, InputError, ModelError, StoreUnwritable, TrainingDiverged
from pipeline.models import backend, checkpoint, loop, network, recipe, serving, training
from pipeline.models.batches import Plan
from pipeline.models.examples import Examples
from pipeline.models.recipe import Branch, Dropout, Head, Recipe, Training

SMALL = Branch(language="en", units=8, embedding=8, least=1, pooling=("max", "last"))
GOOD, BAD = ["fine", "nice", "lovely", "sunny"], ["awful", "grey", "cold", "sad"]


def posts(count=160, seed=0):
    draw = np.random.default_rng(seed)
    gold = draw.integers(0, 2, count)
    words = [[*draw.choice(["the", "day", "was"], draw.integers(1, 6)), draw.choice(GOOD if y else BAD)] for y in gold]
    return Examples([" ".join(map(str, row)) for row in words], ["good" if y else "bad" for y in gold])


def small(**changes):
    options = {"epochs": 4, "rate": 0.02, "rows": 16, "patience": 9} | changes
    return Recipe(encoder=SMALL, training=Training(**options))


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit")
    return training.fit(small(members=2, average="moving"), posts(), posts(60, 1), folder), folder


@pytest.fixture(scope="module")
def model(fitted):
    return serving.Model.of(fitted[0])


def test_it_learns_and_answers_in_the_order_asked(model):
    assert model.labels == ["bad", "good"]
    found = model.probabilities(["the day was lovely", "sad", "", "the the the day was was nice"])
    assert found.argmax(1).tolist()[:2] == [1, 0]
    assert found.argmax(1)[3] == 1
    assert np.allclose(found.sum(1), 1, atol=1e-5)
    again = model.probabilities(["sad", "the the the day was was nice"])
    assert np.allclose(again, found[[1, 3]], atol=1e-5)
    assert model.probabilities([]).shape == (0, 2)


def test_many_batches_answer_as_one(model, monkeypatch):
    texts = posts(90, 2).texts
    once = model.raw(texts)
    monkeypatch.setattr(serving, "_plan", lambda: Plan(12, 4, backend.fixed_shapes()))
    assert np.allclose(model.raw(texts), once, atol=1e-5)


def test_what_it_leaves_behind(fitted):
    done, folder = fitted
    with (folder / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["member"], row["epoch"]) for row in rows] == [(str(m), str(e)) for m in (0, 1) for e in (1, 2, 3, 4)]
    assert len(rows) == len(done.history)
    assert not backend.on_tensorflow() or list((folder / "tensorboard").iterdir())
    assert not (folder / checkpoint.NAME).exists()
    assert {path.split("/")[0] for path in done.weights} == {"0", "1"}


def test_members_differ_and_their_answers_are_averaged(fitted, model):
    done, both = fitted[0], model
    name = "output/kernel"
    assert not np.array_equal(done.weights[f"0/{name}"], done.weights[f"1/{name}"])
    data = both.number(["the day was nice"])
    apart = [serving.logits(member, data) for member in both.members]
    softmax = [np.exp(part) / np.exp(part).sum() for part in apart]
    assert np.allclose(both.raw(["the day was nice"]), np.mean(softmax, 0), atol=1e-5)


def test_calibration_flattens_without_changing_the_answer(model, monkeypatch):
    texts = posts(20, 3).texts
    plain = model.probabilities(texts)
    monkeypatch.setattr(model, "temperature", 4.0)
    flat = model.probabilities(texts)
    assert np.array_equal(plain.argmax(1), flat.argmax(1))
    assert flat.max(1).mean() < plain.max(1).mean()


def test_weights_that_lack_a_part_are_refused(fitted):
    done, _ = fitted
    fewer = {path: array for path, array in done.weights.items() if not path.endswith("learned/embeddings")}
    with pytest.raises(BundleMismatch):
        serving.Model.of(training.Fitted(done.recipe, fewer, done.vocabularies, done.labels, done.data))


def test_a_recipe_of_another_hibi_is_refused(fitted):
    done, _ = fitted
    later = done.recipe.model_dump() | {"thought": "deep"}
    with pytest.raises(BundleMismatch, match="not a recipe that this hibi knows"):
        serving.Model.of(training.Fitted(later, done.weights, done.vocabularies, done.labels, done.data))


class Killed(Exception):
    pass


def kill_after(epoch):
    def watch(progress):
        if progress.score is not None and progress.epoch == epoch:
            raise Killed

    return watch


def test_after_a_kill_it_goes_on_and_comes_to_the_same(tmp_path):
    wanted = small(average="moving", schedule="cosine")
    data = posts(), posts(60, 1)
    straight = training.fit(wanted, *data, tmp_path / "straight")
    with pytest.raises(Killed):
        training.fit(wanted, *data, tmp_path / "killed", watch=kill_after(2))
    seen = []
    resumed = training.fit(wanted, *data, tmp_path / "killed", watch=lambda p: seen.append(p.epoch))
    assert set(seen) == {3, 4}
    assert [row["epoch"] for row in resumed.history] == [1, 2, 3, 4]
    for path, array in straight.weights.items():
        assert np.allclose(array, resumed.weights[path], atol=1e-5), path


def test_with_another_beginning_it_begins_anew(tmp_path, fitted):
    done, _ = fitted
    start = training.Start(done.weights, done.vocabularies)
    other = training.Start({name: array + 1 for name, array in done.weights.items()}, done.vocabularies)
    data, seen = (posts(), posts(60, 1)), []
    for begun in (None, start, other):
        with pytest.raises(Killed):
            training.fit(small(), *data, tmp_path, start=begun, watch=kill_after(1))
    with pytest.raises(Killed):
        training.fit(small(), *data, tmp_path, start=other, watch=lambda p: [seen.append(p.epoch), kill_after(2)(p)])
    assert set(seen) == {2}  # the state is that of the last beginning


def test_other_data_begin_anew_and_a_damaged_state_does_too(tmp_path):
    state = checkpoint.State("a", epoch=3, arrays={"best/x": np.ones(2)})
    checkpoint.save(state, tmp_path)
    assert checkpoint.load(tmp_path, "a").part("best")["x"].tolist() == [1, 1]
    assert checkpoint.load(tmp_path, "b") is None
    (tmp_path / checkpoint.NAME).write_bytes(b"\x00" * 40)
    assert checkpoint.load(tmp_path, "a") is None


@pytest.fixture
def files_of_at_most():
    """Have the system refuse to write more bytes to a file than are said, as it does where a disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_an_error_that_names_the_file_and_leaves_the_state_before(tmp_path, files_of_at_most):
    checkpoint.save(checkpoint.State("a", epoch=3), tmp_path)
    files_of_at_most(10_000)
    with pytest.raises(StoreUnwritable, match=r"resume\.safetensors: cannot be written"):
        checkpoint.save(checkpoint.State("a", epoch=4, arrays={"best/x": np.ones(20_000)}), tmp_path)
    assert checkpoint.load(tmp_path, "a").epoch == 3
    assert not any((tmp_path / ".staging").iterdir())


@pytest.mark.parametrize(("size", "name"), [(20, "tensorboard"), (110, r"history\.csv"), (200, "tensorboard")])
def test_so_is_one_without_room_for_the_curves(tmp_path, files_of_at_most, size, name):
    if name == "tensorboard" and not backend.on_tensorflow():
        pytest.skip("without TensorFlow there is no such log")
    files_of_at_most(size)
    with pytest.raises(StoreUnwritable, match=rf"{name}: cannot be written \(File too large\)"):
        training.fit(small(), posts(), posts(40, 1), tmp_path)


def test_a_loss_that_is_no_number_stops_it(tmp_path, monkeypatch):
    monkeypatch.setattr(network.Network, "step", lambda *_: float("nan"))
    with pytest.raises(TrainingDiverged, match=r"nan in epoch 1.*training\.rate"):
        training.fit(small(), posts(), posts(60, 1), tmp_path)
    assert not (tmp_path / checkpoint.NAME).exists()


def test_neither_is_a_loss_on_dev(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "measure", lambda *_: (float("nan"), 0.5))
    with pytest.raises(TrainingDiverged, match=r"on dev is nan after epoch 1.*training\.rate"):
        training.fit(small(), posts(), posts(60, 1), tmp_path)


def test_too_little_memory_halves_the_batches_at_most_four_times(tmp_path, monkeypatch):
    class Full(Exception):
        pass

    monkeypatch.setattr(backend, "out_of_memory", lambda error: isinstance(error, Full))
    sizes, whole = [], network.Network.step

    def step(self, given, wanted, weights):
        sizes.append(len(weights))
        if len(weights) > 4:
            raise Full
        return whole(self, given, wanted, weights)

    monkeypatch.setattr(network.Network, "step", step)
    done = training.fit(small(epochs=1), posts(40), posts(20, 1), tmp_path / "a")
    assert (max(sizes), len(done.history)) == (16, 1)  # 16, 8, then 4 fit
    monkeypatch.setattr(network.Network, "step", lambda *_: (_ for _ in ()).throw(Full()))
    with pytest.raises(ModelError, match="memory"):
        training.fit(small(epochs=1), posts(40), posts(20, 1), tmp_path / "b")


def test_an_epoch_that_did_not_fit_leaves_nothing_in_the_average(tmp_path, monkeypatch):
    class Full(Exception):
        pass

    monkeypatch.setattr(backend, "out_of_memory", lambda error: isinstance(error, Full))
    whole, found = network.Network.step, []
    for full in (1, 8):  # before and after the average took weights in, after the fifth step
        steps = itertools.count(1)

        def step(self, *batch, steps=steps, full=full):
            if next(steps) == full:
                raise Full
            return whole(self, *batch)

        monkeypatch.setattr(network.Network, "step", step)
        wanted = small(epochs=1, average="moving")
        found.append(training.fit(wanted, posts(), posts(60, 1), tmp_path / str(full)).weights)
    for path, array in found[0].items():
        assert np.allclose(array, found[1][path], atol=1e-6), path


def test_it_begins_where_another_model_ended(tmp_path, fitted):
    done, _ = fitted
    start = training.Start(done.weights, done.vocabularies)
    begun = training.fit(small(epochs=1, rate=1e-6), posts(), posts(60, 1), tmp_path / "a", start=start)
    name = "encoder_recurrent_0/forward_encoder_recurrent_0/lstm_cell/kernel"
    assert np.allclose(begun.weights[f"0/{name}"], done.weights[f"0/{name}"], atol=1e-3)
    assert begun.vocabularies == done.vocabularies
    other = Recipe(encoder=SMALL.model_copy(update={"units": 5, "embedding": 3, "pooling": ("mean",)}))
    with pytest.raises(ModelError, match="fits the recipe"):
        training.fit(other, posts(), posts(60, 1), tmp_path / "b", start=start)


def test_the_end_is_kept_where_dev_is_not_to_choose(tmp_path):
    against = Examples(["awful", "fine"] * 10, ["good", "bad"] * 10)  # the more is learned, the worse it scores
    best = training.fit(small(epochs=3, patience=1), posts(), against, tmp_path / "a")
    last = training.fit(small(epochs=3, patience=1, keep="last"), posts(), against, tmp_path / "b")
    assert (len(best.history), len(last.history)) == (2, 3)
    found = serving.Model.of(last).probabilities(["awful", "fine"])
    assert found.argmax(1).tolist() == [0, 1]


def test_several_labels_and_the_wide_part(tmp_path):
    base = posts()
    gold = np.array([[y == "good", "day" in x] for x, y in zip(base.texts, base.gold, strict=True)], np.int8)
    some = Examples(base.texts, gold, None, ["good", "day"])
    options = {"embedding": 0.0, "output": 0.0}
    wanted = small(epochs=8).model_copy(update={"head": Head(several=True, wide=0.3), "dropout": Dropout(**options)})
    done = training.fit(wanted, some, some.take(range(60)), tmp_path)
    found = serving.Model.of(done).probabilities(["the day was sad", "nice"])
    assert (found > 0.5).tolist() == [[False, True], [True, False]]
    assert done.linear is not None


def test_further_texts_are_for_the_linear_model_alone(tmp_path):
    from dataclasses import replace

    some = posts()
    more = replace(some, also=["zebra" if label == "good" else "" for label in some.gold])
    wanted = small(epochs=1).model_copy(update={"head": Head(wide=0.5)})
    with_them, without = (
        training.fit(wanted, one, posts(60, 1), tmp_path / name) for name, one in (("a", more), ("b", some))
    )
    assert "zebr" in with_them.linear.ngrams and "zebr" not in without.linear.ngrams
    assert with_them.vocabularies == without.vocabularies and with_them.data != without.data
    assert all(np.array_equal(with_them.weights[name], weight) for name, weight in without.weights.items())


def test_a_stronger_linear_model_is_surer():
    some = posts()
    wanted = [small().model_copy(update={"head": Head(strength=strength)}) for strength in (0.1, 10, 1000)]
    models = [training.linear_model(one, some, training.labels_of(one, some)) for one in wanted]
    sure = [float(model.probabilities(some.texts).max(1).mean()) for model in models]
    assert sure[0] + 0.05 < sure[1] < sure[2]


def test_votes_and_balance_are_taken_into_the_target():
    from pipeline.models import inputs
    from pipeline.models.units import Units
    from pipeline.models.vocabulary import Vocabulary

    wanted = Recipe(head=Head(votes=0.5, balanced=True))
    some = Examples(["a"] * 5, ["x"] * 4 + ["y"], votes=np.tile(np.array([[0.8, 0.2]], np.float32), (5, 1)))
    units = {"encoder": Units(["a"], np.zeros(5, np.int32), np.ones(5, np.int32))}
    found = inputs.prepare(wanted, some, units, {"encoder": Vocabulary(("a",))}, ["x", "y"])
    assert np.allclose(found.targets[[0, 4]], [[0.9, 0.1], [0.4, 0.6]])
    assert np.isclose(found.weights[4] / found.weights[0], 2)  # a quarter as frequent: its root


def test_examples_that_do_not_fit_the_head_are_refused(tmp_path):
    with pytest.raises(InputError, match="several = true"):
        several = Examples(["a"], np.ones((1, 2), np.int8), None, ["x", "y"])
        training.fit(small(), several, several, tmp_path)
    for wrong in ("x", "nan", "-inf", "1e39"):
        with pytest.raises(InputError, match=f"a number is wanted for each text, not '{wrong}'"):
            number = Recipe(encoder=SMALL, head=Head(kind="number"))
            training.fit(number, Examples(["a"], [wrong]), Examples(["a"], ["1"]), tmp_path)
    for head in (Head(kind="number"), Head(each=True)):
        with pytest.raises(InputError, match="one column of labels is wanted, not 2"):
            training.fit(Recipe(encoder=SMALL, head=head), several, several, tmp_path)
    with pytest.raises(ModelError, match="examples"):
        training.fit(small(), Examples([]), Examples([]), tmp_path)


def test_labels_of_units_that_dev_lacks_or_alone_has(tmp_path):
    branch = Branch(language="en", unit="character", least=1, units=4, embedding=2)
    wanted = Recipe(encoder=branch, head=Head(each=True), training=Training(epochs=1, rows=8))
    train = Examples(["abc", "cab"] * 8, ["012", "201"] * 8)
    assert training.fit(wanted, train, Examples(["aab"], ["001"]), tmp_path).labels == ["0", "1", "2"]
    with pytest.raises(InputError, match="label '3' is none of 0, 1, 2"):
        training.fit(wanted, train, Examples(["a"], ["3"]), tmp_path)


def test_shipped_binary_addition_learns_to_carry(tmp_path):
    from pipeline.models import arithmetic

    wanted = recipe.load("binary-addition")
    wanted = wanted.model_copy(update={"training": wanted.training.model_copy(update={"epochs": 12})})
    done = training.fit(wanted, arithmetic.binary_addition(1000), arithmetic.binary_addition(100, seed=2), tmp_path)
    fresh = arithmetic.binary_addition(200, seed=3)
    answers = serving.Model.of(done).labels_of_units(fresh.texts)
    assert np.mean([a == b for a, b in zip(answers, fresh.gold, strict=True)]) > 0.9
