"""What the command prints: no post moves a cursor, and no data is lost for that."""

import csv
import datetime as dt
import io
import json
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import terminal
from pipeline.store.layout import Layout

ACTING = "\x1b[2J\x1b]0;title\x07\x9b31m\x7f\u202e\u2066\r\x08\x00"


def acts(text):
    return [c for c in text if not c.isprintable() and c not in "\n\u3000"]


@settings(deadline=None, derandomize=True)
@given(st.text())
def test_json_is_the_same_data_and_acts_on_nothing(text):
    written = terminal.json_text({"text": text, "row": [text]}, indent=1)
    assert json.loads(written) == {"text": text, "row": [text]}
    assert acts(written) == []


@pytest.mark.parametrize("sign", ["\x7f", "\x9b", "\u202e", "\U000e0067", "\ud800", "\U0001f468\u200d\U0001f469"])
def test_signs_that_act(sign):
    assert json.loads(terminal.json_text(sign)) == sign
    assert acts(terminal.json_text(sign)) == []


def test_rows_of_every_kind(capsys):
    rows = [{"keyword": ACTING, "post_id": f"x:{ACTING}"}, {"keyword": "=1+1", "post_id": "＝1"}]
    terminal.print_rows(rows, list(rows[0]), as_json=False, as_csv=True)
    told = capsys.readouterr().out
    assert set(acts(told)) <= {"\u202e", "\u2066"}  # of a file nobody but a reader turns them into an order
    read = list(csv.reader(io.StringIO(told, newline="")))
    assert read[2] == ["'=1+1", "'＝1"]
    terminal.print_rows(rows, list(rows[0]), as_json=True, as_csv=False)
    assert acts(capsys.readouterr().out) == []
    terminal.print_rows(rows, list(rows[0]), as_json=False, as_csv=False)
    assert acts(capsys.readouterr().out) == []


def test_the_line_of_a_day_counts_all_that_is_in_quarantine(tmp_path):
    facts = {"posts": 5, "authors": 1, "reposts": 0, "copies": 0, "files": [{"quarantined": 2}, {"quarantined": 1}]}
    stages = {"merge": SimpleNamespace(facts=facts | {"lost": 4}), "tokenise": SimpleNamespace(facts={"lost": 8})}
    result = SimpleNamespace(day=dt.date(2024, 1, 1), ran=["count"])
    line = terminal.day_line(Layout(tmp_path), result, SimpleNamespace(stages=stages))
    assert "0 copies, 15 quarantined  no report yet" in line  # rows of files 2 + 1, ended cleaning 4, ended MeCab 8


def test_an_error_names_a_hostile_file_without_acting_on_the_terminal(tmp_path, monkeypatch, capsys):
    import sys

    from pipeline import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["hibi", "run", "--inbox", f"{ACTING[:-1]}投稿", "--store", str(tmp_path / "s")])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert "no such file" in told and "投稿" in told
    assert acts(told) == []
