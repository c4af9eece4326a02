"""The DAGs: what they are made of, which day is whose, and the store that they leave."""

import datetime as dt
import json
import subprocess
import sys

import pytest
from conftest import DAGS

UTC = dt.UTC


@pytest.fixture(scope="module")
def dags():
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(DAGS)
    assert not bag.import_errors
    return bag.dags


def test_there_are_two(dags):
    assert sorted(dags) == ["hibi_daily", "hibi_retrain"]


def test_reading_them_loads_nothing_of_hibi():
    code = f"import sys; sys.path.insert(0, {str(DAGS)!r}); import hibi_daily, hibi_retrain; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "hibi_daily" in loaded and not loaded & {"pipeline", "pyarrow", "keras", "tensorflow", "pandas"}


@pytest.mark.parametrize("name", ["hibi_daily", "hibi_retrain"])
def test_every_task_may_fail_for_a_while_but_not_for_ever(dags, name):
    dag = dags[name]
    assert dag.max_active_runs == 1 and not dag.catchup
    for task in dag.tasks:
        assert (task.retries, task.retry_delay) == (4, dt.timedelta(minutes=5))
        assert task.execution_timeout == dt.timedelta(hours=6)
        assert task.has_on_failure_callback


def test_a_task_a_group_of_stages(dags):
    tasks = dags["hibi_daily"].topological_sort()
    assert [task.task_id for task in tasks] == ["ingest", "count", "predict", "report"]
    assert [task.arguments for task in tasks] == [["run", "--through", task.task_id] for task in tasks]
    assert [task.partly_goes_on for task in tasks] == [True, True, True, False]


def timetable(dag):
    """The scheduler's own, as it is when it comes back from the database."""
    from airflow.serialization.serialized_objects import DagSerialization

    return DagSerialization.from_dict(DagSerialization.to_dict(dag)).timetable


@pytest.mark.parametrize(
    ("name", "after", "at", "key"),
    [
        # three in the night of the 6th in Japan is six in the evening of the 5th in UTC; the day that ended is the 5th
        ("hibi_daily", "2024-01-05T17:59", "2024-01-05T18:00", "2024-01-05"),
        ("hibi_daily", "2024-01-05T18:01", "2024-01-06T18:00", "2024-01-06"),
        ("hibi_daily", "2024-02-29T17:00", "2024-02-29T18:00", "2024-02-29"),
        # the Monday, five in the morning in Japan
        ("hibi_retrain", "2024-01-06T00:00", "2024-01-07T20:00", "2024-01-08"),
    ],
)
def test_the_partition_is_a_day_in_japan(dags, name, after, at, key):
    from airflow.timetables.base import TimeRestriction

    start = dt.datetime.fromisoformat(after).replace(tzinfo=UTC)
    found = timetable(dags[name]).next_dagrun_info_v2(
        last_dagrun_info=None, restriction=TimeRestriction(earliest=_aware(start), latest=None, catchup=True)
    )
    assert found.run_after == dt.datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert found.partition_key == key


def test_the_last_date_of_a_backfill_is_not_in_it(dags):
    start, end = (_aware(dt.datetime(2024, 1, day, tzinfo=UTC)) for day in (4, 6))
    found = timetable(dags["hibi_daily"]).iter_partition_dagrun_infos(earliest=start, latest=end)
    assert [one.partition_key for one in found] == ["2024-01-04", "2024-01-05"]


def _aware(time):
    import pendulum

    return pendulum.instance(time)


def stored(store):
    """All files but the lock, and the times and lengths of runs."""
    times = {".lock", "manifests/runs.json"}
    paths = {str(path.relative_to(store)): path for path in sorted(store.rglob("*")) if path.is_file()}
    return {name: path.read_bytes() for name, path in paths.items() if name not in times}


def test_the_daily_dag_leaves_the_store_of_one_run(airflow, hibi, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    hibi("run", "--until", "2024-01-02", store=whole)
    parts.mkdir()
    (parts / ".salt").write_bytes((whole / ".salt").read_bytes())  # the same authors, else nothing is the same
    said = airflow("dags", "test", "hibi_daily", "-c", '{"date": "2024-01-02"}', store=parts)
    assert said.count("Command exited with return code 0") == 4
    once, again = stored(whole), stored(parts)
    assert "reports/2024-01-02/index.html" in once and "reports/2024-01-03/index.html" not in once
    assert once.keys() == again.keys()
    assert [name for name in once if once[name] != again[name]] == []


def test_wrong_settings_fail_at_once_and_are_told(monkeypatch, tmp_path, airflow):
    monkeypatch.setenv("AIRFLOW_VAR_HIBI_SETTINGS", str(tmp_path / "none.toml"))
    said = airflow("dags", "test", "hibi_daily", store=tmp_path / "store", code=1)
    assert f"{tmp_path / 'none.toml'}: cannot be read" in said
    assert said.count("Running command: ") == 1 and "'--until', 'yesterday'" in said
    assert "ingest failed: hibi ended with 2: the settings are wrong" in said
    assert "Failed to run task callback" not in said and "DagRun failed" in said


def test_the_retraining_dag_trains_every_model_on_the_labels_of_the_sample(airflow, hibi, tmp_path):
    from conftest import CLONE

    hibi("run", "--until", "2024-01-14", "--through", "count", store=tmp_path)
    hibi("label", "import", CLONE / "data" / "sample" / "labels.csv", "--who", "generator", store=tmp_path)
    said = airflow("dags", "test", "hibi_retrain", "-c", '{"date": "2024-01-14"}', store=tmp_path)
    assert said.count("Command exited with return code 0") == 2
    rows = json.loads(hibi("models", "list", "--json", store=tmp_path))
    assert [(row["model"], row["version"], row["served"], row["origin"]) for row in rows] == [
        ("mood", 1, True, "retrain"),
        ("topic", 1, True, "retrain"),
    ]
