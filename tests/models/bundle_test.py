import hashlib
import json
import random
from dataclasses import replace

import numpy as np
import pytest

from pipeline.errors import BundleDamaged, BundleMismatch, TrainingDiverged
from pipeline.models import baseline, bundle
from pipeline.models.bundle import Bundle

DICTIONARY = "fedcba9876543210"


def made(**changes):
    whole = Bundle(
        recipe={"name": "sentiment", "units": 64},
        weights={"embedding": np.arange(12, dtype=np.float32).reshape(4, 3), "bias": np.array([0.5], np.float16)},
        vocabularies={"words": ["猫", "犬\n", "\ud800"], "characters": ["猫"]},
        labels=["negative", "positive"],
        data="0123456789abcdef",
        dictionary=DICTIONARY,
        temperature=1.25,
        threshold=0.6,
        metrics={"dev": {"accuracy": 0.86}},
        confusion=np.array([[5, 1], [2, 7]]),
        linear=baseline.fit(["良い", "良い", "悪い", "悪い"], np.array([1, 1, 0, 0]), 2, words=True),
    )
    return replace(whole, **changes)


def resign(folder):
    """Write SHA256SUMS anew, as somebody would who changes a file on purpose."""
    names = [line[66:] for line in (folder / bundle.SUMS).read_text().splitlines()]
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / bundle.SUMS).write_text("".join(lines))


def test_a_bundle_comes_back_as_it_was(tmp_path):
    saved = made()
    bundle.save(saved, tmp_path)
    found = bundle.load(tmp_path, saved.dictionary)
    for name in ("recipe", "vocabularies", "labels", "data", "several", "dictionary", "temperature", "threshold"):
        assert getattr(found, name) == getattr(saved, name), name
    assert found.metrics == saved.metrics and found.confusion.tolist() == [[5, 1], [2, 7]]
    assert {name: (a.dtype, a.tolist()) for name, a in found.weights.items()} == {
        name: (a.dtype, a.tolist()) for name, a in saved.weights.items()
    }
    assert (found.linear.probabilities(["良い"]) == saved.linear.probabilities(["良い"])).all() and found.linear.words


def test_a_bundle_of_the_least(tmp_path):
    bundle.save(Bundle({}, {}, {}, [], "none"), tmp_path)
    found = bundle.load(tmp_path, None)
    assert (found.weights, found.vocabularies, found.linear, found.confusion, found.dictionary) == (
        {},
        {},
        None,
        None,
        None,
    )


def test_the_same_bundle_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        weights = dict(sorted(made().weights.items(), reverse=name == "b"))
        bundle.save(made(weights=weights), tmp_path / name)
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("a", "b"))
    assert first == second
    assert bundle.fingerprint(tmp_path / "a") == bundle.fingerprint(tmp_path / "b")


def test_no_flipped_bit_is_served(tmp_path):
    bundle.save(made(), tmp_path)
    chance = random.Random(7)
    for path in sorted(tmp_path.iterdir()):
        whole = path.read_bytes()
        for _ in range(20):
            broken = bytearray(whole)
            broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
            path.write_bytes(broken)
            with pytest.raises(BundleDamaged, match="roll back to another version, or train again"):
                bundle.load(tmp_path, DICTIONARY)
        path.write_bytes(whole)
    assert bundle.load(tmp_path, DICTIONARY).labels == ["negative", "positive"]


@pytest.mark.parametrize("name", ["weights.safetensors", "bundle.json", "SHA256SUMS", "vocabulary-words.json"])
@pytest.mark.parametrize("harm", ["missing", "empty", "half"])
def test_a_missing_or_cut_file_is_named(tmp_path, name, harm):
    bundle.save(made(), tmp_path)
    path = tmp_path / name
    data = path.read_bytes()
    path.unlink()
    if harm != "missing":
        path.write_bytes(data[: len(data) // 2] if harm == "half" else b"")
    with pytest.raises(BundleDamaged, match=name):
        bundle.load(tmp_path, DICTIONARY)


def test_another_dictionary_is_refused_and_both_are_named(tmp_path):
    bundle.save(made(), tmp_path)
    with pytest.raises(BundleMismatch, match=r"fedcba9876543210, and 0000 is in use.*train it again"):
        bundle.load(tmp_path, "0000")
    with pytest.raises(BundleMismatch, match="none is in use"):
        bundle.load(tmp_path, None)


def test_a_model_of_characters_needs_no_dictionary(tmp_path):
    bundle.save(made(dictionary=None), tmp_path)
    assert bundle.load(tmp_path, "any").dictionary is None


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"format": 1}, BundleMismatch),
        ({"format": 3}, BundleMismatch),
        ({"kind": "other"}, BundleDamaged),
        ({"vocabularies": {"words": "../secret"}}, BundleDamaged),
        ({"vocabularies": 5}, BundleDamaged),
    ],
)
def test_a_description_that_was_changed_on_purpose(tmp_path, change, error):
    bundle.save(made(), tmp_path)
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | change))
    resign(tmp_path)
    with pytest.raises(error):
        bundle.load(tmp_path, DICTIONARY)


@pytest.mark.parametrize("line", ["0" * 64 + "  ../../etc/passwd\n", "0" * 64 + "  /etc/passwd\n", "nonsense\n"])
def test_sums_name_files_of_the_folder_alone(tmp_path, line):
    bundle.save(made(), tmp_path)
    with (tmp_path / bundle.SUMS).open("a") as file:
        file.write(line)
    with pytest.raises(BundleDamaged, match="not a list of a model's files"):
        bundle.load(tmp_path, DICTIONARY)


def test_arrays_that_are_no_safetensors_are_refused_though_the_hash_is_right(tmp_path):
    bundle.save(made(), tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"\x80\x04\x95pickle")
    resign(tmp_path)
    with pytest.raises(BundleDamaged, match=r"weights\.safetensors"):
        bundle.load(tmp_path, DICTIONARY)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_not_saved(tmp_path, value):
    with pytest.raises(TrainingDiverged, match="bias holds values that are no numbers"):
        bundle.save(made(weights={"bias": np.array([value], np.float32)}), tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_names_make_paths_only_where_they_may(tmp_path):
    with pytest.raises(ValueError, match="cannot name a vocabulary"):
        bundle.save(made(vocabularies={"../words": []}), tmp_path / "x")
    assert not (tmp_path / "x").exists()
