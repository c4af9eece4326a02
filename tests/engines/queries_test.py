"""Questions to a store that lies anywhere: the signs of its path are never part of a question."""

import datetime as dt
from pathlib import Path

import duckdb
import pytest
from desk import QUICK, Desk, Here

from pipeline.analysis.ranking import Span
from pipeline.engines import explore, queries
from pipeline.store.layout import Layout

DAYS = ("2024-01-01", "2024-01-02")
ODD = ('a, b; it\'s "1" [xy] *? {c} %20 日々', "date=2020-01-01", "author=nobody", "[!a]")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return filled(Desk(tmp_path_factory.mktemp("plain"), Here(), **QUICK))


def filled(desk):
    desk.put(
        "a.jsonl", *((f"{day}-{n}", f"{day}T0{n}:00:00", f"静かな雨の朝 {n} 😊 #雨") for day in DAYS for n in (1, 2))
    )
    assert not desk.run().failed
    return desk


def answers(layout):
    return (
        explore.words(layout, None, None, [], 10),
        explore.trend(layout, None, None, ["雨"]),
        explore.kwic(layout, None, None, "雨", 5),
        explore.kwic(layout, None, None, "かな雨", 5),
    )


def test_a_store_may_lie_under_any_name(tmp_path, plain):
    folder = tmp_path.joinpath(*ODD)
    tmp_path.joinpath(ODD[0].replace("[xy]", "x"), *ODD[1:]).mkdir(parents=True)  # what a pattern would find
    desk = Desk(folder, Here(), **QUICK)
    desk.salted_like(plain)
    filled(desk)
    kinds = ("posts", "tokens", "counts", "tables", "words", "reports")
    assert desk.bytes(*kinds) == plain.bytes(*kinds)
    found, expected = answers(Layout(desk.store)), answers(Layout(plain.store))
    assert found == expected
    assert [row["count"] for row in found[1]] == [2, 2] and len(found[2]) == 4
    backslash = tmp_path / "a\\b, '"
    desk.store.rename(backslash)
    assert answers(Layout(backslash)) == expected


def test_a_store_may_be_named_from_the_folder_that_one_is_in(plain, monkeypatch):
    monkeypatch.chdir(plain.store)
    assert answers(Layout(Path())) == answers(Layout(plain.store))
    monkeypatch.chdir(plain.store.parent)
    assert answers(Layout(Path("store"))) == answers(Layout(plain.store))


def test_paths_are_short_where_no_folder_is_named():
    day = dt.date(2024, 1, 1)
    assert Span([day]).read("posts", "filename = true") == (
        "read_parquet(['posts/date=2024-01-01/part-0.parquet'], filename = true)"
    )
    assert Span([day]).word_list("words/x.parquet") == "'words/x.parquet'"
    assert Span([day], "/a'b[c]*/").word_list("words/x.parquet") == (
        "read_parquet('/a''b[[]c][*]/words/x.parquet', hive_partitioning = false)"
    )


def test_duckdb_is_opened_anew_now_and_then_and_the_old_one_serves_to_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(queries, "_USES", 2)
    layout = Layout(tmp_path)
    with queries.database(layout) as first, queries.database(layout) as second, queries.database(layout) as third:
        first.execute("CREATE TABLE days AS SELECT 1 AS day")
        assert second.execute("FROM days").fetchall() == [(1,)]
        with pytest.raises(duckdb.CatalogException):
            third.execute("FROM days")
        assert first.execute("FROM days").fetchall() == [(1,)]
