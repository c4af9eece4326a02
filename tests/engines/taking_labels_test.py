"""Answers into the store: taken once, checked against the posts, disagreements told."""

import pytest

from pipeline.engines import labelling
from pipeline.errors import SettingsError, StoreError
from pipeline.models import labels
from pipeline.settings import Settings
from pipeline.store import lock
from pipeline.store.layout import Layout

DAY = "2024-01-05"
TEXTS = ("今日は楽しかった", "電車が遅れた", "猫がいた")


@pytest.fixture
def store(desk):
    desk.put("a.jsonl", *((str(n), f"{DAY}T10:0{n}:00", text) for n, text in enumerate(TEXTS)))
    desk.merge()
    return desk


def take(desk, *files, task=None, who="", settings=None):
    paths = []
    for number, content in enumerate(files):
        path = desk.store.parent / f"file{number}.csv"
        path.write_text(content, encoding="utf-8")
        paths.append(path)
    return labelling.take(settings or Settings(), Layout(desk.store), paths, task, who)


def kept(desk, task="mood"):
    return [(a.post_id, a.label, a.who) for a in labels.rows_of(labelling.load(Layout(desk.store), task))]


def test_answers_reach_the_store_once(store):
    table = "post_id,mood\njsonl:0,positive\njsonl:1,negative\njsonl:2,\n"
    first = take(store, table, who="花子")
    path = Layout(store.store).labels("mood")
    before = path.read_bytes(), path.stat().st_ino
    again = take(store, table, who="花子")
    (one,), (two,) = first.files, again.files
    assert (one.answers, one.new, one.unanswered, one.unnamed) == (2, 2, 1, 0)
    assert (two.answers, two.new) == (2, 0)
    assert kept(store) == [("jsonl:0", "positive", "花子"), ("jsonl:1", "negative", "花子")]
    assert path.read_bytes()[:4] == before[0][:4] == b"PAR1"
    assert first.tasks[0].labels == {"negative": 1, "positive": 1}


def test_posts_that_the_store_lacks_are_told(store):
    done = take(store, "post_id,mood\njsonl:0,positive\nx:404,positive\n")
    assert [(bad.line, bad.post_id, bad.reason) for bad in done.files[0].unusable] == [
        (3, "x:404", "no such post in the store")
    ]
    assert done.files[0].unnamed == 1 and len(kept(store)) == 1


def test_disagreements_are_told_and_settled_by_most(store):
    take(store, "post_id,mood\njsonl:0,positive\njsonl:1,positive\n", who="a")
    take(store, "post_id,mood\njsonl:0,negative\njsonl:1,positive\n", who="b")
    done = take(store, "post_id,mood\njsonl:1,negative\n", who="c")
    found = {one.post_id: one.settled for one in done.tasks[0].disagreements}
    assert found == {"jsonl:0": None, "jsonl:1": "positive"}  # 1 : 1, and 2 : 1
    assert done.tasks[0].posts == 1


def test_a_person_may_change_their_mind(store):
    take(store, "post_id,mood,labelled_at\njsonl:0,positive,2024-01-05T10:00:00Z\n", who="a")
    done = take(store, "post_id,mood,labelled_at\njsonl:0,negative,2024-01-06T10:00:00Z\n", who="a")
    assert done.files[0].new == 1 and kept(store) == [("jsonl:0", "negative", "a")]


def test_a_file_that_cannot_be_read_costs_no_other(store):
    done = take(store, "what is this\n", "post_id,mood\njsonl:0,positive\n")
    assert len(done.failed) == 1 and "file0.csv" in done.failed[0]
    assert kept(store) == [("jsonl:0", "positive", "")]


def test_a_file_of_another_task_is_told(store):
    done = take(store, "post_id,task,label\njsonl:0,topic,cats\n", task="mood")
    assert done.failed == [f"{store.store.parent / 'file0.csv'}: no answers to mood"] and not kept(store)
    assert take(store, "post_id,task,label\n").failed == [f"{store.store.parent / 'file0.csv'}: no answers"]


def test_a_task_that_the_settings_do_not_name_is_refused(store):
    named = Settings.model_validate({"models": [{"name": "mood"}]})
    with pytest.raises(SettingsError, match="topic: no such task"):
        take(store, "post_id,mood\njsonl:0,positive\n", task="topic", settings=named)


def test_a_store_without_posts_and_a_held_one_take_nothing(desk, store, tmp_path):
    with pytest.raises(StoreError, match="no day"):
        labelling.take(Settings(), Layout(tmp_path / "empty"), [], None, "")
    with lock.held(Layout(store.store)), pytest.raises(StoreError, match="another run"):
        take(store, "post_id,mood\njsonl:0,positive\n")


def test_weak_labels_are_in_no_standing(store):
    weak = "2024-01-05T10:00:00+00:00"
    import datetime as dt

    answer = labels.Answer("jsonl:0", "mood", "positive", "hibi", dt.datetime.fromisoformat(weak), labels.WEAK, "", 0)
    labelling.save(Layout(store.store), "mood", labels.as_table([answer]))
    assert labelling.standing(Layout(store.store), "mood").posts == 0
    assert labelling.in_use(Layout(store.store)) == {"mood": []}
