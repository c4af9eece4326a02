from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest import times

TOKYO = ZoneInfo("Asia/Tokyo")
NINE_HOURS = 9 * 3600 * 1_000_000


def local(micros: int | None) -> str | None:
    return None if micros is None else datetime.fromtimestamp(micros / 1e6, TOKYO).isoformat(" ", "seconds")[:19]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("2024/4/1 9:05", "2024-04-01 09:05:00"),
        ("2024/4/1 0:00:00", "2024-04-01 00:00:00"),
        ("2024年4月1日 23時59分", "2024-04-01 23:59:00"),
        ("2024年4月1日23時59分58秒", "2024-04-01 23:59:58"),
        ("2024年4月1日", "2024-04-01 00:00:00"),
        ("2024/04/01", "2024-04-01 00:00:00"),
        ("20240401", "2024-04-01 00:00:00"),
        ("２０２４／４／１　９：０５", "2024-04-01 09:05:00"),
        ("2024/4/1(月) 午後3:05", "2024-04-01 15:05:00"),
        ("2024/4/1 12:00 AM", "2024-04-01 00:00:00"),
        ("2024-04-01T00:00:00Z", "2024-04-01 09:00:00"),
        ("2024-04-01 00:00:00+09:00", "2024-04-01 00:00:00"),
        ("2024/2/30", None),
        ("2024/4/1 25:00", None),
        ("4/1/2024", None),
        ("45383.5", None),
        ("2024", None),
        ("1969-12-31T23:59:59Z", None),
        ("2201-01-01T00:00:00Z", None),
        ("昨日", None),
        ("", None),
        ("2024/4/1 " + " " * 100_000, "2024-04-01 00:00:00"),
    ],
)
def test_times_of_sheets(text: str, want: str | None) -> None:
    found = times.sheet(text, TOKYO)
    assert local(found) == want or (len(text) > 64 and found is None)


def test_x_times_do_not_depend_on_the_locale() -> None:
    # 2024-03-31T14:59:59Z is 1,711,897,199 s after the epoch.
    assert times.x_time("Sun Mar 31 14:59:59 +0000 2024") == 1_711_897_199_000_000
    assert times.x_time("Sun Mar 31 23:59:59 +0900 2024") == 1_711_897_199_000_000
    for text in ("Sun Mrz 31 14:59:59 +0000 2024", "Sun Mar 32 14:59:59 +0000 2024", "2024-03-31", None, 5):
        assert times.x_time(text) is None


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (1_700_000_000, 1_700_000_000_000_000),
        ("1700000060", 1_700_000_060_000_000),
        (1_700_000_000_123, 1_700_000_000_123_000),
        ("1660132802000", 1_660_132_802_000_000),
        (1_732_064_523_456_321, 1_732_064_523_456_321),
        (1_700_000_000.5, 1_700_000_000_500_000),
        (True, None),
        (0, None),
        (-5, None),
        (10**30, None),
        ("9" * 5000, None),
        ("nan", None),
        ("²", None),
        (None, None),
        ([], None),
    ],
)
def test_epochs(value: object, want: int | None) -> None:
    assert times.epoch(value) == want


def test_serial_dates_count_days_from_the_end_of_1899() -> None:
    # 45,383 days after 1899-12-30 is 2024-04-01; half a day is noon, 03:00 UTC.
    assert local(times.serial("45383.5", TOKYO)) == "2024-04-01 12:00:00"
    assert times.serial("-1", TOKYO) is None and times.serial("1e9", TOKYO) is None and times.serial("x", TOKYO) is None


def test_snowflakes() -> None:
    # 1774957417067446279 >> 22 = 423182825343, and 423182825343 + 1288834974657 = 1712017800000 ms.
    assert times.snowflake("1774957417067446279") == 1_712_017_800_000_000
    assert local(times.snowflake("1774957417067446279")) == "2024-04-02 09:30:00"
    assert times.snowflake("20") is None and times.snowflake("x") is None and times.snowflake("9" * 30) is None


@settings(deadline=None, derandomize=True)
@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2199, 1, 1)))
def test_iso_keeps_microseconds(moment: datetime) -> None:
    aware = moment.replace(tzinfo=ZoneInfo("UTC"))
    assert times.iso(aware.isoformat()) == times.micros(aware)
    assert times.iso(moment.isoformat(), TOKYO) == (times.micros(aware) or 0) - NINE_HOURS


@settings(deadline=None, derandomize=True)
@given(st.text(max_size=80))
def test_no_text_raises(text: str) -> None:
    for found in (times.iso(text), times.sheet(text, TOKYO), times.x_time(text), times.epoch(text)):
        assert found is None or 0 <= found < 2**53
    serial = times.serial(text, TOKYO)
    assert serial is None or 0 <= serial < 2**53
