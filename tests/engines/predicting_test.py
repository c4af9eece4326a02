"""The predict stage from the settings to the report: models that answer by a rule, and a small one that has learned."""

import datetime as dt
import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import openpyxl
import pytest
from desk import QUICK, Desk, Here

from pipeline.engines.book import Book
from pipeline.errors import LostWorker
from pipeline.models import registry
from pipeline.models.bundle import Bundle
from pipeline.store.manifest import DayManifest

NOW = dt.datetime(2024, 1, 8, tzinfo=dt.UTC)
DAY = "2024-01-01"
LABELS = ["bad", "good"]
MOOD = {"name": "mood", "names": {"good": "よい"}}
CONFUSION = np.array([[90, 10], [10, 90]])


def bundle(number=1, kind="labels", dictionary=None, confusion=CONFUSION):
    recipe = {"head": {"kind": kind}}
    return Bundle(
        recipe, {"bias": np.array([number], np.float32)}, {}, LABELS, "data", dictionary=dictionary, threshold=0.6,
        confusion=confusion,
    )  # fmt: skip


def serve(desk, number=1, name="mood", **about):
    version = registry.add(desk.store, name, bundle(number, **about), when=NOW, origin="train")
    dictionary = about.get("dictionary")
    return registry.promote(desk.store, name, version.number, dictionary=dictionary, when=NOW, why="test")


def probabilities(texts):
    """楽 speaks for good, 怖 against it; 0.5 without either."""
    good = np.array([0.5 + 0.4 * ("楽" in text) - 0.4 * ("怖" in text) for text in texts])
    return np.stack([1 - good, good], axis=1).astype(np.float32)


@pytest.fixture
def ruled(pretend):
    """What a bundle answers, without Keras: by the rule, or as a language model by the length of a text."""

    class Ruled:
        def __init__(self, found):
            self.labels = found.labels

        of = classmethod(lambda cls, found, lexicon: cls(found))
        probabilities = staticmethod(probabilities)

    def likelihoods(model, texts):
        return -np.array([len(text) for text in texts], float), np.ones(len(texts), np.int64)

    pretend(serving={"Model": Ruled}, generation={"likelihoods": likelihoods})
    return Ruled


@pytest.fixture
def asked(tmp_path, ruled):
    return Desk(tmp_path, Here(), models=[MOOD], **QUICK)


def facts(desk):
    return json.loads((desk.store / "manifests" / "days" / f"{DAY}.json").read_text())["stages"]["predict"]["facts"]


def two_days(desk, days=(1, 2)):
    for d in days:
        rows = [(f"{d}-{n}", f"2024-01-0{d}T{8 + n % 3:02}:{n:02}:00", text) for n, text in enumerate(TEXTS)]
        again = {"id": f"{d}-again", "created_at": f"2024-01-0{d}T20:00:00+09:00", "text": TEXTS[0], "repost_of": "1-0"}
        desk.put(f"2024-01-0{d}.jsonl", *rows, again, (f"{d}-x", f"2024-01-0{d}T21:00:00", "https://example.jp/"))


TEXTS = (
    "楽しい散歩だった、犬も楽しそう", "楽しい映画を見てきたところです", "怖い話を聞いてしまった夜です",
    "怖い夢を見て目が覚めてしまった", "普通の一日でした、仕事に行く",
)  # fmt: skip


def test_answers_reach_the_tables_and_the_report(asked):
    two_days(asked)
    serve(asked)
    assert not asked.run().failed
    said = asked.read("predictions", DAY)
    assert said["post_id"].tolist() == asked.read("posts", DAY)["post_id"].tolist()[:-1]  # a bare link says nothing
    assert dict(zip(said["post_id"], said["label"], strict=True))["jsonl:1-2"] == "bad"
    assert set(said["model_version"]) == {"mood/0001"}
    shares = asked.read("shares", DAY)
    day = shares[shares["hour"].isna()].set_index("label")
    # Of five posts (neither the repost nor the link) two are good, two bad, and the fifth, at 0.5, goes to the first.
    assert day["answers"].to_dict() == {"good": 2, "bad": 3} and set(day["posts"]) == {5}
    report = asked.report(DAY)
    (mood,) = report["models"]
    assert (mood["model_version"], mood["posts"], mood["unsure"]) == ("mood/0001", 5, 1)  # 0.5 is below 0.6
    assert [(s["label"], s["answers"]) for s in mood["shares"]] == [("bad", 3), ("good", 2)]
    assert [clue["word"] for clue in mood["words"]["good"]] == ["楽しい"]
    assert mood["typical"][0]["post"]["text"] == TEXTS[3] and mood["typical"][0]["label"] == "bad"
    assert mood["surprising"][0]["post"]["text"] == TEXTS[4]
    assert {hour["hour"] for hour in mood["hours"]} == {8, 9, 10}
    assert [day["date"] for day in mood["days"]] == [DAY, DAY]
    page = (asked.store / "reports" / DAY / "index.html").read_text(encoding="utf-8")
    assert "mood/0001" in page and "よい" in page and "気分の割合" in page
    book = openpyxl.load_workbook(asked.store / "reports" / DAY / "report.xlsx")
    assert "気分" in book.sheetnames
    assert ["よい", 0.37] in [[row[0].value, round(row[1].value or 0, 2)] for row in book["気分"]["A5:B6"]]


def test_queries_of_the_report_find_what_it_shows(asked):
    import duckdb

    two_days(asked)
    serve(asked)
    asked.run()
    (mood,) = asked.report(DAY)["models"]
    ask = duckdb.connect(config={"file_search_path": str(asked.store)}).execute
    found = [row[0] for row in ask(mood["queries"]["shares"]).fetchall()]
    assert found == [share["label"] for share in mood["shares"]]
    assert ask(mood["queries"]["answers"]).fetchall() == [("bad", 3), ("good", 2)]
    words = [row for row in ask(mood["queries"]["evidence"]).fetchall() if row[0] == "word"]
    assert [row[2] for row in words] == [clue["word"] for some in mood["words"].values() for clue in some]


def test_a_second_run_does_nothing_and_a_promotion_leaves_old_days(asked):
    two_days(asked)
    serve(asked)
    asked.run()
    assert asked.run().days == []
    serve(asked, 2)
    assert asked.run().days == []
    asked.run(force="predict", since=dt.date(2024, 1, 2))
    assert [ran for _, ran in asked.watcher.lines] == [["predict", "report"]]
    assert set(asked.read("predictions", DAY)["model_version"]) == {"mood/0001"}
    assert set(asked.read("predictions", "2024-01-02")["model_version"]) == {"mood/0002"}
    page = (asked.store / "reports" / "2024-01-02" / "index.html").read_text(encoding="utf-8")
    assert "mood/0002" in page and "mood/0001" in page  # earlier days of the chart are of another version


def test_the_first_model_of_a_task_brings_all_days_up_to_date(asked):
    two_days(asked)
    asked.run()
    assert asked.report(DAY)["models"] == [] and "まだ使われていません" in asked.report(DAY)["notes"][0]
    assert not (asked.store / "predictions").exists()
    serve(asked)
    asked.run()
    assert sorted(asked.watcher.lines) == [(day, ["predict", "report"]) for day in (DAY, "2024-01-02")]
    assert asked.report(DAY)["models"] and not asked.report(DAY)["notes"]


def test_without_models_in_the_settings_nothing_is_asked_and_answers_go(asked):
    two_days(asked)
    serve(asked)
    asked.run()
    asked.settings = asked.settings.model_copy(update={"models": ()})
    asked.run()
    assert not (asked.store / "predictions" / f"date={DAY}" / "part-0.parquet").exists()
    assert asked.report(DAY)["models"] == []


def damage(desk, number):
    path = desk.store / "models" / "mood" / "versions" / f"{number:04}" / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")


def test_a_damaged_model_is_replaced_by_the_one_before_and_the_report_says_so(asked):
    two_days(asked)
    serve(asked)
    serve(asked, 2)
    damage(asked, 2)
    assert not asked.run().failed
    assert set(asked.read("predictions", DAY)["model_version"]) == {"mood/0001"}
    notes = asked.report(DAY)["notes"]
    assert len(notes) == 2 and "damaged" in notes[0] and "mood/0001 answers instead" in notes[1]


def test_a_day_is_done_without_a_model_that_cannot_answer(asked):
    two_days(asked, [1])
    serve(asked)
    damage(asked, 1)
    assert not asked.run().failed
    assert asked.read("predictions", DAY).empty
    report = asked.report(DAY)
    assert report["models"] == [] and "damaged" in report["notes"][0]
    assert report["tables"]["content_words"]["rows"]


def test_a_model_of_another_dictionary_is_not_asked(asked):
    two_days(asked, [1])
    serve(asked, dictionary="another")
    assert not asked.run(through="predict").failed
    ((name, why),) = facts(asked)["notes"]
    assert name == "mood" and "made with the dictionary another" in why and facts(asked)["tasks"] == {}


def test_a_defect_of_a_model_costs_its_answers_not_the_day(asked, ruled):
    two_days(asked, [1])
    serve(asked)
    ruled.probabilities = staticmethod(lambda texts: 1 / 0)
    assert not asked.run(through="predict").failed
    assert "ZeroDivisionError" in facts(asked)["notes"][0][1]


def test_a_worker_that_dies_costs_the_answers_not_the_day(asked, monkeypatch):
    two_days(asked, [1])
    serve(asked)

    def die(future, job, *arguments):
        raise LostWorker("predict: its worker process died")

    monkeypatch.setattr(Here, "apart", SimpleNamespace(submit=lambda *a: None, result=die))
    assert not asked.run(through="predict").failed
    assert facts(asked)["notes"] == [["mood", "predict: its worker process died"]]


def test_a_language_model_names_what_it_did_not_expect(asked):
    two_days(asked, [1])
    asked.settings = asked.settings.model_copy(
        update={"models": (asked.settings.models[0].model_copy(update={"name": "language"}),)}
    )
    serve(asked, name="language", kind="next")
    asked.run()
    assert asked.read("predictions", DAY).empty and asked.read("shares", DAY).empty
    (model,) = asked.report(DAY)["models"]
    assert model["kind"] == "language" and model["shares"] == []
    assert len(model["typical"]) == 5 and model["typical"][0]["value"] == pytest.approx(np.exp(14), rel=1e-6)


def test_a_model_whose_mistakes_are_unknown_tells_no_shares(asked):
    two_days(asked, [1])
    serve(asked, confusion=None)
    asked.run()
    (mood,) = asked.report(DAY)["models"]
    assert mood["shares"] == [] and mood["words"] and mood["typical"]
    assert "間違いを測れない" in (asked.store / "reports" / DAY / "index.html").read_text(encoding="utf-8")


def test_the_run_before_a_first_training_makes_no_report(asked):
    two_days(asked)
    asked.run(through="predict")
    assert asked.watcher.lines == [(d, ["merge", "tokenise", "count", "predict"]) for d in (DAY, "2024-01-02")]
    assert not (asked.store / "reports" / "index.html").exists() and not (asked.store / "tables").exists()
    asked.run()
    assert {name for _, ran in asked.watcher.lines for name in ran} == {"tabulate", "draw", "summarise", "report"}


def test_inputs_name_the_models_not_their_versions(asked):
    two_days(asked)
    serve(asked)
    asked.merge()
    from pipeline import stages

    stage = next(stage for stage in stages.STAGES if stage.name == "predict")

    def inputs():
        project = asked.project()
        book = Book(project, {day: DayManifest(project.layout, day) for day in project.layout.days()})
        return book.inputs(stage, dt.date(2024, 1, 1))

    first = inputs()
    assert first["model mood"] == "in service"
    assert serve(asked, 2).number == 2
    assert inputs() == first


def test_counting_with_a_model_named_loads_no_learning_library(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from pipeline.engines import days, local, presenting, predicting\n"
        "from pipeline.store.layout import Layout\n"
        f"assert not predicting.in_service(Layout(Path({str(tmp_path)!r})), 'mood')\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", "import json\n" + code], capture_output=True, text=True, check=True)
    assert not {"tensorflow", "keras", "jax", "torch", "sklearn", "safetensors"} & set(json.loads(done.stdout))


def test_a_network_that_has_learned_answers_in_a_worker(tmp_path, pool):
    pytest.importorskip("keras")
    import learned_desk

    from pipeline.engines import retraining

    desk = Desk(tmp_path, pool)
    desk.settings = learned_desk.settings(tmp_path)
    learned_desk.fill(desk, 4)
    learned_desk.label(desk, [(key, said) for key, _, _, said in learned_desk.texts(4)])
    made = retraining.retrain(desk.project(), "mood", when=NOW)
    assert made.promoted
    assert not desk.run(since=dt.date(2024, 1, 4)).failed
    said = desk.read("predictions", "2024-01-04")
    assert len(said) == learned_desk.A_DAY and set(said["model_version"]) == {"mood/0001"}
    assert desk.report("2024-01-04")["models"][0]["shares"] and not desk.report("2024-01-04")["notes"]
