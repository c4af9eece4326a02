"""The queries of the daily tables against a recount in plain Python, over a real store and over invented tokens."""

import csv
import datetime as dt
import io
import re
from collections import Counter, defaultdict

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import regex
from desk import QUICK, Desk, Here
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.analysis import ranking
from pipeline.analysis.ranking import Span
from pipeline.reports import csv_tables

FIRST, SECOND, APART = "2024-01-01", "2024-01-02", "2024-01-04"
DAYS = (FIRST, SECOND, APART)
NAMES = (*ranking.WORD_TABLES, *ranking.ITEM_TABLES)
LONG = "駅前の静かな喫茶店で佐藤さんと左藤さんに会って、とても楽しい時間を過ごした"

POSTS = {
    FIRST: [
        ("ann", "嬉しい！うれしいなあ。うれしかった #推し活 #Python 😊"),
        ("bob", "うれしいね、静かな朝。よい天気のようだ。三つ、3個、10人 #python"),
        (None, "嬉しい日、雨の日。雨のような静かな夜 #PYTHON (´･ω･`)"),
        ("ann", LONG + " 😊😊"),
        ("eve", LONG + "！ 😊"),
        ("eve", "インターネットが速い。ラーメンとらーめん、ネットのネット"),
        ("cat", "佐藤は左藤より鈴木が好き #推し活"),
    ],
    SECOND: [
        ("ann", "雨、雨、雨。静かな雨 #推し活 😊"),
        ("dan", "楽しい祭り、嬉しい祭り #Python"),
        (None, "祭りのラーメンはおいしい (´･ω･`)"),
    ],
    APART: [("ann", "嬉しい祭り"), ("bob", "=SUM(A1) ＠home AKB48 🎉 #=SUM")],
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    made = Desk(tmp_path_factory.mktemp("ranking"), Here(), **QUICK)
    rows = [
        {"id": f"{day}-{i}", "author": author, "created_at": f"{day}T{i + 1:02}:00:00+09:00", "text": text}
        for day, posts in POSTS.items()
        for i, (author, text) in enumerate(posts)
    ]
    rows.append(
        {
            "id": "r",
            "author": "dan",
            "created_at": f"{FIRST}T20:00:00+09:00",
            "text": f"RT @ann: {LONG}",
            "repost_of": "p",
        }
    )
    made.put("posts.jsonl", *rows)
    assert not made.run().failed
    return made


def rows_of(path):
    return pq.ParquetFile(path).read().to_pylist()


class Recount:
    """A day's tables by plain loops over its posts and tokens."""

    def __init__(self, store, day):
        self.posts = rows_of(store / "posts" / f"date={day}" / "part-0.parquet")
        self.tokens = rows_of(store / "tokens" / f"date={day}" / "part-0.parquet")
        self.stop = {row["word"] for row in rows_of(store / ranking.STOP_WORDS)}
        self.preferred = {row["variant"]: row["preferred"] for row in rows_of(store / ranking.SYNONYMS)}
        self.words = sum(t["pos"] not in ("補助記号", "記号", "空白") for t in self.tokens)

    def shown(self, token, kinds):
        """Whether a token counts to a table."""
        base = token["base"]
        return (
            token["pos"] in kinds
            and not token["subpos"].startswith(("数詞", "助動詞語幹"))
            and base not in self.stop
            and regex.search(r"\p{L}", base) is not None
            and (len(base) > 1 or regex.fullmatch(r"\p{Han}", base) is not None)
        )

    def group(self, token):
        """What groups a word's spellings."""
        base = token["base"]
        if base in self.preferred:
            return self.preferred[base], token["pos"]
        named = base in self.preferred.values() or token["subpos"].startswith("固有名詞")
        return (base if named else token["lemma"]), token["pos"]

    def occurrences(self, name):
        """(group, post, spelling, reading) of everything that a table counts."""
        if name in ranking.WORD_TABLES:
            kinds = ranking.WORD_TABLES[name]
            for token in self.tokens:
                if self.shown(token, kinds):
                    yield self.group(token), token["post"], token["base"], token["reading"]
        else:
            for number, post in enumerate(self.posts):
                for item in post[name]:
                    yield (item.lower() if name == "hashtags" else item, name), number, item, None

    def table(self, name):
        """group -> (word, reading, count, posts, authors, original_count)"""
        groups = defaultdict(list)
        for group, *rest in self.occurrences(name):
            groups[group].append(rest)
        return {group: self.summed(group, found) for group, found in groups.items()}

    def summed(self, group, found):
        spellings = Counter(spelling for _, spelling, _ in found)
        preferred = {self.preferred[s] for s in spellings if s in self.preferred and self.preferred[s] == group[0]}
        word = preferred.pop() if preferred else min(spellings, key=lambda s: (-spellings[s], s))
        posts = {post for post, _, _ in found}
        authors = {self.posts[post]["author"] for post in posts} - {None}
        original = [p for p, _, _ in found if not self.posts[p]["is_repost"] and not self.posts[p]["duplicate_of"]]
        readings = Counter(r for _, spelling, r in found if r is not None and spelling == word)
        reading = min(readings, key=lambda r: (-readings[r], r), default=None)
        return word, reading, len(found), len(posts), len(authors), len(original)

    def ranks(self, name):
        """group -> rank: by count, then by the group."""
        table = self.table(name)
        order = sorted(table, key=lambda group: (-table[group][2], *group))
        return {group: rank for rank, group in enumerate(order, 1)}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("day", DAYS)
def test_tables_are_those_of_a_recount(desk, day, name):
    recount = Recount(desk.store, day)
    told, ranks = recount.table(name), recount.ranks(name)
    before = Recount(desk.store, FIRST).ranks(name) if day == SECOND else {}
    found = rows_of(desk.store / "tables" / day / f"{name}.parquet")
    assert list(found[0] if found else ranking.COLUMNS) == list(ranking.COLUMNS)
    expected = [
        {
            "rank": rank,
            **dict(zip(("word", "reading", "count", "posts", "authors", "original_count"), told[group], strict=True)),
            "pos": group[1] if name in ranking.WORD_TABLES else None,
            "previous_rank": before.get(group),
        }
        for group, rank in ranks.items()
    ]
    assert [{k: v for k, v in row.items() if k != "per_10000"} for row in found] == expected
    for row in found:  # rounded to two places
        assert abs(row["per_10000"] - 10_000 * row["count"] / recount.words) <= 0.005 + 1e-9


def test_the_day_by_hand(desk):
    words = {row["word"]: row for row in rows_of(desk.store / "tables" / FIRST / "content_words.parquet")}
    # 嬉しい in posts 1 and 3, うれしい twice in post 1 and once in post 2; of the authors ann, bob and one unknown
    glad = words["うれしい"]
    assert [glad[k] for k in ("count", "posts", "authors", "original_count")] == [5, 3, 2, 5]
    assert "嬉しい" not in words
    # 静か: posts 2 and 3, and the post of ann, its copy by eve and its repost by dan
    calm = words["静か"]
    assert [calm[k] for k in ("count", "posts", "authors", "original_count")] == [5, 5, 4, 3]
    assert calm["pos"] == "形状詞"
    # one lemma サトウ, two names: ann, eve, dan and cat
    assert [words[name]["count"] for name in ("佐藤", "左藤")] == [4, 4]
    # two spellings, and two names of one thing
    assert [words[name]["count"] for name in ("ラーメン", "ネット")] == [2, 3]
    for absent in ("よう", "よい", "三", "3", "10", "らーめん", "インターネット"):
        assert absent not in words
    tags = rows_of(desk.store / "tables" / FIRST / "hashtags.parquet")
    assert [(t["word"], t["count"], t["authors"]) for t in tags] == [("PYTHON", 3, 2), ("推し活", 2, 2)]
    signs = {s["word"]: s for s in rows_of(desk.store / "tables" / FIRST / "emoji.parquet")}
    # once in ann's first post, twice in her second, once in eve's copy of that
    assert [signs["😊"][k] for k in ("count", "posts", "authors", "original_count")] == [4, 3, 2, 3]
    faces = rows_of(desk.store / "tables" / FIRST / "kaomoji.parquet")
    assert [(f["word"], f["count"], f["authors"]) for f in faces] == [("(´･ω･`)", 1, 0)]


def test_a_day_apart_has_no_ranks_of_the_day_before(desk):
    for name in NAMES:
        assert {row["previous_rank"] for row in rows_of(desk.store / "tables" / APART / f"{name}.parquet")} <= {None}


@pytest.mark.parametrize("day", DAYS)
def test_the_query_on_the_page_gives_the_table_and_the_csv(desk, day):
    shown = desk.report(day)["tables"]
    assert set(shown) == set(NAMES)
    for name, table in shown.items():
        with duckdb.connect() as database:
            database.execute("SET file_search_path = $1", [str(desk.store)])
            found = database.sql(table["query"]).fetchall()
        stored = rows_of(desk.store / "tables" / day / f"{name}.parquet")
        assert found == [tuple(row.values()) for row in stored]
        unsaid = {2} if name == "emoji" else set()  # the page puts an emoji's name where words have their reading
        assert [told(row, unsaid) for row in table["rows"]] == [told(row, unsaid) for row in found]
        assert table["all_rows"] == len(found)
        text = (desk.store / "tables" / day / f"{name}.csv").read_bytes().decode("utf-8-sig")
        header, *lines = csv.reader(io.StringIO(text, newline=""))
        assert header == list(ranking.COLUMNS) == table["columns"]
        assert lines == [
            [csv_tables.inert(v) if isinstance(v, str) else "" if v is None else str(v) for v in row] for row in found
        ]


def told(row, without):
    return [value for i, value in enumerate(row) if i not in without]


# Invented tokens: what MeCab gives for one spelling may differ in lemma, reading and part of speech.

TOKENS = st.tuples(
    st.sampled_from(["嬉しい", "うれしい", "良", "ら", "ラメン", "らめん", "1", "AKB48", "の"]),
    st.sampled_from(["嬉しい", "良い", "ラーメン"]),
    st.sampled_from(["ウレシイ", "ヨイ", "イイ", None]),
    st.sampled_from(["名詞", "形容詞", "形状詞", "動詞", "助詞", "補助記号"]),
    st.sampled_from(["普通名詞-一般", "固有名詞-人名", "数詞", "助動詞語幹", ""]),
)
DAY_OF_POSTS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", None]),
        st.booleans(),
        st.booleans(),
        st.lists(TOKENS, max_size=6),
        st.lists(st.sampled_from(["a", "A", "ß", "推し活"]), max_size=3),
    ),
    max_size=5,
)
TEXT, TEXTS = pa.string(), pa.list_(pa.string())


def store_of(folder, days):
    """Write the columns that the queries read."""
    for path, rows, schema in (
        (ranking.STOP_WORDS, [{"word": "の"}], pa.schema({"word": TEXT})),
        (
            ranking.SYNONYMS,
            [{"variant": "らめん", "preferred": "ラメン"}],
            pa.schema({"variant": TEXT, "preferred": TEXT}),
        ),
    ):
        save(folder / path, rows, schema)
    posts = pa.schema(
        {"author": TEXT, "is_repost": pa.bool_(), "duplicate_of": TEXT, **dict.fromkeys(ranking.ITEM_TABLES, TEXTS)}
    )
    token = pa.schema({"post": pa.int32(), **dict.fromkeys(("base", "lemma", "reading", "pos", "subpos"), TEXT)})
    for day, told in days.items():
        save(folder / f"posts/date={day}/part-0.parquet", [post_row(p) for p in told], posts)
        tokens = [{"post": i, **token_row(t)} for i, p in enumerate(told) for t in p[3]]
        save(folder / f"tokens/date={day}/part-0.parquet", tokens, token)


def post_row(post):
    author, repost, copy, _, items = post
    found = dict.fromkeys(ranking.ITEM_TABLES, items)
    return {"author": author, "is_repost": repost, "duplicate_of": "first" if copy else None, **found}


def token_row(token):
    return dict(zip(("base", "lemma", "reading", "pos", "subpos"), token, strict=True))


def save(path, rows, schema):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema), path)


@pytest.fixture(scope="module")
def database():
    with duckdb.connect() as connection:
        yield connection


def asked(database, store, query):
    database.execute("SET file_search_path = $1", [str(store)])
    return database.sql(query).to_arrow_table().to_pylist()


@settings(deadline=None, derandomize=True, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DAY_OF_POSTS, DAY_OF_POSTS)
def test_any_tokens_are_ranked_as_a_plain_loop_ranks_them(tmp_path, database, earlier, today):
    store_of(tmp_path, {FIRST: earlier, SECOND: today})
    recount, before = Recount(tmp_path, SECOND), Recount(tmp_path, FIRST)
    span, previous = Span([dt.date(2024, 1, 2)]), dt.date(2024, 1, 1)
    for name in ("nouns_adjectives", "hashtags"):
        told, ranks, old = recount.table(name), recount.ranks(name), before.ranks(name)
        query = (
            ranking.words(span, ranking.WORD_TABLES[name], previous)
            if name in ranking.WORD_TABLES
            else ranking.items(span, name, previous)
        )
        found = asked(database, tmp_path, query)
        counts = ("count", "posts", "authors", "original_count")
        assert [[row[k] for k in ("rank", *counts, "previous_rank")] for row in found] == [
            [rank, *told[group][2:], old.get(group)] for group, rank in ranks.items()
        ]
        assert [row["word"] for row in found] == [told[group][0] for group in ranks]


@settings(deadline=None, derandomize=True, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DAY_OF_POSTS, DAY_OF_POSTS)
def test_a_span_counts_an_author_of_two_days_once(tmp_path, database, one, other):
    store_of(tmp_path, {FIRST: one, SECOND: other})
    store_of(tmp_path / "whole", {FIRST: [*one, *other]})
    kinds = ranking.WORD_TABLES["content_words"]
    both = asked(database, tmp_path, ranking.words(Span([dt.date(2024, 1, 1), dt.date(2024, 1, 2)]), kinds, None))
    assert both == asked(database, tmp_path / "whole", ranking.words(Span([dt.date(2024, 1, 1)]), kinds, None))


def ranked(database, store, *tokens):
    """The adjectives of a day of one post."""
    store_of(store, {FIRST: [("ann", False, False, tokens, [])]})
    return asked(database, store, ranking.words(Span([dt.date(2024, 1, 1)]), ranking.WORD_TABLES["adjectives"], None))


def good(base, reading):
    return (base, "良い", reading, "形容詞", "")


def test_a_group_is_named_by_its_most_frequent_spelling_whatever_the_readings(tmp_path, database):
    four = [good("良い", "ヨイ"), good("良い", "イイ")] * 2
    assert [row["word"] for row in ranked(database, tmp_path, *four, *[good("よい", "ヨイ")] * 3)] == ["良い"]


def test_the_reading_is_that_of_the_word_shown(tmp_path, database):
    variant, preferred = (("らめん", "ラメン"), ("ラメン", "ラメン"))
    tokens = [(base, lemma, f"ヨミ{base}", "形容詞", "") for base, lemma in (variant, variant, preferred)]
    assert [(row["word"], row["reading"]) for row in ranked(database, tmp_path, *tokens)] == [("ラメン", "ヨミラメン")]


def test_a_limit_cuts_rows_and_changes_none(desk, database):
    span, kinds = Span([dt.date(2024, 1, 1)]), ranking.WORD_TABLES["content_words"]
    everything = asked(database, desk.store, ranking.words(span, kinds, None))
    assert asked(database, desk.store, ranking.words(span, kinds, None, 3)) == everything[:3]
    assert len(everything) > 3


def test_history_counts_all_spellings_of_today(desk):
    span = Span([dt.date.fromisoformat(day) for day in DAYS])
    query = ranking.history(span, dt.date(2024, 1, 1))
    with duckdb.connect() as database:
        database.execute("SET file_search_path = $1", [str(desk.store)])
        found = database.execute(query, {"words": ["形容詞\tうれしい", "名詞\t雨", "名詞\tどこにもない"]}).fetchall()
    # 5 and 1 on the first day by the hands above; 雨 2 (post 3); then 嬉しい 1 and 雨 4; then 嬉しい 1
    assert sorted(found) == [
        ("名詞\t雨", FIRST, 2),
        ("名詞\t雨", SECOND, 4),
        ("形容詞\tうれしい", FIRST, 5),
        ("形容詞\tうれしい", SECOND, 1),
        ("形容詞\tうれしい", APART, 1),
    ]


def test_history_keeps_apart_what_is_written_alike(tmp_path, database):
    said = [("いる", "居る"), ("いる", "居る"), ("いる", "要る"), ("要る", "要る"), ("要る", "要る")]
    tokens = [(base, lemma, None, "動詞", "") for base, lemma in said]
    store_of(tmp_path, {FIRST: [("ann", False, False, tokens, [])]})
    counts = [{"base": b, "lemma": lem, "pos": "動詞", "count": n} for (b, lem), n in Counter(said).items()]
    schema = pa.schema({"base": TEXT, "lemma": TEXT, "pos": TEXT, "count": pa.int64()})
    save(tmp_path / f"counts/date={FIRST}/part-0.parquet", counts, schema)
    database.execute("SET file_search_path = $1", [str(tmp_path)])
    query = ranking.history(Span([dt.date(2024, 1, 1)]), dt.date(2024, 1, 1))
    found = database.execute(query, {"words": ["動詞\tいる", "動詞\t要る"]}).fetchall()
    # 居る is called いる, twice; 要る is called 要る: twice in kanji and once in kana
    assert sorted(found) == [("動詞\tいる", FIRST, 2), ("動詞\t要る", FIRST, 3)]


def test_paths_in_queries_are_relative_to_the_store(desk):
    for table in desk.report(FIRST)["tables"].values():
        paths = re.findall(r"'([^']*\.parquet)'", table["query"])
        assert paths and not any(path.startswith("/") or ".." in path for path in paths)
