"""Imports go downward only, and counting words never loads TensorFlow."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent / "pipeline"
ROWS = [
    {
        "cli",
        "cli_learning",
        "cli_labels",
        "cli_upkeep",
        "cli_retokenise",
        "cli_schedule",
        "cli_forget",
        "cli_versions",
        "cli_options",
        "terminal",
        "__main__",
    },
    {"engines"},
    {"stages"},
    {"ingest", "text", "analysis", "pictures", "models", "reports", "store"},
    {"tables", "settings", "errors", "files", "sealed", "spreading", "logs", "machine"},
]
ALLOWED_BESIDE = {
    ("ingest", "text"),
    ("models", "text"),
    ("cli", "terminal"),
    ("cli", "cli_options"),
    ("cli", "cli_learning"),
    ("cli", "cli_labels"),
    ("cli", "cli_upkeep"),
    ("cli", "cli_forget"),
    ("cli", "cli_versions"),
    ("cli_versions", "terminal"),
    ("cli_versions", "cli_options"),
    ("cli_forget", "terminal"),
    ("cli_forget", "cli_options"),
    ("cli", "cli_schedule"),
    ("cli", "cli_retokenise"),
    ("cli_retokenise", "terminal"),
    ("cli_retokenise", "cli_options"),
    ("cli_upkeep", "terminal"),
    ("cli_upkeep", "cli_options"),
    ("cli_schedule", "terminal"),
    ("cli_schedule", "cli_options"),
    ("cli_options", "terminal"),
    ("cli_learning", "terminal"),
    ("cli_learning", "cli_options"),
    ("cli_labels", "terminal"),
    ("cli_labels", "cli_options"),
    ("__main__", "cli"),
    ("settings", "errors"),
    ("files", "errors"),
    ("spreading", "errors"),
}
LEVEL = {room: level for level, rooms in enumerate(ROWS) for room in rooms}


def room(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("pipeline."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.ImportFrom) and node.module == "pipeline":
            yield from (name.name for name in node.names if name.name != "__version__")
        elif isinstance(node, ast.Import):
            yield from (name.name.split(".")[1] for name in node.names if name.name.startswith("pipeline."))


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_downward(path):
    if path == ROOT / "__init__.py":
        assert not list(imports(path))
        return
    here = room(path)
    assert here in LEVEL, f"{path}: a room that the design does not know"
    for there in imports(path):
        down = LEVEL[there] > LEVEL[here] or there == here
        assert down or (here, there) in ALLOWED_BESIDE, f"{path} imports pipeline.{there}"


@pytest.mark.parametrize("path", sorted((ROOT.parent / "dags").glob("*.py")), ids=lambda p: p.name)
def test_dags_call_the_command_and_import_nothing(path):
    assert not re.search(r"^\s*(from|import)\s+pipeline\b", path.read_text(encoding="utf-8"), re.MULTILINE)


def loaded_by(code):
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_command_loads_nothing_heavy():
    heavy = {
        "numpy",
        "pandas",
        "pyarrow",
        "duckdb",
        "scipy",
        "wordcloud",
        "matplotlib",
        "jinja2",
        "fugashi",
        "pydantic",
    }
    assert not heavy & loaded_by("import pipeline.cli")


def test_counting_never_loads_tensorflow():
    modules = loaded_by(
        "import pipeline.engines.local, pipeline.stages, pipeline.text.tokenise, pipeline.analysis.frequency"
    )
    assert not {"tensorflow", "keras", "torch", "jax"} & modules


def test_proving_a_model_loads_no_learning_library_before_it_is_used():
    names = "baseline, bundle, calibration, evaluation, labels, promotion, queue, registry, shares, splitting, weak"
    modules = loaded_by(f"from pipeline.models import {names}")
    assert not {"tensorflow", "keras", "torch", "jax", "sklearn", "scipy", "safetensors"} & modules
