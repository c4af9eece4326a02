import datetime as dt

import numpy as np
import pytest

from pipeline import sealed
from pipeline.errors import BundleDamaged, BundleMismatch, ModelError, NoModel, TrainingDiverged
from pipeline.models import registry
from pipeline.models.bundle import Bundle

NOW = dt.datetime(2024, 1, 8, 3, 0, tzinfo=dt.UTC)
DICTIONARY = "d1"


def made(number, dictionary=DICTIONARY):
    weights = {"bias": np.array([number], np.float32)}
    return Bundle({}, weights, {}, ["a", "b"], "data", dictionary=dictionary)


def add(store, number, name="mood", dictionary=DICTIONARY):
    return registry.add(store, name, made(number, dictionary), when=NOW, origin="train")


def promote(store, number, name="mood"):
    return registry.promote(store, name, number, dictionary=DICTIONARY, when=NOW, why="test")


def rollback(store, name="mood"):
    return registry.rollback(store, name, dictionary=DICTIONARY, when=NOW, why="test")


def serves(store, name="mood"):
    found = registry.serve(store, name, DICTIONARY)
    return found.version.number, found.bundle.weights["bias"].tolist(), found.notes


@pytest.fixture
def store(tmp_path):
    """Three versions of one model, each promoted in turn."""
    for number in (1, 2, 3):
        add(tmp_path, number)
        promote(tmp_path, number)
    return tmp_path


def damage(store, number):
    path = store / "models" / "mood" / "versions" / f"{number:04}" / "weights.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def test_versions_are_numbered_and_listed(store):
    found = registry.versions(store, "mood")
    assert [(v.number, v.served, v.label) for v in found] == [
        (1, False, "mood/0001"), (2, False, "mood/0002"), (3, True, "mood/0003"),
    ]  # fmt: skip
    assert [v.about["parent"] for v in found] == [None, 1, 2]
    assert found[0].about["made_at"] == "2024-01-08T03:00:00+00:00"
    assert registry.names(store) == ["mood"]


def test_a_new_version_does_not_answer_before_it_is_promoted(store):
    add(store, 4)
    assert serves(store) == (3, [3.0], [])
    promote(store, 4)
    assert serves(store) == (4, [4.0], [])


def test_versions_are_never_overwritten(store):
    before = {path: path.read_bytes() for path in sorted((store / "models").rglob("versions/**/*")) if path.is_file()}
    add(store, 9)
    assert {path: path.read_bytes() for path in before} == before
    assert len(registry.versions(store, "mood")) == 4


def test_rolling_back_goes_one_step_and_then_another(store):
    assert rollback(store).number == 2
    assert serves(store)[0] == 2
    assert rollback(store).number == 1
    with pytest.raises(ModelError, match="no earlier version"):
        rollback(store)
    assert serves(store)[0] == 1
    assert [(e["action"], e["version"]) for e in registry.history(store, "mood")[3:]] == [
        ("rolled back", 2), ("rolled back", 1),
    ]  # fmt: skip


def test_rolling_back_passes_over_what_cannot_be_loaded(store):
    damage(store, 2)
    assert rollback(store).number == 1


def test_after_a_rollback_a_promotion_can_be_rolled_back(store):
    rollback(store)
    promote(store, 1)
    assert rollback(store).number == 2


def test_a_damaged_version_falls_back_and_says_so(store):
    damage(store, 3)
    number, bias, notes = serves(store)
    assert (number, bias) == (2, [2.0])
    assert "0003/weights.safetensors: damaged" in notes[0] and notes[1] == "mood/0002 answers instead"


def test_where_nothing_is_whole_the_first_damage_is_told(store):
    for number in (1, 2, 3):
        damage(store, number)
    with pytest.raises(BundleDamaged, match="0003"):
        serves(store)


def test_a_version_never_promoted_does_not_stand_in(tmp_path):
    add(tmp_path, 1)
    promote(tmp_path, 1)
    add(tmp_path, 2)
    damage(tmp_path, 1)
    with pytest.raises(BundleDamaged):
        serves(tmp_path)


def test_another_dictionary_is_refused_and_not_fallen_back_from(store):
    with pytest.raises(BundleMismatch, match="made with the dictionary d1, and d2 is in use"):
        registry.serve(store, "mood", "d2")


def test_what_cannot_be_served_is_not_promoted(store):
    add(store, 4, dictionary="d2")
    add(store, 5)
    damage(store, 5)
    for number, error in ((4, BundleMismatch), (5, BundleDamaged), (6, NoModel)):
        with pytest.raises(error):
            promote(store, number)
    assert serves(store) == (3, [3.0], [])


def test_a_model_that_diverged_leaves_no_version(store):
    broken = Bundle({}, {"bias": np.array([np.nan], np.float32)}, {}, ["a"], "data")
    with pytest.raises(TrainingDiverged):
        registry.add(store, "mood", broken, when=NOW, origin="retrain")
    assert len(registry.versions(store, "mood")) == 3
    assert not list((store / ".staging").iterdir())
    assert serves(store)[0] == 3


def test_a_refusal_is_noted_and_changes_nothing(store):
    add(store, 4)
    registry.refuse(store, "mood", 4, when=NOW, why="worse on recent posts")
    assert serves(store)[0] == 3
    assert registry.history(store, "mood")[-1] == {
        "when": "2024-01-08T03:00:00+00:00", "action": "refused", "version": 4, "why": "worse on recent posts",
    }  # fmt: skip


def test_models_that_are_not_there(tmp_path):
    with pytest.raises(NoModel, match="no model named mood; there are none"):
        registry.versions(tmp_path, "mood")
    add(tmp_path, 1)
    with pytest.raises(NoModel, match="no version is in service; put one there with `hibi models promote mood`"):
        serves(tmp_path)
    with pytest.raises(NoModel, match="mood has no version 7; it has 1"):
        registry.version(tmp_path, "mood", 7)


@pytest.mark.parametrize("name", ["../x", "", "a/b", "A", ".", "x" * 80, "気分"])
def test_names_that_make_no_folder_are_refused(tmp_path, name):
    with pytest.raises(ModelError, match="cannot name a model"):
        add(tmp_path, 1, name=name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 1}', b'{"format": 1, "stack": ["x"], "log": []}'])
def test_a_damaged_pointer_says_how_to_mend_it(store, content):
    (store / "models" / "mood" / "served.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"served\.json: damaged .*hibi models promote mood"):
        serves(store)
    (store / "models" / "mood" / "served.json").unlink()
    promote(store, 3)
    assert serves(store)[0] == 3


def test_a_pointer_of_another_format_is_refused(store):
    path = store / "models" / "mood" / "served.json"
    path.write_bytes(sealed.dumps(sealed.loads(path.read_bytes()) | {"format": 2}))
    with pytest.raises(BundleMismatch, match="format 2"):
        serves(store)


def test_strange_folders_are_no_versions(store):
    for name in ("0004.bak", "x", "latest"):
        (store / "models" / "mood" / "versions" / name).mkdir()
    (store / "models" / "Strange").mkdir()
    assert len(registry.versions(store, "mood")) == 3 and registry.names(store) == ["mood"]


def test_a_version_whose_folder_is_gone_is_told_and_passed_over(store):
    import shutil

    shutil.rmtree(store / "models" / "mood" / "versions" / "0003")
    number, _, notes = serves(store)
    assert number == 2 and "mood has no version 3" in notes[0]
