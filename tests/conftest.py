"""What all tests share: a cache of the compiled dictionary, and the examples of collectors' files."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FORMATS = ROOT / "tests" / "formats"
SHARED = ROOT.parent / "shared"

os.environ.setdefault("HIBI_CACHE", str(ROOT / "build" / "cache"))
