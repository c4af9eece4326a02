import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.sentences import later_starts, split, starts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("はい", ["はい"]),
        ("はい。", ["はい。"]),
        ("はい。そう！え？", ["はい。", "そう！", "え？"]),
        ("え！？そう…まあ", ["え！？", "そう…", "まあ"]),
        ("一行目\n二行目", ["一行目", "二行目"]),
        ("「はい。そう。」と言った。次", ["「はい。そう。」と言った。", "次"]),
        ("「はい。そう。次", ["「はい。", "そう。", "次"]),  # never closed
        ("（笑。）はい。", ["（笑。）はい。"]),
        ("『a「b。」c。』d。e", ["『a「b。」c。』d。", "e"]),
        ("はい。」そう", ["はい。」", "そう"]),
        ("か。 笑\nえ", ["か。 笑", "え"]),
        ("か。 笑う人", ["か。", "笑う人"]),
        ("I see. Then 3.5 and 3. Next", ["I see.", "Then 3.5 and 3. Next"]),
    ],
)
def test_split(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_starts() -> None:
    assert starts("はい。そう。") == [0, 3]  # は い 。 | そ
    assert starts("はい。 そう") == [0, 4]
    assert starts("") == []


@settings(deadline=None, derandomize=True, max_examples=500)
@given(st.text("あ。！?…\n 「」『』（）().笑a3", max_size=30))
def test_nothing_is_lost(text: str) -> None:
    assert "".join("".join(split(text)).split()) == "".join(text.split())
    offsets = starts(text)
    assert offsets == sorted(set(offsets))
    assert not text or (offsets[0] == 0 and offsets[-1] < len(text))


@settings(deadline=None, derandomize=True, max_examples=500)
@given(st.lists(st.text("あ。！?…\n 「」『』（）().笑a3", max_size=12), max_size=6))
def test_many_texts_at_once_are_as_each_alone(texts: list[str]) -> None:
    rows, offsets = later_starts(texts)
    expected = [
        (row, len(text[:at].replace(" ", "").replace("\n", "")))
        for row, text in enumerate(texts)
        for at in starts(text)[1:]
    ]
    assert list(zip(rows.tolist(), offsets.tolist(), strict=True)) == expected


def test_many_brackets_take_linear_time() -> None:
    assert len(starts("「。" * 20_000)) == 20_000
    assert starts("「。」" * 20_000) == [0]
