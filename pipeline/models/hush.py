"""TensorFlow's greeting, kept off the standard error: that is a log of JSON lines, or a person's terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, suppress

LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_GREETING = "^(I0000 |WARNING: All log messages before absl|To enable the following instructions:)"
_PATIENCE = 5.0
"""Seconds that grep is waited for: a process that another thread starts meanwhile keeps its input open."""


@contextmanager
def hushed() -> Iterator[None]:
    """Leave out what compiled code says for information while it is loaded; warnings and errors get through.

    TensorFlow 2.21 heeds no level until it is loaded. grep reads what is written, so that the last words of a process
    that the library ends are not lost. Who sets TF_CPP_MIN_LOG_LEVEL below 3 hears everything.
    """
    if os.environ.setdefault(LEVEL, "3") != "3":
        yield
        return
    try:
        own = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    except OSError:  # there is no standard error
        yield
        return
    read, write = os.pipe()
    try:
        sieve = subprocess.Popen(["grep", "-Ev", _GREETING], stdin=read, stdout=own)
    except OSError:  # there is no grep
        own.close()
        os.close(write)
        yield
        return
    finally:
        os.close(read)
    os.dup2(write, 2)
    os.close(write)
    try:
        with redirect_stderr(own) if sys.stderr.isatty() else nullcontext():  # a bar writes no whole lines
            yield
    finally:
        os.dup2(own.fileno(), 2)
        own.close()
        with suppress(subprocess.TimeoutExpired):
            sieve.wait(_PATIENCE)
