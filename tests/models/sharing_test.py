"""Arrays that are the same are stored once and come back."""

import numpy as np

from pipeline.models import bundle, checkpoint, sharing
from pipeline.models.bundle import Bundle
from pipeline.models.checkpoint import State

FIXED = np.arange(1 << 18, dtype=np.float32)  # a mebibyte
SMALL = np.ones(3, np.float32)


def test_large_arrays_alone_are_looked_for():
    arrays = {
        "0/a": FIXED,
        "0/b": SMALL,
        "1/a": FIXED.copy(),
        "1/b": SMALL,
        "2/a": FIXED[::-1],
        "3/a": FIXED.view(np.int32),
    }
    kept, same = sharing.once(arrays)
    assert sorted(kept) == ["0/a", "0/b", "1/b", "2/a", "3/a"] and same == {"1/a": "0/a"}
    found = sharing.all_of(kept, same)
    assert found.keys() == arrays.keys() and all(np.array_equal(found[name], arrays[name]) for name in arrays)


def test_values_that_are_no_numbers_are_like_none():
    broken = np.full(1 << 18, np.nan, np.float32)
    assert sharing.once({"a": broken, "b": broken})[1] == {}


def test_a_bundle_of_several_networks_holds_their_vectors_once(tmp_path):
    weights = {f"{member}/fixed": FIXED for member in range(3)} | {"0/own": SMALL, "1/own": 2 * SMALL}
    bundle.save(Bundle({}, weights, {}, [], "data"), tmp_path)
    assert FIXED.nbytes < (tmp_path / "weights.safetensors").stat().st_size < 2 * FIXED.nbytes
    found = bundle.load(tmp_path, None).weights
    assert {name: array.tolist() for name, array in found.items()} == {
        name: array.tolist() for name, array in weights.items()
    }


def test_so_does_the_state_of_a_training(tmp_path):
    arrays = {"0/fixed": FIXED, "best/fixed": FIXED, "now/00001": FIXED, "now/00002": SMALL}
    checkpoint.save(State("a", arrays=arrays), tmp_path)
    assert (tmp_path / checkpoint.NAME).stat().st_size < 2 * FIXED.nbytes
    found = checkpoint.load(tmp_path, "a")
    assert found.arrays.keys() == arrays.keys() and np.array_equal(found.part("best")["fixed"], FIXED)
