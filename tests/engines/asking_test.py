"""The posts of a day that a person should label: which, where, and never over what somebody fills in."""

import csv

import pytest

from pipeline import sealed
from pipeline.engines import asking, labelling
from pipeline.errors import SettingsError, StoreError
from pipeline.settings import Settings
from pipeline.store.layout import Day

DAY, BEFORE = "2024-01-05", "2024-01-04"
MODELS = {"models": [{"name": "mood", "labels": ["positive", "negative", "neutral"]}, {"name": "topic"}]}
SUBJECTS = ("猫", "犬", "電車", "雨", "雪", "朝ごはん", "仕事", "音楽", "映画", "駅")
VERBS = ("が好き", "を見た", "に疲れた", "で笑った", "の話をした")


def texts(day):
    return [(f"{day}-{n}", f"{day}T10:{n:02}:00", f"{s}{VERBS[n % 5]}。{s * 2}") for n, s in enumerate(SUBJECTS * 5)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory, pool):
    from desk import Desk

    made = Desk(tmp_path_factory.mktemp("asking"), pool, **MODELS)
    again = {"id": "again", "author": "b", "created_at": f"{DAY}T11:00:00+09:00", "text": "RT 猫", "repost_of": "1"}
    made.put("a.jsonl", *texts(DAY), again)
    made.put("b.jsonl", *texts(BEFORE)[:20])
    made.merge()
    return made


@pytest.fixture
def desk(shared, tmp_path, pool):
    import shutil

    from desk import Desk

    made = Desk(tmp_path / "desk", pool, **MODELS)
    shutil.copytree(shared.store, made.store)
    return made


def ask(desk, day=DAY, task="mood", size=30):
    return asking.ask(desk.project(), day and Day.fromisoformat(day), task, size)


def asked_ids(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row["post_id"] for row in csv.DictReader(file)]


def answer(desk, name, rows):
    path = desk.store.parent / name
    path.write_text("post_id,mood\n" + "".join(f"{post},positive\n" for post in rows))
    return labelling.take(desk.settings, desk.project().layout, [path], None, "a")


def test_a_queue_is_a_page_a_sheet_and_a_workbook(desk):
    (found,) = ask(desk, size=7)
    assert (found.task, str(found.date), found.posts, found.why) == ("mood", DAY, 7, {"diverse": 7})
    page, sheet, book = found.paths
    folder = desk.store / "labels" / "queue" / DAY
    assert [path.parent for path in found.paths] == [folder] * 3
    ids = asked_ids(sheet)
    assert len(set(ids)) == 7 and all(post in page.read_text(encoding="utf-8") for post in ids)
    assert book.read_bytes().startswith(b"PK")
    assert {path.name for path in (folder.parent / "assets").iterdir()} == {"NotoSansJP.woff2", "NotoEmoji.woff2"}


def test_a_day_holds_each_text_once_and_no_reposts(desk):
    (found,) = ask(desk, size=1000)
    posts = {post["post_id"]: post for post in desk.posts()}
    asked = [posts[post] for post in asked_ids(found.paths[1])]
    # 50 posts: 10 subjects, and a subject's place fixes its verb
    assert len(asked) == len({post["clean"] for post in asked}) == 10
    assert not any(post["is_repost"] for post in asked)


def test_the_same_store_asks_the_same(desk):
    (first,) = ask(desk, size=5)
    before = [path.read_bytes() for path in first.paths]
    (again,) = ask(desk, size=5)
    assert again.paths == first.paths and [path.read_bytes() for path in again.paths] == before


def test_what_somebody_fills_in_is_never_written_over(desk):
    (first,) = ask(desk, size=5)
    first.paths[1].write_text("half filled in")
    (other,) = ask(desk, size=6)
    assert [path.name for path in other.paths] == ["mood-2.html", "mood-2.csv", "mood-2.xlsx"]
    assert first.paths[1].read_text() == "half filled in"
    (again,) = ask(desk, size=5)
    assert again.paths == first.paths and first.paths[1].read_text() == "half filled in"
    first.paths[0].unlink()
    (third,) = ask(desk, size=5)
    assert third.paths[1].name == "mood-3.csv" and first.paths[1].read_text() == "half filled in"


def test_answered_posts_and_their_copies_are_not_asked_again(desk):
    (first,) = ask(desk, size=4)
    answer(desk, "filled.csv", asked_ids(first.paths[1]))
    (second,) = ask(desk, size=1000)
    assert len(asked_ids(second.paths[1])) == 10 - 4
    # the same ten texts stood in the posts of the day before: answered there, they are known
    (before,) = ask(desk, day=BEFORE, size=1000)
    assert len(asked_ids(before.paths[1])) == 10 - 4


def test_frozen_posts_are_not_asked(desk, tmp_path):
    (first,) = ask(desk, size=3)
    gold = tmp_path / "gold.csv"
    gold.write_text("post_id,label\n" + "".join(f"{post},neutral\n" for post in asked_ids(first.paths[1])))
    models = [{"name": "mood", "labels": ["positive", "negative", "neutral"], "gold": gold}]
    desk.settings = Settings.model_validate({"models": models})
    (found,) = ask(desk, size=1000)
    assert found.posts == 10 - 3


def test_the_files_of_the_queue_can_be_taken_in(desk):
    (found,) = ask(desk, size=3)
    rows = list(csv.reader(found.paths[1].open(encoding="utf-8-sig", newline="")))
    place = rows[0].index("label")
    for row in rows[1:]:
        row[place] = "neutral"
    with found.paths[1].open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    done = labelling.take(desk.settings, desk.project().layout, [found.paths[1], found.paths[2]], None, "花子")
    assert [(one.answers, one.unanswered) for one in done.files] == [(3, 0), (0, 3)]  # the workbook is still empty


def test_nothing_is_written_where_nothing_is_left(desk):
    answer(desk, "all.csv", [post["post_id"] for post in desk.posts()])
    (found,) = ask(desk)
    assert found.posts == 0 and not found.paths and not (desk.store / "labels" / "queue").exists()


def test_a_task_wants_labels_and_a_day_posts(desk):
    with pytest.raises(SettingsError, match="topic: no labels to choose from"):
        ask(desk, task="topic")
    with pytest.raises(StoreError, match="no day in that span"):
        ask(desk, day="2024-02-01")
    assert [one.task for one in ask(desk, day=None, task=None)] == ["mood"]  # topic has no labels yet


def test_a_damaged_pointer_costs_the_doubts_not_the_queue(desk):
    home = desk.store / "models" / "mood"
    (home / "versions" / "0001").mkdir(parents=True)
    (home / "served.json").write_bytes(sealed.dumps({"format": 1, "stack": [1], "log": []}))
    (found,) = ask(desk, size=3)
    assert found.posts == 3 and found.model is None and "damaged" in found.notes[0]
