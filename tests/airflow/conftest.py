"""Airflow in a home of its own, without examples, telemetry or network. Collected only where Airflow is installed."""

import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

CLONE = Path(__file__).resolve().parents[2]
DAGS = CLONE / "dags"

sys.path.insert(0, str(DAGS))  # as Airflow does
try:
    version("apache-airflow")
except PackageNotFoundError:
    collect_ignore_glob = ["*_test.py"]  # `make test-airflow` runs them

os.environ |= {
    "AIRFLOW_HOME": tempfile.mkdtemp(prefix="airflow-"),  # before Airflow is imported, which reads it once
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "300",  # a busy machine is no error
    "OMP_NUM_THREADS": "1",
}


def pytest_unconfigure():
    shutil.rmtree(os.environ["AIRFLOW_HOME"], ignore_errors=True)


@pytest.fixture(scope="session")
def airflow():
    """Call the `airflow` command, on a database in SQLite: its lines."""

    def call(*arguments, store=None, code=0):
        with subprocess.Popen(
            [Path(sys.executable).with_name("airflow"), *arguments],
            env=os.environ | ({"AIRFLOW_VAR_HIBI_STORE": str(store)} if store else {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            lines, waits = [], 0
            for line in running.stdout:
                lines.append(line)
                if "No tasks to run" in line and (waits := waits + 1) > 9:  # for minutes, to try one again
                    running.kill()
        assert running.returncode == code, "".join(lines)[-5000:]
        return "".join(lines)

    call("db", "migrate")
    return call


@pytest.fixture(scope="session")
def hibi():
    """Call the `hibi` command over the sample: its lines."""

    def call(*arguments, store):
        settings = ("--settings", CLONE / "data" / "sample" / "hibi.toml", "--store", store)
        return subprocess.run(
            [CLONE / ".venv" / "bin" / "hibi", *arguments, *settings], stdout=subprocess.PIPE, text=True, check=True
        ).stdout

    return call
