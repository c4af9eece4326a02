"""Log lines: one a line, a run's id on each, nothing raw from posts; in workers too."""

import io
import json
import logging
import subprocess
import sys
import warnings

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import logs

HOSTILE = "赤\x1b[31m\x07\x9b2J\u202e逆\x7f\ud800\U000e0001\r\n\u2028　\x00"


@pytest.fixture
def said(monkeypatch):
    """Begin a log for machines, or people, and give what it writes."""

    class Stream(io.StringIO):
        encoding = "utf-8"

    def begin(people=False):
        stream = Stream()
        monkeypatch.setattr(sys, "stderr", stream)
        logs.join(logs.Log("run", "R1", people))
        return stream

    return begin


def quiet(text, besides="\n"):
    return not [c for c in text if not c.isprintable() and c not in besides]


def test_a_line_of_json_has_time_level_run_and_event(said):
    out = said()
    structlog.get_logger().info("file", name="朝.jsonl", rows=3)
    [line] = out.getvalue().splitlines()
    assert list(json.loads(line))[:4] == ["timestamp", "level", "run", "event"]
    assert line.endswith('"level": "info", "run": "R1", "event": "file", "name": "朝.jsonl", "rows": 3}')


@settings(deadline=None, derandomize=True)
@given(st.text(), st.text())
def test_whatever_is_logged_is_one_line_and_reads_back(event, value):
    told = {"event": event, "value": value, "list": [value]}
    line = logs._as_json(None, "", dict(told))
    assert line.isprintable()
    assert json.loads(line) == told


def test_nothing_raw_reaches_a_machine_or_a_terminal(said):
    for people in (False, True):
        out = said(people)
        log = structlog.get_logger()
        log.error(HOSTILE, value=HOSTILE, deep={HOSTILE: [HOSTILE]})
        try:
            raise ValueError(HOSTILE)
        except ValueError:
            log.exception("defect")
        text = out.getvalue().replace("\x1b[", "") if people else out.getvalue()  # colours are ours
        assert "赤" in text and quiet(text)
        logs.end()


def test_a_traceback_tells_no_values_of_variables(said):
    for people in (False, True):
        out = said(people)
        try:
            secret = "salt-" + "1234"
            raise RuntimeError("x") from KeyError(len(secret))
        except RuntimeError:
            structlog.get_logger().exception("defect")
        assert "RuntimeError: x" in out.getvalue() and "salt-1234" not in out.getvalue()
        logs.end()


def test_people_are_told_warnings_alone(said):
    out = said(people=True)
    log = structlog.get_logger()
    log.info("file")
    assert out.getvalue() == ""
    log.warning("textfile not written")
    assert "textfile not written" in out.getvalue() and "R1" in out.getvalue()


def test_what_libraries_warn_of_is_a_line_like_others(said):
    out = said()
    warnings.warn("about\nto end", DeprecationWarning, stacklevel=1)
    logging.getLogger("some.library").warning("%s bytes", "\x1b")
    first, second = map(json.loads, out.getvalue().splitlines())
    assert "about\nto end" in first["event"] and first["library"] == "py.warnings"
    assert (second["event"], second["library"], second["run"]) == ("\x1b bytes", "some.library", "R1")


def test_a_stream_that_is_not_utf_8_gets_ascii(said):
    out = said()
    type(out).encoding = "euc_jp"
    structlog.get_logger().info("朝")
    assert out.getvalue().isascii() and json.loads(out.getvalue())["event"] == "朝"


def test_ids_of_runs_differ_and_say_when(said, monkeypatch):
    said()
    first, second = logs.begin("run"), logs.begin("run")
    assert first.run != second.run and first.run[8] == "T"
    assert logs.current() == second and logs.for_machines()
    logs.end()
    assert logs.current() is None and not logs.for_machines()


WORKER = """
import structlog
from pipeline import logs
from pipeline.engines.pool import Pool

def say(text):
    structlog.get_logger().info(text)

if __name__ == "__main__":
    print(logs.begin("run").run)
    with Pool(1) as pool:
        pool.result(pool.submit(say, "\\x1bfrom a worker"), say)
        pool.map(say, [("another",)])
"""


def test_workers_log_with_the_run_of_the_command(tmp_path):
    (tmp_path / "main.py").write_text(WORKER)
    done = subprocess.run([sys.executable, tmp_path / "main.py"], capture_output=True, text=True, check=True)
    run = done.stdout.splitlines()[0]
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(line["event"], line["run"]) for line in lines] == [("\x1bfrom a worker", run), ("another", run)]
