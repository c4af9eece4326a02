"""What this program must never do, looked for in its source; and the few places where a rule of bandit is set aside."""

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "pipeline").rglob("*.py")) + sorted((ROOT / "dags").glob("*.py"))
UNPICKLES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
"""Modules that run what they read, or hand it to one that does."""
FETCHES = {"requests", "httpx", "urllib3", "aiohttp", "http", "socket", "ftplib", "telnetlib"}
RUNS = {"eval", "exec", "__import__"}

MARKUP = {
    "reports/document.py": 3,  # style and script of this package; charts, drawn by pictures, which escapes
    "reports/index.py": 1,  # small lines, drawn by pictures
    "reports/page.py": 2,  # pictures; JSON with < > & as escapes
}
PROCESSES = {
    "engines/surroundings.py": 1,  # a constant script asks Keras for devices
    "models/hush.py": 0,  # grep reads what a library writes while it is loaded
    "text/dictionary.py": 1,  # a constant script lets MeCab compile; it may die
}


def name(path: Path) -> str:
    return path.relative_to(ROOT / "pipeline").as_posix() if path.is_relative_to(ROOT / "pipeline") else path.name


def tree(path: Path) -> ast.AST:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {one.name.split(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def called(path: Path) -> list[tuple[str, ast.Call]]:
    """Every call by the last part of its name."""
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            function = node.func
            said = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            found.append((said, node))
    return found


def keywords(call: ast.Call) -> dict[str, object]:
    return {word.arg: getattr(word.value, "value", None) for word in call.keywords if word.arg}


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_nothing_that_is_read_is_run(path: Path) -> None:
    assert imported(path) & UNPICKLES == set()
    for said, call in called(path):
        assert said not in RUNS or isinstance(call.func, ast.Attribute), f"{said}, line {call.lineno}"
        assert not keywords(call).get("allow_pickle"), f"line {call.lineno}"
        assert not keywords(call).get("shell"), f"line {call.lineno}"
        assert said not in {"load_model", "unsafe_load", "read_pickle", "to_pickle"}, f"line {call.lineno}"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_nothing_asks_a_network(path: Path) -> None:
    assert imported(path) & FETCHES == set()
    assert "urllib.request" not in path.read_text(encoding="utf-8")


def places(wanted: str) -> dict[str, int]:
    return dict(Counter(name(path) for path in SOURCES for said, _ in called(path) if said == wanted))


def test_unescaped_markup_stands_where_it_was_looked_at() -> None:
    assert places("Markup") == MARKUP


def test_processes_are_started_where_it_was_looked_at() -> None:
    users = {
        name(path) for path in SOURCES if "subprocess" in imported(path) and path.is_relative_to(ROOT / "pipeline")
    }
    assert users == set(PROCESSES)
    calls = Counter({one: count for one, count in places("run").items() if one in users})
    assert {one: calls[one] for one in users} == PROCESSES


def test_templates_escape_and_none_says_otherwise() -> None:
    from pipeline.reports import document

    assert document._templates().autoescape is True
    for path in (ROOT / "pipeline" / "reports" / "templates").iterdir():
        text = path.read_text(encoding="utf-8")
        assert "|safe" not in text.replace(" ", "") and "autoescape" not in text, path.name
        if path.suffix == ".js":
            assert not any(
                sink in text for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")
            )


def test_words_go_into_queries_as_parameters(tmp_path: Path) -> None:
    from desk import QUICK, Desk, Here

    from pipeline.engines import explore
    from pipeline.store.layout import Layout

    hostile = "'; DROP TABLE posts; --"
    desk = Desk(tmp_path, Here(), **QUICK)
    desk.put("a.jsonl", ("1", "2024-01-01T10:00:00", f"引用 {hostile} です"))
    desk.run(through="count")
    layout = Layout(desk.store)
    assert [row["post_id"] for row in explore.kwic(layout, None, None, hostile, 5)] == ["jsonl:1"]
    assert [row["count"] for row in explore.trend(layout, None, None, [hostile])] in ([], [0])
