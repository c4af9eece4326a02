"""From files or a store's posts to a version in the registry."""

import datetime as dt
import json
from collections import Counter

import lessons
import pytest

from pipeline.engines import consulting, evaluating, training
from pipeline.engines.training import Table, Wish
from pipeline.errors import InputError, ModelError, SettingsError, StoreBusy, StoreError
from pipeline.models import bundle as bundles
from pipeline.models import registry
from pipeline.models.examples import Examples
from pipeline.settings import Settings
from pipeline.store import lock
from pipeline.store.layout import Layout

ONE, TWO = dt.date(2024, 1, 1), dt.date(2024, 1, 2)


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "store")


@pytest.fixture
def tiny(tmp_path):
    """The file of the tiny recipe."""
    path = tmp_path / "tiny.toml"
    path.write_text(lessons.TINY)
    return str(path)


def test_a_tenth_of_each_label_is_measured_on_and_copies_stay_together():
    texts = [*(f"text {number}" for number in range(200)), *(f"Text  {number}" for number in range(100))]
    gold = ["yes" if number % 4 else "no" for number in range(300)]  # 225 and 75
    train, dev = training.split(Examples(texts, gold), seed=1)
    assert len(train) + len(dev) == 300
    folded = [{"".join(text.split()).casefold() for text in part.texts} for part in (train, dev)]
    assert not folded[0] & folded[1]
    shares = Counter(dev.gold)
    assert 0.15 <= shares["no"] / len(dev) <= 0.35  # a quarter
    assert 20 <= len(dev) <= 40  # a tenth of 300, by groups
    assert training.split(Examples(texts, gold), seed=1)[1].texts == dev.texts


@pytest.mark.parametrize("texts", [["a"], ["same", "Same", "same"]], ids=["one", "copies"])
def test_too_few_examples(texts):
    with pytest.raises(InputError, match="too few"):
        training.split(Examples(texts, ["x"] * len(texts)), seed=1)


def test_a_label_is_learned_before_it_is_measured():
    gold = ["usual"] * 60 + [f"seldom {number}" for number in range(20)]  # each of these once
    train, dev = training.split(Examples([f"text {number}" for number in range(80)], gold), seed=1)
    assert set(dev.gold) == {"usual"} and len(set(train.gold)) == 21
    assert len(train) + len(dev) == 80


def test_texts_without_labels_are_parted_at_random():
    train, dev = training.split(Examples([f"text {number}" for number in range(100)]), 1, by_label=False)
    assert (len(train), len(dev)) == (90, 10)


def test_a_model_that_translates(layout, tmp_path):
    path = tmp_path / "copy.toml"
    target = '[target]\nlanguage = "en"\nleast = 1\nembedding = 16\nunits = 12\ncell = "gru"\n'
    path.write_text(
        lessons.TINY.replace("units = 12", 'units = 12\ncell = "gru"') + target + '[head]\nkind = "sequence"\n'
    )
    texts = lessons.sentences(20)
    (tmp_path / "data.tsv").write_text(lessons.rows(Examples(texts, texts)))
    table = Table(tmp_path / "data.tsv", "text", "label")
    training.train(Settings(), layout, "copy", table, None, Wish(str(path)))
    asked, notes = consulting.open_model(Settings(), layout, "copy")
    pairs = list(consulting.translate(asked, texts[:3], beams=2))
    assert [source for source, _ in pairs] == texts[:3] and not notes
    scores = evaluating.evaluate(asked, Examples(texts[:3], texts[:3]))
    assert 0 <= scores["bleu"] <= 100 and scores["posts"] == 3
    with pytest.raises(ModelError, match="hibi translate"):
        list(consulting.predict(asked, texts[:1]))


def test_a_language_model_of_a_recipe_begins_a_classifier(layout, tiny, tmp_path):
    texts = lessons.sentences()
    spoken = training.pretrain(Settings(), layout, "spoken", [*texts, "", texts[0]], Wish(recipe=tiny))
    assert spoken.promoted and spoken.bundle.recipe["head"]["kind"] == "next"
    assert spoken.bundle.metrics["examples"] == {"train": 45, "dev": 5}  # 50 different texts
    assert 1 < spoken.bundle.metrics["dev"]["perplexity"] < 200
    asked, _ = consulting.open_model(Settings(), layout, "spoken")
    written = [consulting.generate(asked, "a good", 2, 5, 0.8, 0.95, seed=3) for _ in range(2)]
    assert written[0] == written[1] and all(text.startswith("a good") for text in written[0])
    told = list(consulting.predict(asked, ["a good book", "book book book"]))
    assert told[0]["perplexity"] < told[1]["perplexity"]
    (tmp_path / "data.tsv").write_text(lessons.rows(lessons.yes_no()))
    table = Table(tmp_path / "data.tsv", "text", "label")
    done = training.train(Settings(), layout, "mood", table, None, Wish(tiny, start="spoken", seed=7))
    assert done.version.label == "mood/0001" and done.bundle.recipe["training"]["seed"] == 7
    assert done.bundle.vocabularies == spoken.bundle.vocabularies
    assert not list(layout.training("mood").glob("resume*"))
    # what was kept is what was made, and the store is free again
    kept = bundles.load(registry.version(layout.root, "mood", 1).folder, None)
    assert {name: weight.tobytes() for name, weight in kept.weights.items()} == {
        name: weight.tobytes() for name, weight in done.bundle.weights.items()
    }
    with lock.held(layout):
        pass


def test_several_columns_make_a_model_of_several_labels(layout, tiny, tmp_path):
    made = lessons.several()
    lines = [{"text": t, "good": int(g), "book": int(b)} for t, (g, b) in zip(made.texts, made.gold, strict=True)]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = training.train(
        Settings(), layout, "both", Table(tmp_path / "data.jsonl", "text", "good,book"), None, Wish(tiny)
    )
    assert done.bundle.several and done.bundle.labels == ["good", "book"]
    assert training.told(done, Settings())["labels"] == ["good", "book"]


def test_the_latest_posts_are_read_without_reposts_and_copies(desk):
    desk.put("one.jsonl", ("1", f"{ONE}T01:00:00", "朝の電車が遅れていて会社に間に合いませんでした"))
    repost = {"id": "3", "author": "c", "created_at": f"{TWO}T02:00:00+09:00", "text": "RT 夜", "repost_of": "2"}
    copy = ("4", f"{TWO}T03:00:00", "夜")
    desk.put("two.jsonl", ("2", f"{TWO}T01:00:00", "夜"), repost, copy, ("5", f"{TWO}T04:00:00", "月"))
    desk.merge()
    layout = Layout(desk.store)
    assert training.posts_of(layout, None, None, 10) == ["朝の電車が遅れていて会社に間に合いませんでした", "夜", "月"]
    assert training.posts_of(layout, None, None, 1) == ["月"]
    assert training.posts_of(layout, None, ONE, 10) == ["朝の電車が遅れていて会社に間に合いませんでした"]
    with pytest.raises(StoreError, match="no posts in that span"):
        training.posts_of(layout, dt.date(2025, 1, 1), None, 10)


def test_one_training_a_model_at_a_time_and_the_store_stays_free(layout, tiny, tmp_path):
    (tmp_path / "data.tsv").write_text(lessons.rows(lessons.yes_no()))
    table = Table(tmp_path / "data.tsv", "text", "label")
    with lock.training(layout, "mood"), pytest.raises(StoreBusy, match="another training of mood"):
        training.train(Settings(), layout, "mood", table, None, Wish(tiny))
    with lock.training(layout, "mood"), lock.held(layout):
        pass


def test_a_second_joined_layer_cannot_be_a_language_model():
    two = lessons.recipe(encoder={"bidirectional": True, "layers": 2})
    with pytest.raises(SettingsError, match="apart"):
        training.as_language_model(two)
    apart = lessons.recipe(encoder={"bidirectional": True, "layers": 2, "apart": True}, dropout={"words": 0.1})
    spoken = training.as_language_model(apart)
    assert spoken.head.kind == "next" and spoken.dropout.words == 0 and spoken.encoder == apart.encoder


@pytest.mark.parametrize("name", ["Mood", "../mood", "", "a/b"])
def test_what_cannot_name_a_model_is_refused_before_work(layout, tmp_path, name):
    with pytest.raises(ModelError, match="cannot name a model"):
        training.train(Settings(), layout, name, Table(tmp_path / "none.tsv", "text", "label"), None, Wish())
    assert not layout.root.exists()
