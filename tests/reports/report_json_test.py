import json

import fake_day

from pipeline.reports import report_json
from pipeline.reports.model import COLUMNS


def test_what_it_says_and_in_which_order() -> None:
    data = json.loads(report_json.as_json(fake_day.day(size=30, number=5), rows=20))
    assert data["date"] == "2024-01-01"
    assert data["totals"]["posts"] == 20_312
    table = data["tables"]["adjectives"]
    assert (tuple(table["columns"]), table["all_rows"], len(table["rows"])) == (COLUMNS, 30, 20)
    assert table["rows"][0][:5] == [1, "寒い", "サムイ", "形容詞", 4200]
    assert list(data["settings"]) == sorted(data["settings"])
    assert data["summary"][0]["post"]["time"] == "2024-01-01T00:00:00+09:00"


def test_the_same_day_gives_the_same_bytes() -> None:
    assert report_json.as_json(fake_day.day(12, 5)) == report_json.as_json(fake_day.day(12, 5))


def test_hostile_text_is_data_and_only_web_addresses_are_links() -> None:
    data = json.loads(report_json.as_json(fake_day.hostile_day()))
    assert data["summary"][0]["text"].startswith("<script>alert(1)</script>")
    assert {sentence["post"]["url"] for sentence in data["summary"]} <= {None, 'https://example.jp/?q="><b>'}
