"""Versions as a person sees them; models made by hand, as nothing has to be learned for that."""

import datetime as dt
import io
from dataclasses import replace

import numpy as np
import pytest

from pipeline.engines import consulting, project, versions
from pipeline.errors import BundleMismatch, InputError, NoModel, StoreBusy
from pipeline.models import registry
from pipeline.models.bundle import Bundle
from pipeline.settings import Settings
from pipeline.store import lock
from pipeline.store.layout import Layout

NOW = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
BUNDLE = Bundle(
    recipe={"head": {"kind": "labels", "wide": 0.0}},
    weights={"0/w": np.zeros(2, np.float32)},
    vocabularies={"encoder": ["a"]},
    labels=["no", "yes"],
    data="0123",
    metrics={"dev": {"posts": 9, "accuracy": {"value": 0.91239, "low": 0.9, "high": 0.95}, "ece": 0.031}},
)


@pytest.fixture
def layout(tmp_path):
    layout = Layout(tmp_path)
    for _ in range(2):
        registry.add(layout.root, "mood", BUNDLE, when=NOW, origin="train")
    return layout


def test_scores_of_those_between_bounds_the_value():
    assert versions.plain(BUNDLE.metrics["dev"]) == {"accuracy": 0.9124, "ece": 0.031}


def test_a_list_has_a_row_a_version(layout):
    rows = versions.listed(layout)
    assert [tuple(row) for row in rows] == [versions.COLUMNS] * 2
    assert [row["version"] for row in rows] == [1, 2] and not rows[0]["served"]
    assert rows[0]["accuracy"] == 0.9124 and rows[0]["linear_macro_f1"] is None
    with pytest.raises(NoModel, match="there are mood"):
        versions.listed(layout, "topic")


def test_a_model_of_another_dictionary_neither_answers_nor_is_promoted(layout):
    registry.add(layout.root, "mood", replace(BUNDLE, dictionary="of other words"), when=NOW, origin="train")
    with pytest.raises(BundleMismatch, match="made with the dictionary of other words"):
        versions.promote(Settings(), layout, "mood", 3, "by hand")
    assert not registry.history(layout.root, "mood")
    with pytest.raises(BundleMismatch, match="train it again, or set the dictionary and the words back"):
        consulting.open_model(Settings(), layout, "mood", 3)


def test_other_words_are_another_dictionary(tmp_path):
    words = tmp_path / "words.csv"
    words.write_text("推しぬい,オシヌイ,名詞\n", encoding="utf-8")
    plain = project.lexicon_of(Settings())
    assert plain.fingerprint == project.open_project(Settings(), tmp_path / "store").lexicon.fingerprint
    other = Settings.model_validate({"words": {"dictionary": words}})
    assert project.lexicon_of(other).fingerprint != plain.fingerprint


def test_the_pointer_moves_only_while_the_store_is_held(layout):
    with lock.held(layout), pytest.raises(StoreBusy):
        versions.promote(Settings(), layout, "mood", 1, "by hand")
    assert versions.promote(Settings(), layout, "mood", 1, "by hand").served
    about = versions.shown(layout, "mood")
    assert about["model"] == "mood/0001" and about["history"][0]["why"] == "by hand"
    assert versions.lines(about)[0].startswith("mood/0001  in service  labels")
    assert versions.shown(layout, "mood", 2)["model"] == "mood/0002"


def test_texts_are_lines_or_a_column(tmp_path):
    plain = tmp_path / "posts.txt"
    plain.write_bytes("\ufeff一\r\n\n二\u2028三".encode())
    assert list(consulting.texts_of(plain, None)) == ["一", "", "二\u2028三"]
    table = tmp_path / "posts.tsv"
    table.write_text('id\tbody\n1\t"四\n', encoding="utf-8")
    assert list(consulting.texts_of(table, "body")) == ['"四']
    with pytest.raises(InputError, match="name its column with --text"):
        list(consulting.texts_of(table, None))
    for code in ("cp932", "euc_jp", "utf-16"):
        plain.write_bytes("毎日①楽しい。\r\n\r\nよい本だった。".encode(code.replace("euc_jp", "euc_jis_2004")))
        assert list(consulting.texts_of(plain, None)) == ["毎日①楽しい。", "", "よい本だった。"]
    bad = {
        ", line 3: not UTF-8": "一\n二\n".encode() + b"\xff\n",
        ", line 2: a character that cannot be read; save the file as UTF-8": "楽しい。\n".encode("cp932") + b"\x81\n",
        ": no text": b"\x01\x02\x03\n",
    }
    for said, content in bad.items():
        plain.write_bytes(content)
        with pytest.raises(InputError, match=rf"posts\.txt{said}"):
            list(consulting.texts_of(plain, None))


def test_standard_input_is_utf8_line_by_line():
    assert list(consulting.lines_of(io.BytesIO(b""), "it")) == []
    assert list(consulting.lines_of(io.BytesIO("\ufeff一\r\n\n二".encode()), "it")) == ["一", "", "二"]
    with pytest.raises(InputError, match="it, line 2: not UTF-8"):
        list(consulting.lines_of(io.BytesIO(b"a\n\xff\n"), "it"))
