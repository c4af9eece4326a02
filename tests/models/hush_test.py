"""What TensorFlow says while it is loaded: its greeting is left out, its last words are not."""

import os
import subprocess
import sys

import pytest

GREETING = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
    "I0000 00:00:1795415074.464521   28241 port.cc:153] custom operations are on.\n"
    "To enable the following instructions: AVX2 FMA, in other operations, rebuild.\n"
)
LAST_WORDS = "F0000 00:00:1795415074.464521   28241 guard.cc:1] 日 compiled for another processor\n"
DYING = f"""
import os, sys
from pipeline.models.hush import hushed
with hushed():
    os.write(2, {GREETING.encode()!r})
    print("told by Python", file=sys.stderr, flush=True)
    os.write(2, {LAST_WORDS.encode()!r})
    os.abort()
"""
LIVING = f"""
import os
from pipeline.models.hush import hushed
for _ in range(2):
    with hushed():
        os.write(2, {(GREETING + LAST_WORDS).encode()!r})
    os.write(2, b"I0000 later\\n")
"""


def said(script: str, **surroundings: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", script], stderr=subprocess.PIPE, env=_plain() | surroundings, timeout=120, check=False
    )
    return run.stderr.decode()


def _plain() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}


def test_the_greeting_is_left_out_and_last_words_are_heard() -> None:
    assert said(DYING) == "told by Python\n" + LAST_WORDS


def test_what_comes_later_is_written_as_ever_and_a_second_time_is_as_quiet() -> None:
    assert said(LIVING) == (LAST_WORDS + "I0000 later\n") * 2


def test_who_asks_for_everything_hears_it() -> None:
    assert said(LIVING, TF_CPP_MIN_LOG_LEVEL="0") == (GREETING + LAST_WORDS + "I0000 later\n") * 2


@pytest.mark.parametrize("how", ["2>&-", "PATH="])
def test_without_standard_error_or_grep_it_goes_on(how: str) -> None:
    command = f'"$0" -c "$1" {how}' if how.startswith("2") else f'{how} "$0" -c "$1"'
    script = "from pipeline.models.hush import hushed\nwith hushed(): print('loaded')\nprint('done')"
    shell = ["/bin/sh", "-c", command, sys.executable, script]
    run = subprocess.run(shell, capture_output=True, env=_plain(), check=False)
    assert run.stdout == b"loaded\ndone\n"


def test_keras_is_loaded_without_a_word() -> None:
    assert said("import pipeline.models.backend") == ""
