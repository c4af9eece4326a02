"""Which days before it a report speaks of: failed ones, and those that nobody collected."""

import datetime as dt

import pytest

from pipeline.engines import absences

DAY = dt.date(2024, 3, 1)


def ago(*days):
    return {DAY - dt.timedelta(days=n) for n in days}


def day(n):
    return DAY - dt.timedelta(days=n)


def test_failures_are_told_as_far_as_a_report_looks_back():
    failed = {day(28): "long ago", day(27): "a", day(1): "b", day(0): "itself", day(-1): "later"}
    assert absences.failures(failed, DAY) == {day(27): "a", day(1): "b"}
    found = absences.inputs(ago(1), failed, DAY)
    assert list(found) == [f"failed {day(27)}", f"failed {day(1)}"]
    assert found != absences.inputs(ago(1), failed | {day(1): "another reason"}, DAY)


@pytest.mark.parametrize(
    ("days", "gap"),
    [
        (set(), None),  # the first day there is
        (ago(*range(1, 9)), None),
        (ago(*range(2, 9)), (day(1), day(1))),  # the seven days before the gap had posts
        (ago(*range(4, 11)), (day(3), day(1))),
        (ago(*range(4, 10)), None),  # six alone: nobody collects every day
        (ago(4, 6, 7, 8, 9, 10, 11), None),
        (ago(*range(40, 50)) | ago(-1), (day(39), day(1))),
    ],
)
def test_days_without_posts_are_told_where_there_were_some_every_day(days, gap):
    assert absences.missing(days, DAY) == gap
    assert ("missing" in absences.inputs(days, {}, DAY)) == (gap is not None)


def test_it_is_said_in_both_languages():
    days, failed = ago(*range(4, 11)), {day(5): "no {room} %s"}
    first, second = absences.notes(days, failed, DAY, "ja")
    assert first == (
        "2024年2月25日の処理は失敗しました（no {room} %s）。次の実行でやり直します。"
        "それまで、その日の数は古いままか、ありません。"
    )
    assert second.startswith("2024年2月27日から2024年2月29日までの投稿がありません。")
    first, second = absences.notes(days, failed, DAY, "en")
    assert first.startswith("The run of 25 February 2024 failed (no {room} %s). The next run tries again")
    assert second.startswith("There are no posts of 27 February 2024 to 29 February 2024, though")
    [one] = absences.notes(ago(*range(2, 9)), {}, DAY, "en")
    assert one.startswith("There are no posts of 29 February 2024, though")
