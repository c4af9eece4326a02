"""tests/FAULTS.md: every test that it names is there, and it names every file of tests/faults."""

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
TABLE = (HERE / "FAULTS.md").read_text(encoding="utf-8")
ROWS = [line for line in TABLE.splitlines() if line.startswith("|") and not line.startswith(("|---", "| fault"))]
NAMED = re.findall(r"`(tests/[a-z0-9_/]+_test\.py)::([a-z0-9_]+)`", TABLE)


def functions_of(path):
    tree = ast.parse((HERE.parent / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS)
def test_each_row_has_a_fault_what_is_seen_and_tests(row):
    fault, seen, tests = (cell.strip() for cell in row.strip("|").split(" | "))
    assert fault and seen
    assert re.fullmatch(r"(`tests/[a-z0-9_/]+_test\.py::test_[a-z0-9_]+` ?)+", tests), tests


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_each_test_that_is_named_exists(path, name):
    assert name in functions_of(path)


def test_every_file_of_faults_is_named():
    files = {f"tests/faults/{path.name}" for path in (HERE / "faults").glob("*_test.py")}
    assert files <= {path for path, _ in NAMED}
