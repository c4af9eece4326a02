import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import fake_day
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from pipeline.reports import document, page
from pipeline.reports.characters import writable
from pipeline.reports.contexts import escaped
from pipeline.reports.model import Day, Table


@pytest.fixture(scope="module")
def day() -> Day:
    return fake_day.day(size=30, number=40)


def parsed(day: Day, language: str = "ja") -> LexborHTMLParser:
    return LexborHTMLParser(page.render(day, language))


def text(tree: LexborHTMLParser, selector: str) -> str:
    node = tree.css_first(selector)
    assert node is not None, selector
    return " ".join(node.text(separator=" ").split())


def test_the_top_says_how_many_with_the_change_since_the_day_before(day: Day) -> None:
    tree = parsed(day)
    assert text(tree, "h1") == "2024年1月1日 月曜日"
    tiles = [" ".join(tile.text(separator=" ").split()) for tile in tree.css(".tiles div")]
    assert tiles == [
        "投稿 20,312 前日比 +1,412",  # 20312 - 18900
        "投稿者 9,120 前日と同じ",
        "転載 3,004 前日比 −116",  # 3004 - 3120
        "複製 1,201 前日比 +101",
        "隔離 12 前日比 +9",
        "語 411,903 前日比 +31,783",
        "規則で除外 4 前日比 +4",
    ]  # fmt: skip


def test_without_a_day_before_nothing_is_compared(day: Day) -> None:
    tree = parsed(replace(day, previous=None, previous_date=None))
    assert not tree.css(".change")
    assert "前日" not in text(tree, ".ranked thead")
    assert tree.css_first("a[rel=prev]") is None


def test_english_texts_with_japanese_words(day: Day) -> None:
    tree = parsed(day, "en")
    assert text(tree, "h1") == "1 January 2024 Monday"
    assert tree.css_first("html").attributes["lang"] == "en"
    first = tree.css(".ranked tbody tr")[3]
    assert [cell.text().strip() for cell in first.css("th, td")][1:4] == ["静か", "シズカ", "adjectival noun"]
    own = re.sub(r"[぀-ヿ一-鿿々]+", "", "日々")
    assert own == "" and "投稿" not in text(tree, ".tiles")


def test_rows_are_cut_counted_and_told(day: Day) -> None:
    tree = LexborHTMLParser(page.render(day, "ja", rows=10))
    assert text(tree, ".ranked caption") == "形容詞：上位 10 語（全 30 語）"
    assert len(tree.css(".ranked")[0].css("tbody tr")) == 10


def test_the_way_from_yesterday_stands_in_words(day: Day) -> None:
    data = day.tables[0].data.slice(0, 4)
    data = data.drop_columns("previous_rank").append_column(
        "previous_rank", [[1, 5, 1, None]]
    )  # stayed, 5 to 2, 1 to 3, new
    tree = parsed(replace(day, tables=(replace(day.tables[0], data=data),)))
    told = [" ".join(row.css("td")[-1].text(separator=" ").split()) for row in tree.css(".ranked tbody tr")]
    assert told == ["1 変わらず →", "5 上昇 3 ↑3", "1 下降 2 ↓2", "新"]


def test_words_with_posts_are_buttons_and_the_data_finds_them(day: Day) -> None:
    tree = parsed(day)
    data = json.loads(tree.css_first("#contexts").text())
    buttons = tree.css("button.word")
    assert buttons
    for button in buttons:
        word = data["words"][f"{button.attributes['data-pos'] or ''}\t{button.attributes['data-word']}"]
        for place in word["posts"]:
            assert button.attributes["data-word"] in data["posts"][place][2]
    assert data["words"]["形容詞\t寒い"]["surfaces"] == ["寒い", "寒く"]
    assert data["words"]["形容詞\t寒い"]["count"] == "4,200"


def test_files_add_up_and_name_their_rules(day: Day) -> None:
    tree = parsed(day)
    table = tree.css_first("#files + div table")
    assert table is not None
    sums = [int(cell.text().replace(",", "")) for cell in table.css("tfoot td")]
    assert sums == [20_530, 20_312, 202, 12, 4]
    assert sums[0] == sum(sums[1:])
    assert "非公開 4" in " ".join(table.text().split())


def test_emoji_are_drawn_large_and_their_names_in_letters_are_not(day: Day) -> None:
    table = Table("emoji", fake_day.frame([("1\ufe0f\u20e3", "キーキャップ 1", None), (":bow:", None, None)], 2, 1), "")
    tree = parsed(replace(day, tables=(table,)))
    assert [cell.attributes.get("class") for cell in tree.css(".ranked tbody th")] == ["sign", None]
    assert [head.text().strip() for head in tree.css(".ranked thead th")[1:3]] == ["絵文字", "名前"]


def test_all_of_the_record_is_there(day: Day) -> None:
    tree = parsed(day)
    assert "count < 1e9" in text(tree, ".ranked pre")
    whole = text(tree, "main")
    for wanted in ("no time of writing", "duplicates.threshold", "unidic-lite 1.0.8 sha256:9f2c…", "10,000 字まで"):
        assert wanted in whole
    assert [link.attributes["href"] for link in tree.css(".days a")] == [
        "../2023-12-31/index.html", "../index.html", "../index.html#2024-01-02",
    ]  # fmt: skip


class Inert(HTMLParser):
    """Fails on whatever could run, load or leave the page."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in {"img", "iframe", "object", "embed", "link", "base", "form", "b"}
        for name, value in attrs:
            assert not name.startswith("on") and name not in {"style", "src", "srcdoc"}
            if name == "href":
                assert value is not None and re.match(r"https://|\.\./|#|report\.|%|[^:]*$", value), value
            if tag == "script":
                assert (name, value) in {("type", "application/json"), ("id", "contexts")}


@pytest.mark.parametrize("language", ["ja", "en"])
def test_hostile_text_stays_text(language: str) -> None:
    day = fake_day.hostile_day()
    html = page.render(day, language)
    html.encode("utf-8")  # no lone surrogate
    Inert().feed(html)
    tree = LexborHTMLParser(html)
    assert len(tree.css("script")) == 2
    assert (
        tree.css_first(".summary blockquote").text()
        == "<script>alert(1)</script><img src=x onerror=alert(1)> 投稿 投稿"
    )
    data = json.loads(tree.css_first("#contexts").text())
    assert [post[2] for post in data["posts"]] == [writable(post.text) for post in day.posts]
    assert {post[3] for post in data["posts"]} == {None, 'https://example.jp/?q="><b>'}
    buttons = tree.css(".ranked button.word")
    assert len(buttons) == 2 * len(fake_day.hostile_texts())


def test_policy_allows_this_style_and_this_script_and_nothing_else(day: Day) -> None:
    tree = parsed(day)
    policy = tree.css_first("meta[http-equiv]").attributes["content"]
    assert policy is not None and policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    html = page.render(day, "ja")
    style = html.partition("<style>")[2].partition("</style>")[0]
    script = html.partition("<script>")[2].partition("</script>")[0]
    for source in (style, script):
        assert base64.b64encode(hashlib.sha256(source.encode()).digest()).decode() in policy
    assert "innerHTML" not in script and "http" not in style


def test_the_same_day_gives_the_same_page(day: Day) -> None:
    assert page.render(day, "ja") == page.render(fake_day.day(size=30, number=40), "ja")


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://example.jp/1", True),
        ("HTTP://example.jp", True),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,x", False),
        ("//example.jp", False),
        ("https://", False),
        ("https://[", False),
        ("https://example.jp/ a", False),
        (" https://example.jp", False),
        (None, False),
    ],
)
def test_only_web_addresses_are_linked(url: str | None, wanted: bool) -> None:
    assert (document.web_link(url) == url) is (wanted or url is None)


@settings(deadline=None, derandomize=True)
@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("<>&/!-\u2028\u2029\ud800\r\n\0"))))
def test_any_text_is_writable_and_any_json_stands_in_a_script(value: str) -> None:
    plain = writable(value)
    plain.encode("utf-8")
    assert writable(plain) == plain
    held = escaped(json.dumps([plain], ensure_ascii=False).encode())
    assert not set(held) & set("<>&\u2028\u2029")
    assert json.loads(held) == [plain]
