"""Files of answers as people save them, and as people with bad intent do."""

import json
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter

from pipeline.engines import answers
from pipeline.engines.answers import Reading
from pipeline.errors import InputError, SettingsError
from pipeline.settings import Task

TOKYO = ZoneInfo("Asia/Tokyo")
MOOD = Task(name="mood", labels=("positive", "negative"))
TOPIC = Task(name="topic")
BOTH = Reading({"mood": MOOD, "topic": TOPIC}, {}, TOKYO)
ANY = Reading({}, {}, TOKYO)
QUEUE = "post_id,created_at,text,task,label,who,labelled_at\r\n"


def read(tmp_path, content, reading=BOTH, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return answers.read(path, reading)


def said(found):
    return {task: [(a.post_id, a.label) for a in taken.answers] for task, taken in found.items()}


def page(**changed):
    whole = {"kind": "hibi labels", "format": 1, "task": "mood", "who": "花子"}
    return json.dumps(whole | {"answers": [{"post_id": "x:1", "label": "positive"}]} | changed)


def test_a_table_with_a_column_a_task_is_read(tmp_path):
    table = "post_id,mood,topic\nx:1,positive,cats\nx:2,,dogs\n"
    found = read(tmp_path, table)
    assert said(found) == {"mood": [("x:1", "positive")], "topic": [("x:1", "cats"), ("x:2", "dogs")]}
    assert found["mood"].unanswered == 1
    assert found["topic"].answers[1].line == 3


def test_without_settings_every_column_but_those_about_the_post_is_a_task(tmp_path):
    found = read(tmp_path, "post_id,text,mood,created_at\nx:1,本文,positive,2024-01-01\n", ANY)
    assert said(found) == {"mood": [("x:1", "positive")]}


def test_a_sheet_may_answer_several_tasks(tmp_path):
    rows = "x:1,,本文,mood,negative,花子,\r\nx:1,,本文,topic,cats,花子,\r\n"
    assert said(read(tmp_path, QUEUE + rows)) == {"mood": [("x:1", "negative")], "topic": [("x:1", "cats")]}


def test_one_task_may_be_asked_for(tmp_path):
    rows = "x:1,,本文,mood,negative,花子,\r\nx:2,,本文,topic,cats,花子,\r\nx:3,,,,positive,,\r\n"
    reading = Reading({"mood": MOOD, "topic": TOPIC}, {}, TOKYO, task="mood")
    assert said(read(tmp_path, QUEUE + rows, reading)) == {"mood": [("x:1", "negative"), ("x:3", "positive")]}


def test_a_sheet_that_names_no_task_wants_one(tmp_path):
    with pytest.raises(InputError, match=r"a\.csv, line 2: no task; say --task NAME"):
        read(tmp_path, "post_id,label\nx:1,positive\n")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932", "utf-16"])
def test_sheets_are_read_as_excel_saves_them(tmp_path, encoding):
    rows = QUEUE + "x:1,2024/1/5 10:00,今日は楽しかった。また行きたい,mood,positive,花子,\r\n"
    answer = read(tmp_path, rows.encode(encoding))["mood"].answers[0]
    assert (answer.post_id, answer.label, answer.who) == ("x:1", "positive", "花子")


def test_a_workbook_is_read_from_the_sheet_that_has_posts(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        book.add_worksheet("notes").write(0, 0, "hello")
        sheet = book.add_worksheet("labels")
        for at, row in enumerate([("post_id", "stars"), ("x:1", 5), ("x:2", None)]):
            sheet.write_row(at, 0, row)
    found = answers.read(tmp_path / "a.xlsx", ANY)
    assert said(found) == {"stars": [("x:1", "5")]} and found["stars"].unanswered == 1


def test_the_file_of_the_page_is_read(tmp_path):
    answer = read(tmp_path, page(), name="a.json")["mood"].answers[0]
    assert (answer.post_id, answer.label, answer.who, answer.file) == ("x:1", "positive", "花子", "a.json")


def test_answers_are_dated_by_the_file_where_they_tell_no_time(tmp_path):
    (tmp_path / "a.csv").write_text("post_id,mood\nx:1,positive\n")
    import os

    os.utime(tmp_path / "a.csv", (1704412800, 1704412800))  # 2024-01-05T00:00:00Z
    answer = answers.read(tmp_path / "a.csv", BOTH)["mood"].answers[0]
    assert answer.labelled_at.isoformat() == "2024-01-05T00:00:00+00:00"


def test_labels_that_the_settings_name_are_the_only_ones(tmp_path):
    found = read(tmp_path, "post_id,mood\nx:1,joyful\n")["mood"]
    assert not found.answers and "none of positive, negative" in found.unusable[0].reason


def test_a_spelling_in_use_is_kept(tmp_path):
    reading = Reading({}, {"topic": ["Cats"]}, TOKYO)
    assert said(read(tmp_path, "post_id,topic\nx:1,ｃａｔｓ\nx:2,dogs\n", reading)) == {
        "topic": [("x:1", "Cats"), ("x:2", "dogs")]
    }


def test_texts_are_no_labels(tmp_path):
    rows = "".join(f"x:{n},これは長い文章で、{n} 番目のものである。\n" for n in range(300))
    with pytest.raises(InputError, match=r"300 different answers.*name the labels"):
        read(tmp_path, f"post_id,body\n{rows}", ANY)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no column|empty|one column"),
        (b"post_id\nx:1\n", "one column only"),
        (b"id,mood\nx:1,positive\n", "no column post_id"),
        (b"post_id,weather\nx:1,rain\n", "none named mood or topic"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "no text"),
        (b"PK\x03\x04 broken", "no readable workbook"),
        (b'post_id,mood\nx:1,"positive,b\n', "quotes that do not pair up"),
        (b"{" * 100_000, "not saved by the labelling page"),
        (b'{"task": "mood", "answers": ' + b"[" * 100_000, "not saved by the labelling page"),
        (b'{"task": "mood", "answers": [1]}', "not saved by the labelling page"),
        (page(format=2).encode(), "format"),
    ],
)
def test_other_files_are_refused_by_name(tmp_path, content, told):
    with pytest.raises(InputError, match=told) as error:
        read(tmp_path, content, name="strange")
    assert "strange" in str(error.value)


@pytest.mark.parametrize("task", ["../../etc", "a/b", "", "MOOD", "x" * 99])
def test_a_file_cannot_name_a_path(tmp_path, task):
    with pytest.raises(SettingsError, match=r"no such task|cannot name a task"):
        read(tmp_path, page(task=task), ANY)
    with pytest.raises(SettingsError, match="no such task"):
        read(tmp_path, page(task=task), BOTH)


def test_half_characters_and_nul_do_no_harm(tmp_path):
    given = [{"post_id": "x:\ud800", "label": "positive"}, {"post_id": "x:\0", "label": "positive\ud800"}]
    taken = read(tmp_path, page(answers=given, who="\udcff"))["mood"]
    assert [(a.post_id, a.who) for a in taken.answers] == [("x:?", "?")] and len(taken.unusable) == 1
