"""Kill -9: at every write of a run, and of a whole command with its workers."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from desk import FORMATS

from pipeline.engines import integrity
from pipeline.store.layout import Layout

ROOT = FORMATS.parent.parent
LOOP = Path(__file__).with_name("kill_loop.py")


def broken_everywhere(folder, *points):
    done = subprocess.run(
        [sys.executable, LOOP, folder, *points], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["writes"] > 80 and told["states"] > 20
    return told["wrong"]


def test_killed_at_the_boundaries_of_every_write(tmp_path):
    assert broken_everywhere(tmp_path, "before", "renamed") == []


def test_killed_in_the_middle_of_every_write(tmp_path):
    assert broken_everywhere(tmp_path, "half", "written") == []


def test_the_disk_is_full_at_every_write(tmp_path):
    assert broken_everywhere(tmp_path, "full") == []


@pytest.fixture
def command(tmp_path):
    """`hibi run` over two posts, as a shell starts it."""
    (tmp_path / "inbox").mkdir()
    line = '{"id": "%d", "author": "a", "created_at": "2024-01-01T0%d:00:00+09:00", "text": "静かな朝"}\n'
    (tmp_path / "inbox" / "a.jsonl").write_text("".join(line % (n, n) for n in (1, 2)))
    (tmp_path / "hibi.toml").write_text("[pictures]\nwidth = 200\nheight = 200\nwords = 5\n")

    def start(**environment):
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", "run", "--inbox", "inbox", "--store", "store", "--workers", "2"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    return start


def alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_killed_command_leaves_no_process_and_the_next_one_ends_its_work(command, tmp_path):
    process = command(HIBI_FAULT="half:20")
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert list((tmp_path / "store" / ".staging").iterdir())  # more than one where another stage was writing, too
    until = time.monotonic() + 120
    while alive(process.pid) and time.monotonic() < until:
        time.sleep(0.1)
    assert not alive(process.pid)
    process = command()
    assert (process.communicate(), process.returncode)[1] == 0
    assert integrity.damaged(Layout(tmp_path / "store")) == []
    assert not list((tmp_path / "store" / ".staging").iterdir())
    assert (tmp_path / "store" / "reports" / "2024-01-01" / "index.html").exists()
