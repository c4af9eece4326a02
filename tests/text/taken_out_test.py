"""What cleaning says that it takes out is out: cleaning once more finds no link, account, tag, emoji or emoticon."""

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.text.normalise import clean, clean_table

PARTS = st.sampled_from(
    [
        *"@#＃:/.&;()（）^_-wｗ…〜～ \n\0\r\t",
        "@taro", "@a@b.example", "RT @a: ", "#推し活", "＃タグ", "#1", "https://a.example/", "ttp://x.jp",
        "pic.twitter.com/a", "a@b.example",
        ":blobcat:", "😊", "👨‍👩‍👧", "❤️", "1️⃣", "🇯🇵", "\ufe0f", "\u200d", "(´･ω･`)", "＼(^o^)／", "orz",
        "&amp;", "&lt;", "&#64;", "&#35;", "<@U12345>", "<https://a.jp|x>", "[x](https://a.jp)", "$[x2 y]", "**b**",
        "```", "朝の雨", "がっこう", "か\u3099", "ﾊﾟ", "\u202e", "\ud83d", "\u0301", "笑", "草",
    ]
)  # fmt: skip
TEXTS = st.lists(PARTS, max_size=20).map("".join) | st.text(st.characters(exclude_categories=()), max_size=30)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(TEXTS)
@example("@@a#b#c:d: https://x.jp@e")
def test_nothing_is_left_to_take(text: str) -> None:
    first = clean(text)
    again = clean(first.clean)
    assert again == (first.clean, (), (), (), (), ())


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(TEXTS, max_size=5))
def test_a_table_holds_a_row_for_any_texts(texts: list[str]) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in texts]  # a column holds no lone surrogates
    table = clean_table(pa.array(texts, pa.string()))
    assert table.num_rows == len(texts)
    assert [row["clean"] for row in table.to_pylist()] == [clean(text).clean for text in texts]
