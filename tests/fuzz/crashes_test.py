"""What once crashed a reader does so no more: each file of crashes/ is named READER-HASH and read by that reader."""

from pathlib import Path

import pytest
import targets

CRASHES = sorted(path for path in (Path(__file__).parent / "crashes").glob("*") if path.suffix != ".md")
EXAMPLES = sorted((Path(__file__).parent.parent / "formats").iterdir())


@pytest.mark.parametrize("path", CRASHES, ids=lambda path: path.name)
def test_a_former_crash(path):
    reader = max((name for name in targets.TARGETS if path.name.startswith(f"{name}-")), key=len)
    targets.TARGETS[reader](path.read_bytes())


@pytest.mark.parametrize("reader", targets.TARGETS)
def test_every_target_takes_the_examples_that_the_fuzzer_begins_with(reader):
    for path in EXAMPLES:
        targets.TARGETS[reader](path.read_bytes()[:4096])
