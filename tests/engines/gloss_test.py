"""The day's summary in another language: from the settings to the report, by a model that translates by a rule."""

import datetime as dt
import json
from types import SimpleNamespace

import numpy as np
import openpyxl
import pytest
from desk import QUICK, Desk, Here

from pipeline.errors import LostWorker
from pipeline.models import registry
from pipeline.models.bundle import Bundle

NOW = dt.datetime(2024, 1, 8, tzinfo=dt.UTC)
DAY = "2024-01-01"
TEXTS = ("楽しい散歩だった、犬も楽しそう。", "楽しい映画を見てきたところです。", "怖い話を聞いてしまった夜です。")


def serve(desk, kind="sequence"):
    bundle = Bundle({"head": {"kind": kind}}, {"bias": np.zeros(1, np.float32)}, {}, [], "data")
    version = registry.add(desk.store, "english", bundle, when=NOW, origin="train")
    return registry.promote(desk.store, "english", version.number, dictionary=None, when=NOW, why="test")


@pytest.fixture
def rule(pretend):
    """Translates by telling the length; without Keras."""
    opened = SimpleNamespace(of=lambda bundle, lexicon: "model")
    translate = {"translate": lambda model, texts: [f"{len(text)} <signs>" for text in texts]}
    return pretend(beam=translate, serving={"Model": opened})["beam"]


@pytest.fixture
def asked(tmp_path, rule):
    desk = Desk(tmp_path, Here(), **QUICK)
    report = desk.settings.report.model_copy(update={"gloss": "english"})
    desk.settings = desk.settings.model_copy(update={"report": report})
    desk.put("a.jsonl", *[(str(n), f"{DAY}T0{n}:00:00", text) for n, text in enumerate(TEXTS)])
    return desk


def page(desk):
    return (desk.store / "reports" / DAY / "index.html").read_text(encoding="utf-8")


def test_the_summary_is_shown_with_its_translation(asked):
    serve(asked)
    assert not asked.run().failed
    stored = asked.read("summary", DAY)
    assert stored["gloss"].tolist() == [f"{len(text)} <signs>" for text in stored["text"]]
    report = asked.report(DAY)
    assert [one["gloss"] for one in report["summary"]] == stored["gloss"].tolist() and not report["notes"]
    assert {one["translator"] for one in report["summary"]} == {"english/0001"}
    assert 'lang="en">' in page(asked) and "&lt;signs&gt;" in page(asked) and "機械翻訳 english/0001" in page(asked)
    cells = [cell.value for row in openpyxl.load_workbook(asked.store / "reports" / DAY / "report.xlsx").worksheets[0]
             for cell in row]  # fmt: skip
    assert "訳" in cells and stored["gloss"][0] in cells
    assert asked.run().days == []  # nothing is left to do


def test_before_a_model_is_in_service_the_report_says_so_and_then_catches_up(asked):
    assert not asked.run().failed
    report = asked.report(DAY)
    assert {one["gloss"] for one in report["summary"]} == {None} and "english" in report["notes"][0]
    serve(asked)
    asked.run()
    assert asked.watcher.lines == [(DAY, ["summarise", "report"])]
    assert all(one["gloss"] for one in asked.report(DAY)["summary"])


def test_a_model_that_does_not_translate_costs_the_translation_alone(asked):
    serve(asked, "labels")
    assert not asked.run().failed
    report = asked.report(DAY)
    assert report["summary"] and report["summary"][0]["gloss"] is None
    assert "does not translate; report.gloss wants a model that does" in report["notes"][0]


def test_a_defect_and_a_lost_worker_cost_the_translation_alone(asked, rule, monkeypatch):
    serve(asked)
    rule.translate = lambda model, texts: 1 / 0
    assert not asked.run().failed
    assert "ZeroDivisionError" in asked.report(DAY)["notes"][0]

    def die(future, job, *arguments):
        raise LostWorker("gloss: its worker process died")

    monkeypatch.setattr(Here, "apart", SimpleNamespace(submit=lambda *a: None, result=die))
    assert not asked.run(force="summarise").failed
    facts = json.loads((asked.store / "manifests" / "days" / f"{DAY}.json").read_text())["stages"]["summarise"]["facts"]
    assert facts == {"gloss": None, "notes": [["english", "gloss: its worker process died"]]}


def test_without_the_setting_nothing_is_translated(tmp_path, rule):
    desk = Desk(tmp_path, Here(), **QUICK)
    desk.put("a.jsonl", ("1", f"{DAY}T08:00:00", TEXTS[0]))
    serve(desk)
    assert not desk.run().failed
    assert desk.report(DAY)["summary"][0]["gloss"] is None and 'class="gloss"' not in page(desk)
