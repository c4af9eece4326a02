"""What all tests share: a cache of the compiled dictionary, and the examples of collectors' files."""

import os
from pathlib import Path

import pytest

from pipeline import logs

ROOT = Path(__file__).resolve().parent.parent
FORMATS = ROOT / "tests" / "formats"
SHARED = ROOT.parent / "shared"

os.environ.setdefault("HIBI_CACHE", str(ROOT / "build" / "cache"))


@pytest.fixture(autouse=True)
def _log_as_before():
    """A command that a test calls in this process sets logging up for itself alone."""
    yield
    logs.end()
