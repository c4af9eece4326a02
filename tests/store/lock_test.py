import subprocess
import sys

import pytest

from pipeline.errors import StoreBusy
from pipeline.store import lock
from pipeline.store.layout import Layout

HOLDER = """
import sys, pathlib
from pipeline.store import lock
from pipeline.store.layout import Layout
with lock.held(Layout(pathlib.Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_refused_and_a_killed_one_leaves_no_lock(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(StoreBusy, match="another run"), lock.held(Layout(tmp_path)):
        pass
    holder.kill()
    holder.wait()
    with lock.held(Layout(tmp_path)):
        pass
