"""Recipes: the shipped ones, and what is said of wrong ones."""

import pytest

from pipeline.errors import SettingsError
from pipeline.models import recipe
from pipeline.models.recipe import Branch, Recipe


@pytest.mark.parametrize("name", recipe.names())
def test_shipped_recipes_load_and_say_what_they_are(name):
    assert recipe.load(name).about.endswith(".")


def test_the_issue_s_recipes_are_shipped():
    wanted = {"sentiment", "topic", "multi-label", "simple-rnn-titles", "lstm", "gru", "nlp100", "char-names"}
    assert wanted | {"language-model", "translate", "bit-sum", "binary-addition"} <= set(recipe.names())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[encoder]\ncell = 'rnn'", "encoder.cell"),
        ("[training]\nrate = 0", "training.rate"),
        ("colour = 1", "colour"),
        ("[encoder]\nactivation = 'relu'", "simple cell"),
        ("[encoder]\nembedding = 0", "pretrained vectors"),
        ("[encoder]\napart = true\nbidirectional = false", "two directions"),
        ("[encoder]\nlayers = 2\n[head]\nkind = 'next'", "apart"),
        ("[head]\nkind = 'sequence'", "target"),
        ("[beside]\n[head]\nkind = 'next'", "beside"),
        ("[head]\nkind = 'number'\nseveral = true", "labels"),
        ("[head]\nnegatives = 5", "negatives"),
        ("=", "not valid TOML"),
    ],
)
def test_a_wrong_recipe_names_file_and_key(tmp_path, text, said):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"mine\.toml") as error:
        recipe.load(path)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("language_model", "names"),
    [
        ("language-model-ginza", ("sentiment-ginza", "topic-ginza", "article-ginza", "multi-label-ginza")),
        ("language-model-en", ("topic-en",)),
    ],
)
def test_recipes_begin_from_their_language_model(language_model, names):
    theirs = recipe.load(language_model).encoder
    same = {"language", "unit", "embedding", "vectors", "project", "cell", "units", "layers", "bidirectional", "forms"}
    for name in names:
        mine = recipe.load(name).encoder
        assert mine.model_dump(include=same) == theirs.model_dump(include=same)


def test_an_unknown_name_lists_the_shipped_ones():
    with pytest.raises(SettingsError, match=r"neither a file nor a shipped recipe .*sentiment"):
        recipe.load("feelings")


def test_one_pooling_may_be_written_without_brackets():
    assert Branch.model_validate({"pooling": "mean", "vectors": "ja-ginza"}).pooling == ("mean",)
    assert Recipe.model_validate(Recipe().model_dump()) == Recipe()
