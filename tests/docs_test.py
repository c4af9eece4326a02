"""The documents say what the program does: settings, commands, columns, exit codes, word lists."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel

import pipeline
from pipeline import cli, settings, stages, tables
from pipeline.analysis import ranking
from pipeline.text import dictionary, stopwords, synonyms

ROOT = Path(__file__).resolve().parent.parent
READMES = ("README.md", "README.ja.md")
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    """Return the fenced blocks of a language, in order."""
    return [body for kind, body in _FENCED.findall(text_of(name)) if kind == language]


def prose(name: str) -> str:
    return _FENCED.sub("", text_of(name))


def shape(name: str) -> tuple[list[int], list[str]]:
    """Return the level of each heading and the language of each block."""
    headings = re.findall(r"^(#+) ", prose(name), re.MULTILINE)
    return [len(signs) for signs in headings], [kind for kind, _ in _FENCED.findall(text_of(name))]


def keys(value: Any) -> set[str]:
    """Return the dotted keys of parsed TOML; tables of a list count together."""
    if isinstance(value, list):
        return {key for entry in value for key in keys(entry)}
    if not isinstance(value, dict):
        return set()
    return {f"{name}.{key}" for name, inner in value.items() for key in keys(inner)} | set(value)


def known_keys(model: type[BaseModel]) -> set[str]:
    found = set(model.model_fields)
    for name, inner in model.model_fields.items():
        kind = inner.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= {f"{name}.{key}" for key in known_keys(kind)}
    return found


@pytest.mark.parametrize("name", READMES)
def test_the_settings_example_loads(name, tmp_path):
    (example,) = blocks(name, "toml")
    path = tmp_path / "hibi.toml"
    path.write_text(example, encoding="utf-8")
    loaded = settings.load(path)
    assert loaded.inbox == (tmp_path / "inbox",)
    assert [source.match for source in loaded.ingest.sources] == ["goiken-*.csv", "misskey-*.json"]


@pytest.mark.parametrize("name", READMES)
def test_the_settings_example_has_every_key_with_its_default(name):
    (example,) = blocks(name, "toml")
    parsed = tomllib.loads(example)
    free = ("ingest.sources.columns.", "models.names.")  # whose keys are headers and labels
    named = {key for key in keys(parsed) if not key.startswith(free)}
    listed_keys = {f"ingest.sources.{key}" for key in settings.Source.model_fields}
    listed_keys |= {f"models.{key}" for key in known_keys(settings.Task)}
    assert named == known_keys(settings.Settings) | listed_keys
    parsed.pop("inbox")
    (task,) = parsed.pop("models")
    assert settings.Promotion.model_validate(task["promotion"]) == settings.Promotion()
    parsed["privacy"].pop("keep_days")
    parsed["monitoring"].pop("textfile")
    parsed["report"].pop("gloss")
    parsed["ingest"].pop("sources")
    for listed in ("dictionary", "stop_words", "synonyms"):
        parsed["words"].pop(listed)
    assert settings.Settings.model_validate(parsed) == settings.Settings()


@pytest.mark.parametrize("name", READMES)
def test_the_word_lists_load(name, tmp_path):
    words, named = blocks(name, "csv")
    (stop,) = (body for body in blocks(name, "text") if "pipeline/" not in body)
    for file, content in (("words.csv", words), ("synonyms.csv", named), ("stop.txt", stop)):
        (tmp_path / file).write_text(content, encoding="utf-8")
    found = dictionary.read_words(tmp_path / "words.csv")
    assert len(found) == len(words.splitlines()) - 1  # the header
    assert found[-1].preferred == "アクリルスタンド"
    assert synonyms.load(tmp_path / "synonyms.csv", shipped=False)["らーめん"] == "ラーメン"
    assert stopwords.load(tmp_path / "stop.txt", shipped=False) == {"公式"}


@pytest.mark.parametrize("name", READMES)
def test_every_command_and_option_is_named(name):
    text = text_of(name)
    command: Any = typer.main.get_command(cli.app)
    assert command.commands
    for called, one in command.commands.items():
        assert f"| `hibi {called}" in text, called
        options = {option for parameter in one.params for option in parameter.opts if option.startswith("--")}
        assert not {option for option in options if f"`{option}" not in text}


@pytest.mark.parametrize("name", READMES)
def test_every_exit_code_and_stage_is_named(name):
    text = text_of(name)
    for code in (0, cli.FAILED, cli.USAGE, cli.PARTLY, cli.BUSY, cli.INTERRUPTED):
        assert f"\n| {code} | " in text
    for stage in stages.STAGES:
        assert re.search(rf"\b{stage.name}\b", prose(name), re.ASCII), stage.name


@pytest.mark.parametrize("name", READMES)
@pytest.mark.parametrize("table", ["POSTS", "TOKENS", "COUNTS"])
def test_every_column_of_the_store_stands_in_its_table(name, table):
    heading = text_of(name).index(f"\n`{table.lower()}`")
    rows = text_of(name)[heading:].split("\n\n")[1]
    named = [column for row in rows.splitlines()[2:] for column in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(named) == sorted(getattr(tables, table).names)


@pytest.mark.parametrize("name", READMES)
def test_every_column_of_a_ranked_table_and_every_part_of_speech_is_named(name):
    assert not {column for column in ranking.COLUMNS if f"`{column}`" not in text_of(name)}
    assert not {part for part in dictionary.PARTS_OF_SPEECH if part not in prose(name)}


@pytest.mark.parametrize("name", READMES)
def test_the_number_of_shipped_words_is_told(name):
    assert str(len(dictionary.read_words(dictionary.SHIPPED))) in prose(name)


@pytest.mark.parametrize("name", [*READMES, "CHANGELOG.md"])
def test_links_lead_to_files(name):
    links = re.findall(r"\]\(([^)#]+)\)", prose(name))
    assert not [link for link in links if "://" not in link and not (ROOT / link).exists()]


def test_both_readmes_have_the_same_shape():
    assert shape(READMES[0]) == shape(READMES[1])


def test_what_a_terminal_shows_is_the_same_in_both():
    def shown(name: str) -> list[str]:
        lines = "\n".join(blocks(name, "console") + blocks(name, "cron") + blocks(name, "sql")).splitlines()
        return [line.split(" # ")[0].rstrip() for line in lines]

    assert shown(READMES[0]) == shown(READMES[1])


def test_the_change_log_names_this_version():
    assert f"\n## {pipeline.__version__}\n" in text_of("CHANGELOG.md")
