import plain_tables
import pyarrow as pa
import pytest

from pipeline.engines.project import open_lexicon
from pipeline.tables import TOKENS
from pipeline.text import sentences, tokenise


@pytest.fixture(scope="module")
def plain():
    return open_lexicon([])


def analyse(plain, texts, first_post=0, max_length=10_000):
    return tokenise.analyse(texts, first_post, str(plain.folder), plain.fingerprint, max_length)


def test_columns(plain):
    found = analyse(plain, ["猫が鳴いた。", "zzqx"], first_post=7).tokens
    assert found.schema.equals(TOKENS)
    rows = found.to_pylist()
    assert [(r["post"], r["position"], r["surface"], r["unknown"]) for r in rows] == [
        (7, 0, "猫", False),
        (7, 1, "が", False),
        (7, 2, "鳴い", False),
        (7, 3, "た", False),
        (7, 4, "。", False),
        (8, 0, "zzqx", True),
    ]
    assert [rows[2][k] for k in ("base", "lemma", "reading", "pos", "subpos")] == [
        "鳴く",
        "鳴く",
        "ナク",
        "動詞",
        "一般",
    ]
    assert [rows[5][k] for k in ("base", "lemma", "reading", "pos")] == ["zzqx", "zzqx", None, "名詞"]


def test_sentences_are_numbered_by_characters(plain):
    text = "雨だ。 傘が ない！\n「行く。たぶん」と言った。"
    rows = analyse(plain, ["一文だけ", text, "", "二つ。ある。"]).tokens.to_pylist()
    spoken = {}
    for row in rows:
        key = (row["post"], row["sentence"])
        spoken[key] = spoken.get(key, "") + row["surface"]
    want = {(0, 0): "一文だけ", (3, 0): "二つ。", (3, 1): "ある。"}
    want |= {(1, i): "".join(s.split()) for i, s in enumerate(sentences.split(text))}
    assert spoken == want


def test_a_long_post_is_cut_and_said_so(plain):
    found = analyse(plain, ["短い", "あ" * 250_000], first_post=3, max_length=100)
    assert found.cut == [4]
    assert sum(len(r["surface"]) for r in found.tokens.to_pylist() if r["post"] == 4) == 100


def test_long_texts_are_not_remembered(plain):
    tokeniser = tokenise.Tokeniser(plain, lambda text: "")
    tokeniser.encode(["a" * 500, "b" * 501])
    assert list(tokeniser.known) == ["a" * 500]


def test_no_posts(plain):
    assert analyse(plain, []).tokens.num_rows == 0
    assert analyse(plain, ["", " "]).tokens.num_rows == 0


@pytest.mark.parametrize(
    ("posts_of_rows", "most", "pieces"),
    [
        ([0, 0, 1, 1, 1, 2], 6, [6]),
        ([0, 0, 1, 1, 1, 2], 5, [5, 1]),
        ([0, 0, 1, 1, 1, 2], 4, [2, 4]),
        ([0, 0, 1, 1, 1, 2], 3, [2, 3, 1]),
        ([0, 0, 1, 1, 1, 2], 1, [2, 3, 1]),
        ([4, 4, 4], 2, [3]),
        ([], 2, [0]),
    ],
)
def test_pieces_end_with_a_post(posts_of_rows, most, pieces):
    table = plain_tables.tokens(*((post, 0, f"{n}", "名詞", "") for n, post in enumerate(posts_of_rows)))
    found = list(tokenise.between_posts(table, most))
    assert [piece.num_rows for piece in found] == pieces
    assert pa.concat_tables(found) == table
