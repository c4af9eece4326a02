import csv
import io

import fake_day
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.reports import csv_tables

HEAD = "rank,word,reading,pos,count,posts,authors,original_count,per_10000,previous_rank"


def written(*words: str) -> str:
    frame = fake_day.frame([(word, None, None) for word in words], len(words), 1)
    return csv_tables.write(frame).decode("utf-8-sig")


def test_bytes_are_bom_crlf_and_plain_numbers() -> None:
    data = pa.table(
        {
            "rank": [1, 2],
            "word": ["寒い", 'a,"b'],
            "reading": ["サムイ", None],
            "pos": ["形容詞", None],
            "count": [1200, 3],
            "posts": [1100, 3],
            "authors": [900, 2],
            "original_count": [1000, 3],
            "per_10000": [12.5, 0.25],
            "previous_rank": pa.array([3, None], pa.int64()),
        }
    )
    assert (
        csv_tables.write(data)
        == b"\xef\xbb\xbf"
        + (f'{HEAD}\r\n1,寒い,サムイ,形容詞,1200,1100,900,1000,12.5,3\r\n2,"a,""b",,,3,3,2,3,0.25,\r\n').encode()
    )


def test_no_rows_are_a_head_alone() -> None:
    assert csv_tables.write(fake_day.frame([], 0, 1)).decode("utf-8-sig") == f"{HEAD}\r\n"


@pytest.mark.parametrize(
    "word",
    [
        "=1+1",
        "+1",
        "-1",
        "@x",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        " =1",
        "\u3000＝1",
        "\t=1",
        "\u200b=1",
        "\r=1",
        "\n@x",
        "\tx",
    ],
)
def test_what_a_spreadsheet_would_run_is_text(word: str) -> None:
    rows = list(csv.reader(io.StringIO(written(word), newline="")))
    assert rows[1][1] == "'" + word.replace("\r", "\n")


@pytest.mark.parametrize("word", ["#元日", "ー", "寒い", "(´･ω･`)", "a=b", "10-20", "・", "ʼ"])
def test_other_words_are_untouched(word: str) -> None:
    assert list(csv.reader(io.StringIO(written(word))))[1][1] == word


@settings(deadline=None, derandomize=True)
@given(st.lists(st.text(), min_size=1, max_size=4))
def test_any_words_come_back_or_with_an_apostrophe(words: list[str]) -> None:
    rows = list(csv.reader(io.StringIO(written(*words), newline="")))
    assert len(rows) == len(words) + 1
    for row, word in zip(rows[1:], words, strict=True):
        assert len(row) == 10
        assert row[1].lstrip(" \u3000")[:1] not in {*"=+-@＝＋－＠\t\r"} or not row[1]
        assert (
            row[1].removeprefix("'")[:1].isprintable() == (word.removeprefix("'")[:1].isprintable())
            or "\ufffd" in row[1]
        )
