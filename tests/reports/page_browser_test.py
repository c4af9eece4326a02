"""The page in a real browser, from file://, with data that wants to do harm."""

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import fake_day
import pytest

from pipeline.reports import document, index, page
from pipeline.reports.characters import writable
from pipeline.reports.model import Day, Sentence, Table

pytestmark = pytest.mark.browser


SIGNS = (
    "\U0001f62d", "1\ufe0f\u20e3", "\u2139\ufe0f", "\u2764\ufe0f", "\u2764\ufe0f\u200d\U0001f525",
    "\U0001f1ef\U0001f1f5", "\U0001f44d\U0001f3fd", "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
)  # fmt: skip
"""Crying, keycap 1, information, heart, heart on fire, Japan, thumb of a tone, family, England."""

OPEN_EACH = """
const panel = document.querySelector("#panel");
return [...document.querySelectorAll("#adjectives ~ .scroll .word")].map((button) => {
  button.click();
  const texts = [...panel.querySelectorAll(".text")].map((post) => post.textContent);
  const links = [...panel.querySelectorAll("a")].map((link) => link.protocol);
  const title = panel.open ? document.querySelector("#panel-title").textContent : null;
  panel.close();
  return [title, texts, links];
});
"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import manimgx_fonts
    from pylopdf_fonts_jp import sans_path

    folder = tmp_path_factory.mktemp("reports")
    (folder / "assets").mkdir()
    # The browser looks at the bytes of a font, not at its name: OpenType files do for the packed ones.
    shutil.copy(sans_path(), folder / "assets" / document.FONT)
    emoji = Path(str(manimgx_fonts.__file__)).with_name("NotoEmoji[wght].ttf")
    shutil.copy(emoji, folder / "assets" / document.EMOJI_FONT)
    for day in (fake_day.day(size=30, number=40), fake_day.hostile_day(), day_of_signs()):
        (folder / day.date.isoformat()).mkdir()
        (folder / day.date.isoformat() / "index.html").write_text(page.render(day, "ja"), encoding="utf-8")
    (folder / "index.html").write_text(index.render(fake_day.cards(40), "ja", "日報"), encoding="utf-8")
    return folder


def day_of_signs() -> Day:
    """Emoji of many characters each, as words of a table and in a sentence."""
    table = Table("emoji", fake_day.frame([(sign, sign, None) for sign in SIGNS], len(SIGNS), 1), "")
    day = replace(fake_day.day(size=1, number=1), date=dt.date(2024, 6, 1), tables=(table,))
    return replace(day, summary=tuple(Sentence(sign, day.posts[0], 0.1, 1) for sign in SIGNS))


def visit(browser: Any, path: Path) -> None:
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(path.as_uri())


def requested(browser: Any) -> set[str]:
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return {m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"}


def shown_words(browser: Any) -> list[str]:
    return list(
        browser.execute_script(
            "return [...document.querySelectorAll('#adjectives ~ .scroll tbody tr:not([hidden]) .word')]"
            ".map((button) => button.textContent)"
        )
    )


def test_hostile_page_runs_nothing_asks_for_nothing_and_works(browser: Any, reports: Path) -> None:
    from selenium.webdriver.common.alert import Alert
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    visit(browser, reports / "2024-04-01" / "index.html")
    texts = [writable(text) for text in fake_day.hostile_texts()]
    web = sum((post.url or "").startswith("https://") for post in fake_day.hostile_day().posts)
    assert shown_words(browser) == texts

    field = browser.find_element(By.CSS_SELECTOR, "#adjectives ~ .tools input")
    field.send_keys("<script>")  # literal, and no pattern
    assert shown_words(browser) == [text for text in texts if "<script>" in text.lower()]
    field.clear()
    field.send_keys(".*")
    assert shown_words(browser) == []
    field.clear()
    field.send_keys(" " + Keys.BACKSPACE)
    assert shown_words(browser) == texts

    assert browser.execute_script(OPEN_EACH) == [
        [text, [f"{other} 投稿" for other in texts], ["https:"] * web] for text in texts
    ]

    button = browser.find_element(By.CSS_SELECTOR, "#adjectives ~ .scroll .word")
    browser.execute_script("arguments[0].focus()", button)
    button.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "panel-title"
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert browser.switch_to.active_element == button

    with pytest.raises(Exception, match="no such alert"):
        _ = Alert(browser).text
    assert browser.get_log("browser") == []
    assert [address for address in requested(browser) if not address.startswith("file:")] == []
    assert browser.title == "2024年4月1日の日報 hibi 日々"


def test_a_word_opens_its_posts_with_the_word_marked_from_table_and_cloud(browser: Any, reports: Path) -> None:
    from selenium.webdriver.common.by import By

    visit(browser, reports / "2024-01-01" / "index.html")
    for selector in (".ranked .word[data-word=寒い]", ".drawing [data-word=寒い] text"):
        element = browser.find_element(By.CSS_SELECTOR, selector)
        browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()
        assert browser.find_element(By.ID, "panel-title").text == "寒い"
        assert browser.find_element(By.ID, "panel-about").text.startswith("形容詞　サムイ　4,200 回")
        posts = browser.find_elements(By.CSS_SELECTOR, "#panel-posts .text")
        marks = browser.find_elements(By.CSS_SELECTOR, "#panel-posts mark")
        assert posts and len(marks) == sum(post.text.count("寒い") + post.text.count("寒く") for post in posts)
        browser.find_element(By.ID, "panel-close").click()


def test_a_word_that_is_named_alone_is_rather_the_word_than_the_hashtag(browser: Any, reports: Path) -> None:
    visit(browser, reports / "2024-01-01" / "index.html")
    about = browser.execute_script(
        """
        const row = document.createElement("button");
        row.dataset.word = "初詣";
        document.body.append(row);
        row.click();
        return document.querySelector("#panel-about").textContent;
        """
    )
    assert about.startswith("名詞　ハツモウデ")


def test_a_head_sorts_by_number_and_by_reading(browser: Any, reports: Path) -> None:
    from selenium.webdriver.common.by import By

    visit(browser, reports / "2024-01-01" / "index.html")

    def press(column: int) -> tuple[str, list[str]]:
        head = browser.find_elements(By.CSS_SELECTOR, "#adjectives ~ .scroll thead th")[column]
        browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", head)
        head.find_element(By.TAG_NAME, "button").click()
        cells = f"#adjectives ~ .scroll tbody tr > :nth-child({column + 1})"
        script = "return [...document.querySelectorAll(arguments[0])].map((cell) => cell.textContent)"
        return head.get_attribute("aria-sort"), browser.execute_script(script, cells)

    counts = [4200 // rank for rank in range(1, 31)]
    assert press(4) == ("descending", [f"{n:,}" for n in counts])
    assert press(4) == ("ascending", [f"{n:,}" for n in reversed(counts)])
    order, readings = press(2)  # as a dictionary sorts: ゴ before コワイ, as the mark counts last
    assert (order, list(dict.fromkeys(readings))[:7]) == (
        "ascending", ["ウレシイ", "オイシイ", "キレイ", "ゲンキ", "ゴ", "コワイ", "サムイ"],
    )  # fmt: skip
    sorted_heads = browser.find_elements(By.CSS_SELECTOR, "#adjectives ~ .scroll thead [aria-sort]")
    assert len(sorted_heads) == 1


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["index.html", "2024-01-01/index.html", "2024-04-01/index.html"])
def test_nothing_sticks_out_of_the_window(browser: Any, reports: Path, name: str, width: int) -> None:
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 400}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    visit(browser, reports / name)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_japanese_has_glyphs(browser: Any, reports: Path) -> None:
    """Two different characters without a glyph are drawn as the same box; with glyphs their pixels differ."""
    visit(browser, reports / "2024-01-01" / "index.html")
    browser.execute_async_script("const done = arguments[0]; document.fonts.ready.then(() => done())")
    drawn = browser.execute_script(
        """
        return [..."寒あ髙𠮷ア、"].map((sign) => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 40 });
          const pen = canvas.getContext("2d");
          pen.font = "32px " + getComputedStyle(document.documentElement).fontFamily;
          pen.fillText(sign, 2, 32);
          return canvas.toDataURL();
        });
        """
    )
    assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize("places", [".ranked .sign bdi", ".summary blockquote"])
def test_emoji_are_one_sign_of_an_emoji_font_in_tables_and_in_running_text(
    browser: Any, reports: Path, places: str
) -> None:
    visit(browser, reports / "2024-06-01" / "index.html")
    browser.execute_async_script("const done = arguments[0]; document.fonts.ready.then(() => done())")
    browser.execute_cdp_cmd("DOM.enable", {})
    browser.execute_cdp_cmd("CSS.enable", {})
    root = browser.execute_cdp_cmd("DOM.getDocument", {})["root"]["nodeId"]
    nodes = browser.execute_cdp_cmd("DOM.querySelectorAll", {"nodeId": root, "selector": places})["nodeIds"]
    fonts = [browser.execute_cdp_cmd("CSS.getPlatformFontsForNode", {"nodeId": n})["fonts"] for n in nodes]
    assert len(nodes) == len(SIGNS)
    for sign, used in zip(SIGNS, fonts, strict=True):
        assert [("Emoji" in font["familyName"], font["glyphCount"]) for font in used] == [(True, 1)], sign


def test_without_script_all_can_be_read(browser: Any, reports: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        visit(browser, reports / "2024-01-01" / "index.html")
        shot = browser.find_element("css selector", "noscript")
        assert "JavaScript が無効です" in shot.text
        assert not browser.find_element("css selector", ".tools").is_displayed()
        assert browser.find_element("css selector", ".ranked .word").text == "寒い"
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
