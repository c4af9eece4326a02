"""What points at a person is covered, and what only looks like it is not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.masking import mask, mask_raw


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("RT @taro_yamada: 雪だ", "RT @***: 雪だ"),
        ("＠taro ありがとう", "@*** ありがとう"),
        ("@taro@mstdn.jp さん", "@*** さん"),
        ("@taro.bsky.social。", "@***。"),
        ("連絡は taro.yamada+x@example.co.jp まで", "連絡は ***@*** まで"),
        ("taro＠example.com", "***@***"),
        ("taro(at)example.com", "***@***"),
        ("電話は090-1234-5678です", "電話は***-***です"),
        ("０９０－１２３４－５６７８", "***-***"),
        ("03(1234)5678 か (03) 1234-5678", "***-*** か ***-***"),
        ("09012345678", "***-***"),
        ("0312345678", "***-***"),
        ("+81 90 1234 5678", "***-***"),
        ("0120-444-444 へ", "***-*** へ"),
        ("https://x.com/taro/status/1774451579810742273", "https://x.com/***/status/1774451579810742273"),
        ("https://twitter.com/taro", "https://twitter.com/***"),
        ("https://mstdn.jp/@taro/1", "https://mstdn.jp/@***/1"),
        ("https://mstdn.jp/users/taro/statuses/1", "https://mstdn.jp/users/***/statuses/1"),
        ("https://bsky.app/profile/taro.example/post/3k", "https://bsky.app/profile/***/post/3k"),
        ("<@U012AB3CD> さん", "@*** さん"),
        ("u/taro_y さんの", "@*** さんの"),
    ],
)
def test_what_points_at_a_person_is_covered(text, shown):
    assert mask(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01 に 10:30-12:00 で開催",
        "0-0 のまま 3-2 で勝ち",
        "3,000円 と 0.123456789 と 00:00",
        "https://x.com/i/web/status/1774451579810742273",
        "https://example.jp/a/0901234567890123",
        "id=09012345678",
        "@ 駅前",
        "10＠100円",
        "w／o と a/b",
        "#0120推し",
        "今日はとても寒い",
    ],
)
def test_what_only_looks_like_it_stays(text):
    assert mask(text) == text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ('{"id": "1", "author": "taro", "text": "雪 @jiro"', '{"id": "1", "author": "***", "text": "雪 @***"'),
        ('[{"user": "ta\\"ro", "author_id": 12345', '[{"user": "***", "author_id": "***"'),
        ('{"screen_name": "cut of', '{"screen_name": "***"'),
        ("1,taro,2024-13-01,雪", "***"),
    ],
)
def test_rows_that_could_not_be_read(raw, shown):
    assert mask_raw(raw) == shown


@settings(deadline=None, derandomize=True)
@given(st.text(alphabet="@＠.a0９-+ /ux:", max_size=60))
def test_masking_twice_is_masking_once(text):
    assert mask(mask(text)) == mask(text)


def test_long_lines_take_no_long_time():
    for part in ("@", "0-", "a.", "a@", "0 ", "x.com/", '{"user":"'):
        assert len(mask(part * 20_000)) > 0
        mask_raw("{" + part * 2_000)
