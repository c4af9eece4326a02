"""What the doctor sees of a store and of the machine: each check well, and each with what it is there to find."""

import datetime as dt
import json
import os
import shutil
import sys
from importlib import metadata
from types import SimpleNamespace

import pytest
from desk import QUICK, Desk, Here

from pipeline import sealed
from pipeline.engines import doctor, health, ledger, surroundings
from pipeline.errors import SettingsError
from pipeline.models import bundle as bundles
from pipeline.settings import Settings
from pipeline.store import lock
from pipeline.store.layout import Layout
from pipeline.store.manifest import read, write

ANSWERS = "print('[\"tensorflow\"]')"
DAY = "2024-01-01"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("health"), Here(), **QUICK)
    desk.put("a.jsonl", ("1", f"{DAY}T01:00:00", "静かな朝"))
    desk.run()
    return desk


@pytest.fixture
def store(made, tmp_path):
    """A copy of a store with a day."""
    shutil.copytree(made.store, tmp_path / "store")
    return Layout(tmp_path / "store")


def seen(check, store, **settings):
    found = check(Settings.model_validate(settings), store)
    assert found.state == "ok" or found.do or found.text
    return found.state, found.text


# The store


def test_a_sound_store_is_well(store):
    for check in (
        health.clock,
        health.disk,
        health.write_speed,
        health.salt,
        health.lock,
        health.leftovers,
        health.models,
    ):
        state, text = seen(check, store)
        assert (state, bool(text)) == ("ok", True), check


def test_a_clock_that_was_set_back_is_noticed(store, monkeypatch):
    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return dt.datetime(2023, 12, 30, 23, 0, tzinfo=dt.UTC).astimezone(tz)

    monkeypatch.setattr(health, "dt", SimpleNamespace(**vars(dt) | {"datetime": Clock}))
    state, text = seen(health.clock, store)
    assert state == "broken" and text.startswith("2023-12-31 08:00 in Asia/Tokyo, but a run ended at 20")
    store.runs.unlink()
    state, text = seen(health.clock, store)
    assert (state, text) == ("warning", f"2023-12-31 08:00 in Asia/Tokyo, but the newest day with a report is {DAY}")


def test_zone_files_that_are_wrong_are_noticed(store, monkeypatch):
    monkeypatch.setattr(health, "ZoneInfo", lambda name: dt.UTC)
    assert seen(health.clock, store) == ("broken", "the zone files say that Tokyo is 0:00:00 ahead")


@pytest.mark.parametrize(("days", "state"), [(1, "broken"), (29, "warning"), (31, "ok")])
def test_what_is_free_is_measured_in_days(store, monkeypatch, days, state):
    monkeypatch.setattr(health, "_bytes_of_a_day", lambda layout: 300_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=300_000_000 * days))
    assert seen(health.disk, store)[0] == state


def test_a_day_takes_what_its_manifest_names_and_what_was_collected(store):
    named = [
        store.root / path
        for entry in read(store.day_manifest(dt.date(2024, 1, 1)))["stages"].values()
        for path in entry["outputs"]
    ]
    sizes = [path.stat().st_size for path in [*named, *store.pieces(dt.date(2024, 1, 1))]]
    assert health._bytes_of_a_day(store) == sum(sizes) > 10_000
    assert health._bytes_of_a_day(Layout(store.root / "none")) == 10_000_000


def test_few_inodes_are_noticed(store, monkeypatch):
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_files=100_000, f_favail=9_999))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10**12))
    state, text = seen(health.disk, store)
    assert state == "warning" and "only 9,999 more files fit" in text


def test_looking_writes_nothing_where_there_is_no_store(tmp_path):
    for check in (health.disk, health.write_speed, health.salt, health.leftovers, health.models):
        assert seen(check, Layout(tmp_path / "none"))[0] == "ok"
    assert list(tmp_path.iterdir()) == []


def test_a_slow_disk_is_noticed(store, monkeypatch):
    times = iter([0.0, 10.0])
    monkeypatch.setattr(health.time, "perf_counter", lambda: next(times))
    assert seen(health.write_speed, store) == ("warning", "3 MB/s, flushed to the disk")  # 32 MiB in ten seconds


def test_the_salt_is_looked_after(store):
    store.salt.chmod(0o644)
    state, text = seen(health.salt, store)
    assert state == "broken" and "mode 644" in text
    store.salt.write_bytes(b"x")
    assert seen(health.salt, store)[0] == "broken"
    store.salt.unlink()
    assert seen(health.salt, store)[0] == "broken"
    assert seen(health.salt, store, privacy={"authors": "plain"})[0] == "ok"


def test_a_run_that_goes_on_or_was_killed_is_told(store):
    with lock.held(store), ledger.recorded(store):
        assert seen(health.lock, store)[1].startswith("a run holds the store since 20")
        (store.root / ".staging" / "now").write_bytes(b"half")
        assert seen(health.leftovers, store) == ("ok", "not looked at while a run goes on")
    known = read(store.runs)
    write(store.root, store.runs, known | {"last": known["last"] | {"ended": None}})
    state, text = seen(health.lock, store)
    assert state == "warning" and "did not end" in text
    assert seen(health.leftovers, store) == ("warning", "1 files, 0.0 MB half written by a killed run")


def test_models_are_hashed_and_must_fit_the_dictionary(store, monkeypatch):
    for number in (1, 2):
        folder = store.root / "models" / "mood" / "versions" / f"{number:04}"
        folder.mkdir(parents=True)
        (folder / "version.json").write_bytes(sealed.dumps({}))
    loaded, verified = [], []
    monkeypatch.setattr(bundles, "load", lambda folder, dictionary: loaded.append(folder.name))
    monkeypatch.setattr(bundles, "verified", lambda folder: verified.append(folder.name))
    state, text = seen(health.models, store)
    assert (state, verified) == ("warning", ["0001", "0002"])
    assert text == "no version of mood is in service; `hibi models promote mood VERSION`"
    served = sealed.dumps({"format": 1, "stack": [2], "log": []})
    (store.root / "models" / "mood" / "served.json").write_bytes(served)
    assert seen(health.models, store) == ("ok", "2 versions, whole")
    assert loaded == ["0002"]
    monkeypatch.undo()
    state, text = seen(health.models, store, models=[{"name": "mood"}, {"name": "topic"}])
    assert state == "broken" and text.count("damaged") == 2
    assert "no model named topic yet" in text


# The machine


def test_the_packages_are_those_that_hibi_asks_for(store, monkeypatch):
    told = [
        "numpy>=2.3,<3",
        "fugashi>=99",
        "no-such-package-of-ours>=1",
        "keras<1; extra == 'cpu'",
        "tzdata; python_version < '3'",
    ]
    monkeypatch.setattr(surroundings, "_about", lambda key: {"Requires-Dist": told, "Name": ["hibi"]}.get(key, []))
    state, text = seen(surroundings.packages, store)
    assert state == "broken"
    assert text == f"fugashi is {metadata.version('fugashi')}, not >=99; no-such-package-of-ours is missing"
    monkeypatch.setattr(surroundings, "_about", lambda key: {"Requires-Dist": told[:1], "Name": ["hibi"]}.get(key, []))
    assert seen(surroundings.packages, store)[0] == "ok"
    monkeypatch.setattr(surroundings, "_about", lambda key: [])
    assert seen(surroundings.packages, store)[0] == "warning"


def test_a_python_that_is_too_old_is_named(store, monkeypatch):
    assert seen(surroundings.python, store)[0] == "ok"
    monkeypatch.setattr(surroundings, "_about", lambda key: [">=99"])
    state, text = seen(surroundings.python, store)
    assert state == "broken" and text.endswith("; hibi wants >=99")


def test_learning_is_needed_only_where_the_settings_name_models(store, monkeypatch):
    monkeypatch.setattr(surroundings, "find_spec", lambda name: None)
    assert seen(surroundings.learning, store) == ("ok", "not installed, and not needed without [[models]]")
    state, text = seen(surroundings.learning, store, models=[{"name": "mood"}])
    assert state == "broken" and text.endswith("ask for models: mood")
    assert seen(surroundings.gpu, store)[0] == "ok"


@pytest.mark.parametrize(
    ("answer", "state", "said"),
    [
        (ANSWERS, "ok", "none; tensorflow computes on the CPU"),
        ('print(\'noise\'); print(\'["jax", "cuda:0", "cuda:1"]\')', "ok", "jax sees cuda:0, cuda:1"),
        ("raise ImportError('libcudnn.so.9')", "broken", "does not load: ImportError: libcudnn.so.9"),
        ("print('x')", "warning", "did not answer"),
        ("import os; os.kill(os.getpid(), 11)", "broken", "no message"),
    ],
)
def test_the_backend_is_asked_for_its_devices(store, monkeypatch, answer, state, said):
    monkeypatch.setattr(surroundings, "_can_learn", lambda: True)
    monkeypatch.setattr(surroundings, "_ASK", answer)
    found = surroundings.gpu(Settings(), store)
    assert found.state == state and said in found.text


def test_a_gpu_that_the_backend_does_not_see_is_named(store, monkeypatch):
    monkeypatch.setattr(surroundings, "_can_learn", lambda: True)
    monkeypatch.setattr(surroundings, "_ASK", ANSWERS)
    monkeypatch.setattr(surroundings, "_has_gpu", lambda: True)
    state, text = seen(surroundings.gpu, store)
    assert state == "warning" and "tensorflow sees none" in text


def test_days_by_another_dictionary_are_named(store, monkeypatch):
    assert seen(surroundings.dictionary, store)[0] == "ok"
    monkeypatch.setattr(surroundings, "_made_with", lambda layout, day: "0123456789abcdef")
    state, text = seen(surroundings.dictionary, store)
    assert state == "warning" and text.endswith("days were split with other words (0123456789abcdef)")
    monkeypatch.setattr(surroundings.project, "source_fingerprint", lambda: "another")
    state, text = seen(surroundings.dictionary, store)
    assert state == "broken" and "the store was made with another dictionary" in text


def test_every_path_of_the_settings_is_looked_at(store, made, tmp_path):
    state, text = seen(surroundings.paths, store)
    assert (state, text) == ("ok", f"every path is there; inbox {made.inbox}")  # of the last run
    wrong = {
        "inbox": [tmp_path / "gone"],
        "models": [{"name": "mood", "gold": tmp_path / "gold.csv", "recipe": "./none.toml"}],
        "monitoring": {"textfile": tmp_path / "none" / "hibi.prom"},
    }
    state, text = seen(surroundings.paths, store, **wrong)
    assert state == "broken"
    parts = text.split("; ")
    assert parts[0] == f"inbox: {tmp_path / 'gone'} is not there"
    assert "models mood, gold: " in text and "models mood, recipe: " in text and "monitoring.textfile: " in text
    assert seen(surroundings.paths, Layout(tmp_path / "none"))[0] == "warning"


def test_a_file_of_the_inbox_that_cannot_be_read_is_named(store, tmp_path, monkeypatch):
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "a.jsonl").touch(0o000)
    monkeypatch.setattr(os, "access", lambda path, _: path.name != "a.jsonl")  # root may read everything
    state, text = seen(surroundings.paths, store, inbox=[tmp_path / "inbox"])
    assert (state, text) == ("broken", f"inbox: 1 cannot be read, such as {tmp_path / 'inbox' / 'a.jsonl'}")


# All together


def test_a_check_that_breaks_down_does_not_end_the_others(store, monkeypatch):
    def defect(settings, layout):
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(doctor, "MACHINE", (("first", defect),))
    monkeypatch.setattr(doctor, "STORE", (("second", health.lock),))
    first, second = doctor.examine(Settings(), store)
    assert (first["ok"], first["state"], first["found"]) == (False, "broken", "ZeroDivisionError: by zero")
    assert doctor.line(first).startswith("FAIL  first: ZeroDivisionError: by zero; ")
    assert (second["state"], doctor.line(second)) == ("ok", "ok    second: free")


def test_settings_that_cannot_be_read_are_a_finding(monkeypatch):
    monkeypatch.setattr(doctor, "MACHINE", (("python", surroundings.python),))
    watched = []
    checks = list(doctor.examine(SettingsError("hibi.toml: x"), None, watched.append))
    assert [(one["name"], one["state"]) for one in checks] == [("settings", "broken"), ("python", "ok")]
    assert watched == ["python"] and sys.version.split()[0] in json.dumps(checks)
