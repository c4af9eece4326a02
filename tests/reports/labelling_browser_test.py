"""The labelling page in a real browser, from file://: keys, clicks, memory, and the file that it saves."""

import csv
import json
import time
from pathlib import Path
from typing import Any

import fake_queue
import pytest

from pipeline.models import labels
from pipeline.reports import labelling

pytestmark = pytest.mark.browser
ASKED = labels.Asked("mood", ["positive", "negative", "neutral"])
CHECKED = """
return [...document.querySelectorAll(".question")].map((q) => [...q.querySelectorAll(":checked")].map((i) => i.value));
"""
CURRENT = "return document.querySelector('[aria-current=true]').dataset.id"


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Path:
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    return write(tmp_path, fake_queue.queue())


def write(folder: Path, queue: labelling.Queue) -> Path:
    path = folder / "queue.html"
    path.write_text(labelling.render(queue, "ja"), encoding="utf-8")
    return path


def visit(browser: Any, path: Path, fresh: bool = True) -> None:
    browser.get(path.as_uri())
    if fresh:
        browser.execute_script("localStorage.clear()")
        browser.refresh()
    browser.get_log("browser")
    browser.get_log("performance")


def press(browser: Any, *keys: str) -> None:
    for key in keys:
        browser.switch_to.active_element.send_keys(key)


def saved(browser: Any, page: Path, button: str) -> Path:
    before = set(page.parent.iterdir())
    browser.find_element("id", button).click()
    for _ in range(200):
        found = [path for path in set(page.parent.iterdir()) - before if path.suffix in (".json", ".csv")]
        if found:
            return found[0]
        time.sleep(0.05)
    raise AssertionError(f"nothing saved; the page says {browser.find_element('id', 'told').text!r}")


def test_a_day_by_keyboard_is_remembered_and_saved(browser: Any, page: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    visit(browser, page)
    assert browser.execute_script(CURRENT) == "x:1"
    press(browser, "1", "2", "0")  # each goes on to the next post
    assert browser.execute_script(CURRENT) == "x:4"
    press(
        browser, "3", Keys.ARROW_UP, Keys.BACKSPACE, "9", Keys.ARROW_UP, "3"
    )  # x:4 taken back; 9 is no label; x:3 anew
    assert browser.execute_script(CHECKED) == [["positive"], ["negative"], ["neutral"], [], []]
    assert browser.find_element("id", "progress").text == "3 / 5 件"
    browser.refresh()
    assert browser.execute_script(CHECKED) == [["positive"], ["negative"], ["neutral"], [], []]
    assert browser.execute_script(CURRENT) == "x:4"  # the first without an answer
    browser.find_element("id", "save-json").click()
    assert "お名前" in browser.find_element("id", "told").text
    browser.find_element("id", "who").send_keys("花子 123")  # digits in a name are no answers
    path = saved(browser, page, "save-json")
    assert path.name == "labels-mood-2024-01-05-花子_123.json"
    found = labels.from_page(path.read_bytes(), ASKED, path.name)
    assert [(a.post_id, a.label, a.who) for a in found.answers] == [
        ("x:1", "positive", "花子 123"), ("x:2", "negative", "花子 123"), ("x:3", "neutral", "花子 123"),
    ]  # fmt: skip
    browser.refresh()
    assert browser.find_element("id", "who").get_attribute("value") == "花子 123"


def test_clicking_does_the_same_and_csv_is_read_back(browser: Any, page: Path) -> None:
    visit(browser, page)
    boxes = browser.find_elements("css selector", ".question label")
    for box in (boxes[1], boxes[4]):  # negative, of the first post; positive, of the second
        browser.execute_script("arguments[0].scrollIntoView({ block: 'center' })", box)
        box.click()
    browser.find_element("id", "who").send_keys('=cmd|"x"')
    path = saved(browser, page, "save-csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[1][3] == '\'=cmd|"x"'
    found = labels.from_rows(enumerate(rows, 1), ASKED, path.name)
    assert [(a.post_id, a.label) for a in found.answers] == [("x:1", "negative"), ("x:2", "positive")]


def test_several_labels_and_none(browser: Any, tmp_path: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    visit(browser, write(tmp_path, fake_queue.queue(several=True)))
    press(browser, "3", "1", Keys.ENTER, "1", "n", "2", "0", "1")
    assert browser.execute_script(CHECKED) == [["positive", "neutral"], ["none"], ["?"], ["positive"], []]


def test_enter_goes_on_after_a_click_too(browser: Any, tmp_path: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    visit(browser, write(tmp_path, fake_queue.queue(several=True)))
    for box in browser.find_elements("css selector", ".question:first-child label")[:2]:
        browser.execute_script("arguments[0].scrollIntoView({ block: 'center' })", box)
        box.click()
    press(browser, Keys.ENTER, "3")
    assert browser.execute_script(CHECKED) == [["positive", "negative"], ["neutral"], [], [], []]


def test_nothing_is_asked_of_the_network_and_nothing_hostile_runs(browser: Any, page: Path) -> None:
    visit(browser, page)
    press(browser, "1")
    assert not [
        entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE" and "woff2" not in entry["message"]
    ]
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = {m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"}
    assert all(url.startswith("file:") for url in asked), asked
    assert browser.execute_script("return document.querySelectorAll('script').length") == 1


def test_without_storage_it_says_so_and_still_saves(browser: Any, page: Path) -> None:
    visit(browser, page)
    browser.execute_script("Storage.prototype.setItem = () => { throw new DOMException('no'); }")
    press(browser, "1")
    assert "記憶できません" in browser.find_element("id", "told").text
    browser.find_element("id", "who").send_keys("a")
    assert len(json.loads(saved(browser, page, "save-json").read_bytes())["answers"]) == 1
