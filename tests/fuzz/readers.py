"""Fuzz the readers with atheris: ``make fuzz SECONDS=60``, or ``python tests/fuzz/readers.py --seconds N READER``.

Each reader has a process of its own for its share of the seconds, and starts from the examples of tests/formats. What
crashes one, or takes it over a minute, is kept in tests/fuzz/crashes/READER-HASH, and crashes_test.py calls the
reader with it again.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CRASHES = HERE / "crashes"
EXAMPLES = HERE.parent / "formats"
_SPEED = re.compile(r"stat::number_of_executed_units:\s+(\d+)")


def fuzz(reader: str, arguments: list[str]) -> None:
    """Fuzz one reader in this process; does not return."""
    import atheris

    with atheris.instrument_imports(include=["pipeline.ingest", "pipeline.text"]):
        import targets
    targets.a_file("posts", targets.A_POST)  # what is loaded at the first call only is no slow reader
    atheris.Setup([sys.argv[0], *arguments], targets.TARGETS[reader])
    atheris.Fuzz()


def run(reader: str, seconds: int) -> bool:
    """Fuzz one reader in a process; tell what came of it."""
    CRASHES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        options = [f"-max_total_time={seconds}", "-timeout=60", "-rss_limit_mb=2048", "-max_len=4096"]
        options += [f"-artifact_prefix={CRASHES}/{reader}-", "-print_final_stats=1", "-close_fd_mask=0", "-seed=1"]
        command = [sys.executable, __file__, "--inside", reader, *options, corpus, str(EXAMPLES)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
    calls = _SPEED.search(done.stderr)
    told = f"{int(calls.group(1)):,} calls" if calls else "no calls"
    print(f"{reader:28} {told:>16}  {'well' if done.returncode == 0 else 'CRASHED'}", flush=True)
    if done.returncode:
        print(done.stderr[-3_000:])
    return done.returncode == 0


def main() -> int:
    """Fuzz some readers, or all. The exit code is 1 where one crashed."""
    if sys.argv[1:2] == ["--inside"]:
        fuzz(sys.argv[2], sys.argv[3:])
    import targets

    options = argparse.ArgumentParser(description="Fuzz the readers.")
    options.add_argument("readers", nargs="*", choices=[*targets.TARGETS, []], help="[default: all]")
    options.add_argument("--seconds", type=int, default=60, help="in all, shared by the readers")
    asked = options.parse_args()
    readers = asked.readers or list(targets.TARGETS)
    each = max(1, asked.seconds // len(readers))
    well = [run(reader, each) for reader in readers]
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
