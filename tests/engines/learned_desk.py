"""A store of labelled posts that a tiny network learns in a second: what tests of retraining share."""

import datetime as dt
import shutil
from pathlib import Path

from desk import Desk

from pipeline.engines import labelling
from pipeline.settings import Settings
from pipeline.store.layout import Layout

FIRST = dt.date(2024, 1, 1)
A_DAY = 12
WORDS = {"positive": ("好き", "楽しい", "嬉しい"), "negative": ("嫌い", "悲しい", "辛い")}
NOUNS = "猫犬鳥魚花山川空海雨雪風"
NAMES = "朝昼夜春夏秋冬東西南北駅村町港島"
RECIPE = """
[encoder]
unit = "character"
least = 1
embedding = 12
cell = "simple"
bidirectional = false
units = 12
pooling = "max"
[dropout]
embedding = 0.0
between = 0.0
output = 0.0
[training]
rate = 0.02
epochs = 6
"""


def texts(days: int) -> list[tuple[str, dt.datetime, str, str]]:
    """Give A_DAY posts a day, no two alike: id, time, text, label."""
    found = []
    for number in range(days * A_DAY):
        day, place = divmod(number, A_DAY)
        label = ("positive", "negative")[number % 2]
        word = WORDS[label][number % 3]
        when = dt.datetime.combine(FIRST + dt.timedelta(day), dt.time(9, place))
        text = f"{NAMES[day % len(NAMES)]}の{NOUNS[place]}は{word}{'。' * (day // len(NAMES))}"
        found.append((str(number), when, text, label))
    return found


def settings(folder: Path, **task: object) -> Settings:
    """Give the settings of the one task, mood, with the tiny recipe."""
    recipe = folder / "tiny.toml"
    recipe.write_text(RECIPE)
    labels = ["positive", "negative"]
    return Settings.model_validate({"models": [{"name": "mood", "recipe": str(recipe), "labels": labels} | task]})


def fill(desk: Desk, days: int) -> None:
    """Put the posts into the inbox and make the days' posts."""
    desk.put("posts.jsonl", *((key, when.isoformat(), text) for key, when, text, _ in texts(days)))
    desk.merge()


def label(desk: Desk, rows: list[tuple[str, str]], who: str = "a", when: str = "2024-03-01T00:00:00Z") -> None:
    """Take answers in: (number of the post, label)."""
    path = desk.store.parent / "answers.csv"
    path.write_text("post_id,label,labelled_at\n" + "".join(f"jsonl:{key},{said},{when}\n" for key, said in rows))
    done = labelling.take(desk.settings, Layout(desk.store), [path], "mood", who)
    assert not done.failed and not done.files[0].unusable


def turned(said: str) -> str:
    """Say the opposite."""
    return {"positive": "negative", "negative": "positive"}[said]


def copy(shared: Desk, folder: Path) -> Desk:
    """Give a desk with a store of its own, the same to begin with."""
    made = Desk(folder, shared.pool)
    made.settings = settings(folder)
    shutil.copytree(shared.store, made.store)
    return made
