"""A disk that refuses: too small, read-only, or in use by another run. As the command's callers see it."""

import fcntl
import os
import resource
import shutil
import signal
import subprocess
import sys
import time

import pytest
from damaging import fill
from desk import FORMATS, QUICK, Desk, Here

from pipeline.engines import integrity
from pipeline.store.layout import Layout

ROOT = FORMATS.parent.parent
LARGEST = 1 << 20
"""Bytes that a file may have: less than the font that all reports share."""


@pytest.fixture
def desk(tmp_path):
    found = Desk(tmp_path, Here(), **QUICK)
    fill(found)
    (tmp_path / "hibi.toml").write_text("[pictures]\nwidth = 200\nheight = 200\nwords = 5\n")
    return found


def start(desk, *before, **more):
    words = [
        *before,
        sys.executable,
        "-m",
        "pipeline",
        "run",
        "--inbox",
        desk.inbox,
        "--store",
        desk.store,
        "--workers",
        "1",
    ]
    return subprocess.Popen(
        words, cwd=desk.inbox.parent, env=os.environ | {"PYTHONPATH": str(ROOT)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more,
    )  # fmt: skip


def ended(process):
    out, err = process.communicate()
    return process.returncode, out, err


def test_a_file_that_does_not_fit_is_named_and_the_next_run_goes_on(desk):
    small = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, LARGEST))}
    code, _out, err = ended(start(desk, **small))
    assert code == 1
    font = desk.store / "reports" / "assets" / "NotoSansJP.woff2"
    assert f"{font}: cannot be written (File too large); check disk and rights" in err
    assert "Traceback" not in err
    assert not font.exists() and not list((desk.store / ".staging").iterdir())
    assert integrity.damaged(Layout(desk.store)) == []
    assert ended(start(desk))[0] == 0
    assert integrity.damaged(Layout(desk.store)) == []
    assert font.stat().st_size > LARGEST


def test_a_store_that_cannot_be_written_stops_the_run_before_it_works(desk):
    desk.store.mkdir()
    desk.store.chmod(0o500)
    powerless = ("setpriv", "--bounding-set", "-dac_override") if os.geteuid() == 0 else ()
    if powerless and not shutil.which("setpriv"):
        pytest.skip("root may write anywhere, and setpriv is not there to forbid it")
    code, out, err = ended(start(desk, *powerless))
    desk.store.chmod(0o700)
    assert (code, out) == (1, "")
    assert f"{desk.store}: cannot be written (Permission denied); check the path and its rights" in err
    assert "Traceback" not in err
    assert list(desk.store.iterdir()) == []


def test_a_second_run_is_turned_away_and_the_first_is_not_disturbed(desk, tmp_path):
    alone = Desk(tmp_path / "alone", Here(), **QUICK)
    alone.inbox = desk.inbox
    alone.run()
    for name in (".salt", "manifests/salt.json"):
        (desk.store / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(alone.store / name, desk.store / name)
    first = start(desk)
    while not held(desk.store / ".lock"):
        assert first.poll() is None
        time.sleep(0.01)
    first.send_signal(signal.SIGSTOP)
    try:
        code, out, err = ended(start(desk))
    finally:
        first.send_signal(signal.SIGCONT)
    assert (code, out) == (75, "") and "another run holds the store; try again when it has ended" in err
    assert ended(first)[0] == 0
    apart = {"manifests/run.json"}  # where its settings lie
    assert published(desk.store) - apart == published(alone.store) - apart
    for name in published(alone.store) - apart:
        assert (desk.store / name).read_bytes() == (alone.store / name).read_bytes(), name


def held(path):
    if not path.exists():
        return False
    with path.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def published(store):
    found = {path.relative_to(store).as_posix() for path in store.rglob("*") if path.is_file()}
    return found - {".lock", "manifests/runs.json"}
