import csv
import datetime as dt
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.models import labels
from pipeline.models.labels import Answer, Asked
from pipeline.tables import LABELS

JST = dt.timezone(dt.timedelta(hours=9))
SAVED = dt.datetime(2024, 1, 6, 12, 0, tzinfo=JST)
MOOD = Asked("mood", ["positive", "negative", "-1"], who="file", when=SAVED)
HEAD = ["post_id", "created_at", "text", "task", "label", "who", "labelled_at"]


def rows(*answers):
    return enumerate([HEAD, *answers], start=1)


def row(post="x:1", label="positive", who="", when="", task="mood"):
    return [post, "2024-01-05 10:00:00", "本文", task, label, who, when]


def answer(post="x:1", label="positive", who="a", hour=0, origin="gold"):
    return Answer(post, "mood", label, who, dt.datetime(2024, 1, 6, hour, tzinfo=dt.UTC), origin, "f", 1)


def table(*answers):
    return labels.merge(LABELS.empty_table(), answers)


def test_a_sheet_is_read_with_who_and_when():
    found = labels.from_rows(
        rows(row(who="花子", when="2024-01-05T21:00:00+09:00"), row("x:2", "negative")), MOOD, "a.csv"
    )
    first, second = found.answers
    assert first[:4] == ("x:1", "mood", "positive", "花子")
    assert first.labelled_at == dt.datetime(2024, 1, 5, 12, tzinfo=dt.UTC)
    assert second.who == "file" and second.labelled_at == dt.datetime(2024, 1, 6, 3, tzinfo=dt.UTC)
    assert (second.origin, second.file, second.line) == ("gold", "a.csv", 3)


def test_empty_labels_and_rows_are_not_answers():
    found = labels.from_rows(rows(row(label=""), ["", None], row("x:2")), MOOD, "a.csv")
    assert found.unanswered == 1 and [a.post_id for a in found.answers] == ["x:2"]


@pytest.mark.parametrize(
    ("typed", "read"),
    [("Positive", "positive"), (" ｐｏｓｉｔｉｖｅ", "positive"), (-1.0, "-1"), ("'-1", "-1"), ("？", "?")],
)
def test_labels_are_read_as_people_type_them(typed, read):
    assert [a.label for a in labels.from_rows(rows(row(label=typed)), MOOD, "a.csv").answers] == [read]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (row(label="happy"), "label 'happy' is none of positive, negative, -1"),
        (row(post=""), "no post_id"),
        (row(task="topic"), "the task is topic, not mood"),
        (row(when="yesterday"), "labelled_at: no usable time: 'yesterday'"),
    ],
)
def test_what_cannot_be_taken_is_told_with_its_line(broken, reason):
    found = labels.from_rows(rows(row(), broken), MOOD, "a.csv")
    assert [(u.line, u.reason) for u in found.unusable] == [(3, reason)]
    assert len(found.answers) == 1


def test_a_sheet_without_its_header_is_refused():
    with pytest.raises(InputError, match=r"a\.csv: no column post_id in the first row"):
        labels.from_rows(enumerate([["x:1", "positive"]], 1), MOOD, "a.csv")
    with pytest.raises(InputError, match="empty"):
        labels.from_rows([], MOOD, "a.csv")


TOPICS = Asked("topic", ["food", "sport", "news"], several=True)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("news|food", "food|news"),
        ("sport", "sport"),
        ("none", "none"),
        ("?", "?"),
        ("food|tea", None),
        ("food|?", None),
    ],
)
def test_several_labels_stand_in_the_order_of_the_task(typed, read):
    found = labels.from_rows(rows(row(label=typed, task="topic")), TOPICS, "a.csv")
    assert [a.label for a in found.answers] == ([] if read is None else [read])
    assert len(found.unusable) == (read is None)


def test_parts_of_a_label():
    assert [labels.parts(label) for label in ("food|news", "food", "none")] == [["food", "news"], ["food"], []]


def page(**changes):
    content = {"kind": "hibi labels", "format": 1, "task": "mood", "queue": "2024-01-05", "who": "太郎"}
    content["answers"] = [{"post_id": "x:1", "label": "positive", "labelled_at": "2024-01-05T12:00:00.000Z"}]
    return json.dumps(content | changes).encode()


def test_the_page_s_file_is_read():
    (found,) = labels.from_page(page(), MOOD, "a.json").answers
    assert found == Answer(
        "x:1", "mood", "positive", "太郎", dt.datetime(2024, 1, 5, 12, tzinfo=dt.UTC), "gold", "a.json", 1
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"5",
        page(kind="other"),
        page(format=2),
        page(answers=5),
        page(answers=[5]),
        b"\xff",
        b'{"kind": 1}',
    ],
)
def test_other_files_are_refused(data):
    with pytest.raises(InputError, match=r"a\.json: not saved by"):
        labels.from_page(data, MOOD, "a.json")


def test_unknown_posts_are_told():
    taken = labels.from_rows(rows(row(), row("x:9")), MOOD, "a.csv")
    found = labels.known(taken, {"x:1"})
    assert [a.post_id for a in found.answers] == ["x:1"]
    assert found.unusable == [labels.Unusable("a.csv", 3, "x:9", "no such post in the store")]


def test_merging_keeps_everybody_and_the_latest_of_each():
    found = table(answer(hour=1), answer(label="negative", hour=2), answer(who="b"), answer(hour=1, origin="weak"))
    assert found.schema.equals(LABELS)
    kept = [(a.origin, a.who, a.label) for a in labels.rows_of(found)]
    assert kept == [("gold", "a", "negative"), ("gold", "b", "positive"), ("weak", "a", "positive")]


answers = st.builds(
    answer, st.sampled_from(["x:1", "x:2"]), st.sampled_from(["p", "n", "?"]), st.sampled_from("ab"), st.integers(0, 3)
)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(answers, max_size=8), st.randoms(use_true_random=False))
def test_merging_twice_or_in_another_order_changes_nothing(given_, chance):
    once = table(*given_)
    shuffled = list(given_)
    chance.shuffle(shuffled)
    assert table(*shuffled).equals(once)
    assert labels.merge(once, given_).equals(once)


def test_most_settle_and_a_tie_does_not():
    found = table(
        answer(who="a"), answer(who="b"), answer(label="negative", who="c"),
        answer("x:2", who="a"), answer("x:2", "negative", who="b"),
        answer("x:3", "?", who="a"),
        answer("x:4", who="hibi", origin="weak"),
    )  # fmt: skip
    assert labels.gold(found, "mood") == {"x:1": "positive"}
    assert labels.gold(found, "topic") == {}
    assert labels.disagreements(found, "mood") == [
        labels.Disagreement("x:1", (("a", "positive"), ("b", "positive"), ("c", "negative")), "positive"),
        labels.Disagreement("x:2", (("a", "positive"), ("b", "negative")), None),
    ]


def test_a_sheet_saved_in_the_encoding_of_japanese_excel_is_read():
    """The way an engine reads sheets: the readers of the inbox find encoding and separator."""
    from pipeline.ingest import delimited, encoding

    out = io.StringIO(newline="")
    csv.writer(out).writerows([HEAD, row(who="花子"), ["x:2", "", "一行目\n二行目", "mood", "negative", "", ""]])
    data = out.getvalue().encode("cp932")
    assert encoding.detect(data, True) == "cp932"
    read = delimited.rows(delimited.lines(iter([data.decode("cp932").encode()])), ",")
    found = labels.from_rows(read, MOOD, "a.csv")
    assert [(a.post_id, a.label, a.who, a.line) for a in found.answers] == [
        ("x:1", "positive", "花子", 2), ("x:2", "negative", "file", 3),
    ]  # fmt: skip
