"""``hibi.toml`` as frozen, typed settings. Every key is optional; every default stands here.

Relative paths in the file are relative to the file.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipeline.errors import SettingsError

Language = Literal["ja", "en"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Frozen):
    """How to read the files whose name matches ``match`` (the first that matches counts)."""

    match: str = "*"
    """Shell pattern for the file's name."""
    network: str | None = None
    """First part of ``post_id`` for generic lines and sheets; ``jsonl`` or ``sheet`` unless named."""
    author: str | None = None
    """The author where the format names none (a Misskey export)."""
    server: str | None = None
    """Host of the server that gave the file, where ids are unique to a server only."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Sheets: our column (id, author, created_at, text, url, lang, reply_to, repost_of, quote_of) -> header."""
    time_format: str | None = None
    """Sheets and generic lines: a strptime format; the usual Japanese and ISO forms are tried without it."""
    timezone: str | None = None
    """Zone of times without an offset; the store's zone unless named."""
    serial_dates: bool = False
    """Accept a spreadsheet's serial dates (days since 1899-12-30)."""

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        return None if value is None else _zone_name(value)


class Ingest(_Frozen):
    """What is taken in."""

    private: bool = False
    """Keep posts that are not public."""
    most_unusable: Annotated[float, Field(ge=0, le=1)] = 0.2
    """A file is refused as a whole where more than this share of its rows, and more than five, are unusable: its
    columns, times or encoding are probably read wrongly. 1 takes whatever can be read."""
    sources: tuple[Source, ...] = ()

    def source(self, name: str) -> Source:
        """Return the settings for a file's name (not its path)."""
        from fnmatch import fnmatchcase

        return next((s for s in self.sources if fnmatchcase(name, s.match)), Source())


class Duplicates(_Frozen):
    """Which posts count as copies of an earlier one of the same day."""

    threshold: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Least Jaccard similarity of character shingles of a near copy."""
    shortest: Annotated[int, Field(ge=1)] = 20
    """Posts with fewer characters are copies only where equal."""


class Privacy(_Frozen):
    """What of a person reaches the store, and what a reader sees of it."""

    authors: Literal["hash", "plain"] = "hash"
    """``hash``: a salted hash, the salt a file of the store; ``plain``: the name as given."""
    mask: bool = True
    """Cover accounts, e-mail addresses and telephone numbers in texts of reports, model cards and label queues."""
    keep_days: Annotated[int, Field(ge=1)] | None = None
    """Days that posts and all that names one of them are kept once reported; counts, tables and pictures stay."""


class Words(_Frozen):
    """Word lists, each optional; paths relative to the settings file."""

    dictionary: Path | None = None
    """CSV: word, reading, part of speech, preferred form (optional). Added to the shipped words."""
    stop_words: Path | None = None
    """One word a line. Added to the shipped ones."""
    synonyms: Path | None = None
    """CSV: variant, preferred."""
    shipped: bool = True
    """Use the shipped words and stop words."""
    max_length: Annotated[int, Field(ge=100, le=100_000)] = 10_000
    """Characters of a post that are analysed; MeCab crashes near 190,000."""


class Pictures(_Frozen):
    """Word clouds and charts."""

    words: Annotated[int, Field(ge=1, le=500)] = 120
    width: Annotated[int, Field(ge=200, le=4000)] = 1200
    height: Annotated[int, Field(ge=200, le=4000)] = 800
    seed: int = 1
    days: Annotated[int, Field(ge=2, le=366)] = 28
    """Days in charts by day."""


class Summary(_Frozen):
    """The day in a few sentences."""

    sentences: Annotated[int, Field(ge=1, le=10)] = 5
    diversity: Annotated[float, Field(ge=0, le=1)] = 0.3
    """MMR: 0 ranks by weight alone, 1 by difference alone."""


class Report(_Frozen):
    """The page."""

    language: Language = "ja"
    rows: Annotated[int, Field(ge=10, le=5000)] = 200
    """Rows of a table on the page; the CSV tables hold all."""
    contexts: Annotated[int, Field(ge=1, le=200)] = 20
    """Posts shown for a word."""
    gloss: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,60}$")] | None = None
    """The model that translates the day's summary, as ``hibi train NAME --recipe translate`` makes one."""


class Promotion(_Frozen):
    """What a new model has to show before it takes over from the one in service.

    The default lets few worse models pass, and does not ask for a proof that some hundred posts cannot give. Chance of
    promotion by the true difference of macro F1 (simulated: three labels, 80 % right, 15 of 100 posts where only one
    of the two is right); in brackets with ``doubt`` 0.025, a bound that one asks of a published claim:

    | posts held out | better by 0.05 | better by 0.02 | equal | worse by 0.02 | worse by 0.05 |
    |---|---|---|---|---|---|
    | 100 | 61 % (36) | 29 % (15) | 16 % (5) | 5 % (2) | 1 % (0) |
    | 300 | 92 % (80) | 51 % (29) | 23 % (9) | 3 % (1) | 0 % (0) |
    | 1,000 | 100 % (100) | 87 % (70) | 29 % (12) | 0 % (0) | 0 % (0) |

    A model that is refused though it is better meets its judges again next week, with more posts.
    """

    tolerance: Annotated[float, Field(ge=0, le=1)] = 0.01
    """It may be worse by this much of macro F1 at the lower bound, no more. 0.02: 41, 67 and 99 % of the models better
    by 0.02 pass, and one in ten of those worse by 0.02."""
    doubt: Annotated[float, Field(gt=0, lt=0.5)] = 0.1
    """Chance left that the true difference lies below the lower bound (one side of the paired bootstrap)."""
    collapse: Annotated[float, Field(gt=0, le=1)] = 0.15
    """A label whose F1 falls by this much, beyond doubt, has collapsed; so has one no longer found at all."""
    least_posts: Annotated[int, Field(ge=1)] = 50
    """Fewer posts than this decide nothing."""
    least_of_label: Annotated[int, Field(ge=1)] = 10
    """A label with fewer gold posts than this is not asked whether it collapsed."""


class Monitoring(_Frozen):
    """What other programs watch."""

    textfile: Path | None = None
    """Where each run leaves its metrics for Prometheus: a file NAME.prom in the folder that node_exporter's textfile
    collector reads. Without one, nothing is written."""

    @field_validator("textfile")
    @classmethod
    def _prom(cls, value: Path | None) -> Path | None:
        if value is not None and value.suffix != ".prom":
            raise ValueError(f"{str(value)!r} does not end in .prom, and node_exporter reads nothing else")
        return value


class Task(_Frozen):
    """A question that a model answers of every post; the model has the task's name."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,60}$")]
    title: str | None = None
    """What reports call it; mood and topic have names of their own."""
    names: dict[str, str] = Field(default_factory=dict)
    """Label -> what reports call it."""
    recipe: str = "sentiment"
    """A shipped recipe, or a file of one's own (with a slash or ending in .toml). One whose head is the next token
    makes a language model: it tells how surprising a post is."""
    labels: tuple[str, ...] = ()
    """The possible answers; without any, those that occur among the labels of the store."""
    several: bool = False
    """A post may have several labels."""
    gold: Path | None = None
    """A frozen gold set (CSV with post_id and label) that a new model is measured on and never learns from."""
    promotion: Promotion = Promotion()
    """When a retrained model takes over by itself."""


class Settings(_Frozen):
    """All settings of a store."""

    timezone: str = "Asia/Tokyo"
    """The zone whose calendar days are the days."""
    inbox: tuple[Path, ...] = ()
    """Folders or files to read when the command names none."""
    store: Path = Path("store")
    ingest: Ingest = Ingest()
    duplicates: Duplicates = Duplicates()
    privacy: Privacy = Privacy()
    words: Words = Words()
    pictures: Pictures = Pictures()
    summary: Summary = Summary()
    report: Report = Report()
    monitoring: Monitoring = Monitoring()
    models: tuple[Task, ...] = ()
    """What is answered of each post; without an entry nothing learned is run."""

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return _zone_name(value)

    @field_validator("models")
    @classmethod
    def _once(cls, tasks: tuple[Task, ...]) -> tuple[Task, ...]:
        names = [task.name for task in tasks]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"{twice[0]!r} is named twice")
        return tasks

    @property
    def titles(self) -> list[tuple[str, str | None, dict[str, str]]]:
        """What reports call the models and their labels: name, title, names of labels."""
        return [(task.name, task.title, task.names) for task in self.models]

    @property
    def zone(self) -> ZoneInfo:
        """The zone whose calendar days are the days."""
        return ZoneInfo(self.timezone)


def _zone_name(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{value!r} is no time zone") from error
    return value


def load(path: Path | None) -> Settings:
    """Read a settings file; without one, the defaults.

    Raises SettingsError naming the file and the key.
    """
    if path is None:
        return Settings()
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    try:
        return _resolve(Settings.model_validate(raw), path.parent)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{path}: {key}: {first['msg']}") from error


def _resolve(settings: Settings, folder: Path) -> Settings:
    words = settings.words
    lists = {name: getattr(words, name) for name in ("dictionary", "stop_words", "synonyms")}
    return settings.model_copy(
        update={
            "inbox": tuple(folder / p for p in settings.inbox),
            "store": folder / settings.store,
            "words": words.model_copy(update={name: folder / p for name, p in lists.items() if p is not None}),
            "monitoring": Monitoring(textfile=folder / file)
            if (file := settings.monitoring.textfile)
            else Monitoring(),
            "models": tuple(_resolve_task(task, folder) for task in settings.models),
        }
    )


def _resolve_task(task: Task, folder: Path) -> Task:
    own = "/" in task.recipe or task.recipe.endswith(".toml")
    recipe = str(folder / task.recipe) if own else task.recipe
    return task.model_copy(update={"recipe": recipe, "gold": folder / task.gold if task.gold else None})
