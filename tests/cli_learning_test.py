"""The commands about models as their callers see them: exit codes, lines, JSON, CSV."""

import csv
import io
import json
import shutil
import sys
from types import SimpleNamespace

import lessons
import pytest

from pipeline import cli

ASKED = "a lovely book\n\nan awful <b>train</b>\n"
SCORES = {"accuracy", "macro_f1", "per_class", "ece", "posts_per_second", "linear"}


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    """Call the command in this process: (exit code, standard output, standard error)."""

    def run(*arguments, given=None):
        with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as end:
            out, err = io.StringIO(), io.StringIO()
            patch.setattr(sys, "argv", ["hibi", *map(str, arguments)])
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            if given is not None:
                patch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(given)))
            cli.main()
        return end.value.code or 0, out.getvalue(), err.getvalue()

    return run


@pytest.fixture(scope="module")
def made(call, tmp_path_factory):
    """A store with two versions of a model, the first of them in service; and what the command said."""
    folder = tmp_path_factory.mktemp("learning")
    (folder / "tiny.toml").write_text(lessons.TINY)
    (folder / "data.tsv").write_text(lessons.rows(lessons.yes_no()))
    store = folder / "store"
    options = ("--data", folder / "data.tsv", "--text", "text", "--label", "label", "--recipe", folder / "tiny.toml")
    said = [call("train", "mood", *options, "--store", store)]
    said += [call("train", "mood", *options, "--dev", folder / "data.tsv", "--store", store, "--json")]
    return SimpleNamespace(folder=folder, store=store, said=said, data=folder / "data.tsv")


@pytest.fixture
def store(made, tmp_path):
    """A copy of that store, to be damaged."""
    return shutil.copytree(made.store, tmp_path / "store")


def test_the_first_model_answers_and_a_later_one_waits(made):
    (code, out, err), (later, told, _) = made.said
    assert code == later == 0
    assert "mood/0001: trained on 45 texts, measured on 5" in out  # a tenth of 50
    assert "in service" in out and "linear baseline: accuracy" in out
    assert "epoch 1: loss" in err
    found = json.loads(told)
    assert found["model"] == "mood/0002" and not found["served"] and found["asked"] is False
    assert '`hibi run` asks it once the settings name it: [[models]] and name = "mood"' in out
    assert found["examples"] == {"train": 50, "dev": 50} and found["labels"] == ["no", "yes"]


def test_the_linear_part_of_the_answer_is_told(made, call, tmp_path):
    (tmp_path / "wide.toml").write_text(lessons.TINY + "[head]\nwide = 0.3\n")
    options = ("--data", made.data, "--text", "text", "--label", "label", "--recipe", tmp_path / "wide.toml")
    told = "\nthe linear model's part in the answer: 30%\n"
    assert told in call("train", "mood", *options, "--store", tmp_path)[1]
    assert told in call("models", "show", "mood", "--store", tmp_path)[1]


def test_rows_without_a_label_are_told_of(made, call, tmp_path):
    (tmp_path / "data.tsv").write_text(made.data.read_text() + "no answer yet\t\n" * 3)
    (tmp_path / "bare.tsv").write_text("text\tlabel\n" + "no answer yet\t\n" * 3)
    options = ("--text", "text", "--label", "label", "--recipe", made.folder / "tiny.toml", "--store", tmp_path)
    data = ("--data", tmp_path / "data.tsv")
    assert "\n3 rows without a label were left out\n" in call("train", "mood", *data, *options)[1]
    told = call("train", "mood", *data, "--dev", tmp_path / "data.tsv", *options, "--json")[1]
    assert json.loads(told)["unlabelled"] == 6  # three of each file
    code, _, said = call("train", "mood", "--data", tmp_path / "bare.tsv", *options)
    assert code == 1 and "too few to train on; 3 rows without a label were left out" in said
    code, _, said = call("train", "mood", *data, "--dev", tmp_path / "bare.tsv", *options)
    assert code == 1 and "Traceback" not in said


def test_of_a_model_that_the_settings_name_or_that_answers_no_post_no_settings_are_asked(made, call, tmp_path):
    task = f'[[models]]\nname = "mood"\nrecipe = "{made.folder}/tiny.toml"\n'
    (tmp_path / "hibi.toml").write_text(f'store = "store"\n{task}')
    options = ("--data", made.data, "--text", "text", "--settings", tmp_path / "hibi.toml")
    code, out, _ = call("train", "mood", *options, "--label", "label")
    assert code == 0 and out.endswith("\nin service\n")
    assert "part in the answer" not in out  # the recipe gives the linear model none
    code, out, _ = call("pretrain", *options, "--only-data", "--recipe", made.folder / "tiny.toml")
    assert code == 0 and out.endswith("\nin service\n")


def test_evaluate(made, call):
    options = ("--data", made.data, "--text", "text", "--label", "label", "--store", made.store)
    code, out, _ = call("evaluate", "mood", *options, "--json")
    found = json.loads(out)
    assert code == 0 and found.keys() >= SCORES
    assert found["posts"] == 50 == sum(map(sum, found["confusion"]))
    right = found["confusion"][0][0] + found["confusion"][1][1]
    assert found["accuracy"] == pytest.approx(right / 50)
    assert found["macro_f1"] == pytest.approx(sum(one["f1"] for one in found["per_class"].values()) / 2)
    assert 0 <= found["linear"]["accuracy"] <= 1 and 0 <= found["linear"]["macro_f1"] <= 1
    assert found["model"] == "mood/0001"
    code, out, _ = call("evaluate", "mood", *options, "--version", 2)
    assert code == 0 and out.startswith("mood/0002 on 50 texts\n")


def test_predict_reads_lines_and_tables_and_writes_lines_json_and_csv(made, call, tmp_path):
    options = ("--store", made.store)
    code, out, _ = call("predict", "mood", *options, given=ASKED.encode())
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and [row["text"] for row in rows] == ["a lovely book", "", "an awful <b>train</b>"]
    assert rows[0]["label"] == "yes" and rows[2]["label"] == "no"
    assert rows[0]["probability"] == rows[0]["probabilities"]["yes"]
    assert sum(rows[1]["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    (tmp_path / "asked.txt").write_text(ASKED)
    code, out, _ = call("predict", "mood", tmp_path / "asked.txt", *options, "--json")
    assert json.loads(out) == rows
    (tmp_path / "asked.csv").write_text('n,body\n1,=a lovely book\n2,"an awful, ""train"""\n')
    code, out, _ = call("predict", "mood", tmp_path / "asked.csv", "--text", "body", *options, "--csv")
    table = list(csv.DictReader(io.StringIO(out)))
    assert [row["label"] for row in table] == ["yes", "no"]
    assert table[0]["text"] == "'=a lovely book"  # no formula in a spreadsheet
    assert float(table[1]["p_no"]) == float(table[1]["probability"])


def test_hostile_texts_are_answered(made, call):
    given = "\u202e\x00\x1b[2J\n".encode() + b"x" * 300_000 + b"\n" + "👨‍👩‍👧‍👦\n".encode()
    code, out, _ = call("predict", "mood", "--store", made.store, given=given)
    assert code == 0 and len(out.splitlines()) == 3
    assert "\x1b" not in out


def test_versions_are_listed_shown_promoted_and_rolled_back(store, call):
    options = ("--store", store)
    rows = json.loads(call("models", "list", *options, "--json")[1])
    assert [(row["model"], row["version"], row["served"]) for row in rows] == [("mood", 1, True), ("mood", 2, False)]
    assert call("models", "promote", "mood", 2, *options) == (0, "mood/0002 answers now\n", "")
    code, out, _ = call("models", "show", "mood", *options)
    assert code == 0 and out.startswith("mood/0002  in service  labels") and "promoted 2: by hand" in out
    assert call("models", "rollback", "mood", *options, "--why", "I changed my mind")[1] == "mood/0001 answers now\n"
    told = json.loads(call("models", "show", "mood", 1, *options, "--json")[1])
    assert told["served"] and [entry["action"] for entry in told["history"]] == ["promoted", "promoted", "rolled back"]
    assert told["history"][-1]["why"] == "I changed my mind"
    code, _, err = call("models", "rollback", "mood", *options)
    assert code == 1 and "no earlier version" in err


def test_models_that_learn_from_labels_are_named(call, tmp_path):
    rows = [("mood", "sentiment"), ("words", "language-model"), ("topic", "topic")]
    (tmp_path / "hibi.toml").write_text("".join(f'[[models]]\nname = "{n}"\nrecipe = "{r}"\n' for n, r in rows))
    options = ("models", "retrainable", "--settings", tmp_path / "hibi.toml")
    assert call(*options) == (0, "mood\ntopic\n", "")
    assert json.loads(call(*options, "--json")[1]) == ["mood", "topic"]


def test_a_damaged_version_is_told_and_the_one_before_answers(store, call):
    call("models", "promote", "mood", 2, "--store", store)
    weights = store / "models" / "mood" / "versions" / "0002" / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    code, out, err = call("predict", "mood", "--store", store, given=b"a lovely book\n")
    assert code == 0 and json.loads(out)["label"] == "yes"
    assert "weights.safetensors: damaged" in err and "mood/0001 answers instead" in err
    rows = json.loads(call("models", "list", "mood", "--store", store, "--json")[1])
    assert rows[0]["damaged"] is None and "weights.safetensors" in rows[1]["damaged"]
    code, _, err = call("models", "promote", "mood", 2, "--store", store)
    assert code == 1 and "damaged" in err


def test_a_training_that_diverges_leaves_what_serves(store, call, tmp_path):
    (tmp_path / "wild.toml").write_text(lessons.TINY + '[head]\nkind = "number"\n')
    far = [f"{text}\t1e30" for text in lessons.sentences()]  # its square is beyond float32
    (tmp_path / "far.tsv").write_text("\n".join(["text\tlabel", *far]))
    before = sorted(path for path in (store / "models").rglob("*") if "training" not in path.parts)
    options = ("--data", tmp_path / "far.tsv", "--text", "text", "--label", "label", "--store", store)
    code, _, err = call("train", "mood", *options, "--recipe", tmp_path / "wild.toml", "--promote")
    assert code == 1 and "training.rate" in err
    assert sorted(path for path in (store / "models").rglob("*") if "training" not in path.parts) == before
    assert json.loads(call("models", "show", "mood", "--store", store, "--json")[1])["model"] == "mood/0001"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("predict", "nobody"), 1, "no model named nobody; there are mood"),
        (("predict", "../mood"), 1, "cannot name a model"),
        (("evaluate", "mood", "--data", "gone.tsv", "--text", "text"), 1, "gone.tsv: cannot be read"),
        (("generate", "mood"), 1, "head is 'labels'"),
        (("translate", "mood"), 1, "head is 'labels'"),
        (("models", "promote", "mood", 9), 1, "has no version 9"),
    ],
    ids=["unknown", "path", "file", "generate", "translate", "version"],
)
def test_errors_name_what_is_wrong(made, call, arguments, code, words):
    found, out, err = call(*arguments, "--store", made.store, given=b"text\n")
    assert (found, out) == (code, "") and words in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--recipe", "nothing", "--label", "label"), "neither a file nor a shipped recipe"),
        ((), "--label: the recipe wants a column with a label"),
    ],
    ids=["recipe", "label"],
)
def test_what_cannot_be_trained_is_said_before_work_begins(made, call, tmp_path, options, words):
    code, _, err = call("train", "new", "--data", made.data, "--text", "text", *options, "--store", tmp_path / "store")
    assert code == 2 and words in err
    assert not (tmp_path / "store").exists()


def test_without_keras_the_command_names_what_to_install(made, call, monkeypatch):
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "keras" else real(name))
    code, _, err = call("predict", "mood", "--store", made.store, given=b"text\n")
    assert code == 1 and "pip install -e '.[cpu]'" in err
