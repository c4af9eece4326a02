"""The commands about labels as their callers see them: exit codes, lines, JSON."""

import json
import sys

import pytest
from desk import Desk, Here

from pipeline import cli
from pipeline.engines import learning, retraining
from pipeline.engines.contest import Retrained

DAY = "2024-01-05"
SETTINGS = '[[models]]\nname = "mood"\nlabels = ["positive", "negative"]\n'


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    made = Desk(tmp_path_factory.mktemp("cli_labels"), Here())
    made.put("a.jsonl", *((str(n), f"{DAY}T10:0{n}:00", f"{n}番目の投稿") for n in range(6)))
    made.merge()
    return made


@pytest.fixture
def hibi(shared, tmp_path, monkeypatch, capsys):
    """Call the command in this process, on a store of its own: (exit code, standard output, standard error)."""
    import shutil

    shutil.copytree(shared.store, tmp_path / "store")
    (tmp_path / "hibi.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["hibi", *arguments, "--store", "store", "--settings", "hibi.toml"])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        return end.value.code or 0, out, err

    return call


def test_labels_go_out_and_come_back(hibi, tmp_path):
    code, out, _ = hibi("label", "queue", "--size", "3")
    assert code == 0 and f"mood  {DAY}: 3 posts (3 diverse)" in out
    assert f"store/labels/queue/{DAY}/mood.html" in out and "chosen without a model: no model named mood" in out
    answers = tmp_path / "mine.csv"
    answers.write_text("post_id,label\njsonl:0,positive\njsonl:1,\nx:9,negative\njsonl:2,angry\n")
    code, out, err = hibi("label", "import", "mine.csv")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "mine.csv  mood: 1 answers, 1 of them new; 1 not answered, 2 unusable",
        "  1 do not say who answered; name them with --who",
        "  line 5: jsonl:2: label 'angry' is none of positive, negative",
        "  line 4: x:9: no such post in the store",
        "mood: 1 posts have a label (positive 1); people disagree on 0",
    ]


def test_disagreements_are_told(hibi, tmp_path):
    (tmp_path / "a.csv").write_text("post_id,label,who\njsonl:0,positive,花子\njsonl:0,negative,\x1b[31m太郎\n")
    _, out, _ = hibi("label", "import", "a.csv")
    assert "\x1b" not in out
    assert "  jsonl:0: �[31m太郎 says negative, 花子 says positive; not settled: left out" in out


def test_a_file_that_failed_is_named(hibi, tmp_path):
    (tmp_path / "good.csv").write_text("post_id,mood\njsonl:0,positive\n")
    code, out, err = hibi("label", "import", "absent.csv", "good.csv", "--json")
    done = json.loads(out)
    assert code == 3 and "hibi: absent.csv: cannot be read" in err
    assert len(done["failed"]) == 1 and done["files"][0]["answers"] == 1 and done["tasks"][0]["task"] == "mood"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("label", "queue", "--task", "weather"), "weather: no labels to choose from"),
        (("label", "queue", "--date", "tomorrow"), "tomorrow: not a day"),
        (("label", "import", "a.csv", "--task", "weather"), "weather: no such task"),
        (("retrain", "weather"), "weather: no such task"),
    ],
)
def test_what_cannot_be_asked_is_a_usage_error(hibi, arguments, told):
    code, _, err = hibi(*arguments)
    assert code == 2 and told in err


def test_too_few_labels_train_nothing(hibi):
    code, out, _ = hibi("retrain", "mood")
    assert code == 0  # week after week, until somebody labels
    assert out.splitlines()[0] == "mood: nothing new to learn"
    assert "mood: 0 labelled posts of 0 labels; 20 of two are needed" in out.splitlines()[1]


def test_without_keras_the_extra_is_named(hibi, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Exception, match=r"pip install -e '\.\[cpu\]'"):
        learning.require_keras()
    code, _, err = hibi("retrain", "mood")
    assert code == 1 and "'.[cpu]'" in err


@pytest.mark.parametrize(("promoted", "verdict"), [(True, "promoted"), (False, "not promoted; mood/0001 stays")])
def test_a_retraining_says_what_was_decided_and_why(hibi, monkeypatch, tmp_path, promoted, verdict):
    scores = {"recent": {"challenger": {"posts": 60, "macro_f1": {"value": 0.5}}}}
    reasons = [(True, "no label collapses"), (promoted, "macro F1 changes")]
    done = Retrained("mood", "mood/0002", "mood/0001", promoted, reasons, scores, ["a note"], tmp_path / "card.html")
    monkeypatch.setattr(retraining, "retrain", lambda *_, **__: done)
    code, out, _ = hibi("retrain", "mood")
    assert code == 0
    assert out.splitlines() == [
        f"mood/0002: {verdict}",
        "  ok    no label collapses",
        f"  {'ok  ' if promoted else 'FAIL'}  macro F1 changes",
        "  macro F1 on 60 recent posts: challenger 0.500",
        "  a note",
        f"  {tmp_path / 'card.html'}",
    ]
    code, out, _ = hibi("retrain", "mood", "--json")
    assert json.loads(out)["promoted"] is promoted


def test_nothing_new_is_said(hibi, monkeypatch):
    done = Retrained("mood", None, "mood/0001", False, notes=["mood/0001 answers instead"])
    monkeypatch.setattr(retraining, "retrain", lambda *_, **__: done)
    assert hibi("retrain", "mood")[1] == "mood: nothing new to learn; mood/0001 stays\n  mood/0001 answers instead\n"
    monkeypatch.setattr(retraining, "retrain", lambda *_, **__: Retrained("mood", None, None, False))
    assert hibi("retrain", "mood")[1] == "mood: nothing new to learn\n"
