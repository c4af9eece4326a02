"""axe-core finds nothing serious on real pages, at a desk and on a phone, by day and by night, the panel open or not.

axe-core is no package of ours: ``.ci/run`` fetches it to ``build/axe``; HIBI_AXE names another place.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fake_card
import fake_day
import fake_learned
import fake_queue
import pytest
from desk import Desk, Here

from pipeline import settings
from pipeline.reports import card, index, labelling, page

ROOT = Path(__file__).resolve().parents[2]
AXE = Path(os.environ.get("HIBI_AXE", ROOT / "build" / "axe" / "axe.min.js"))
SAMPLE = ROOT / "data" / "sample"
POSTS = 6  # of each file, as more of the same costs seconds and finds nothing new
BROKEN = "Internal Server Error"
DAY = "2024-01-03/index.html"
OPEN_PANEL = "document.querySelector('.ranked button.word').click()"
CHOOSE = "document.querySelector('.question label').click()"
RUN_AXE = """
const [rules, done] = arguments;
axe.run({ resultTypes: ["violations"], ...rules }).then(
  ({ violations }) => done(violations.map((v) => [v.id, v.impact, v.nodes.map((node) => node.target.join(" "))])),
  (error) => done([["axe itself", "critical", [String(error)]]]),
);
"""
ALL: dict[str, Any] = {}
COLOURS = {"runOnly": ["color-contrast"]}  # all that a scheme changes once each width has been looked at
WINDOWS = [(1280, "light", ALL), (390, "dark", ALL), (390, "light", COLOURS), (1280, "dark", COLOURS)]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not AXE.is_file(), reason=f"no axe-core at {AXE} (.ci/run fetches it)"),
]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports of a real run over some of the sample, and of a day that has everything."""
    desk = Desk(tmp_path_factory.mktemp("sample"), Here())
    for name in ("2024-01-02.jsonl", "2024-01-03.jsonl"):
        lines = (SAMPLE / "inbox" / name).read_text(encoding="utf-8").splitlines()[:POSTS]
        (desk.inbox / name).write_text("\n".join([*lines, BROKEN]), encoding="utf-8")
    own = settings.load(SAMPLE / "hibi.toml")
    desk.settings = own.model_copy(update={"pictures": own.pictures.model_copy(update={"words": 12})})
    assert not desk.run().failed
    reports = desk.store / "reports"
    fake = reports / "fake"
    fake.mkdir()
    day = replace(fake_day.day(size=4, number=10), learned=fake_learned.models())
    (fake / "day.html").write_text(page.render(day, "en"), encoding="utf-8")
    (fake / "index.html").write_text(index.render(fake_day.cards(9), "ja", "日報"), encoding="utf-8")
    (fake / "card.html").write_text(card.render(fake_card.card(), "ja"), encoding="utf-8")
    (fake / "queue.html").write_text(labelling.render(fake_queue.queue(), "ja"), encoding="utf-8")
    return reports


@pytest.fixture
def window(browser: Any) -> Iterator[Any]:
    yield browser
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def resize(browser: Any, width: int, scheme: str) -> None:
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 400}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )


def serious(browser: Any, rules: dict[str, Any]) -> list[list[Any]]:
    return [found for found in browser.execute_async_script(RUN_AXE, rules) if found[1] in ("serious", "critical")]


@pytest.mark.parametrize(
    ("name", "script", "windows"),
    [
        (DAY, "", WINDOWS),
        (DAY, OPEN_PANEL, WINDOWS),
        ("index.html", "", WINDOWS),
        ("fake/day.html", "", WINDOWS[:2]),  # other contents in the same colours
        ("fake/index.html", "", WINDOWS[:2]),
        ("fake/card.html", "", WINDOWS),
        ("fake/queue.html", CHOOSE, WINDOWS),
    ],
    ids=["day", "panel", "calendar", "fake day", "fake calendar", "card", "queue"],
)
def test_no_page_has_a_serious_finding(
    window: Any, made: Path, name: str, script: str, windows: list[tuple[int, str, dict[str, Any]]]
) -> None:
    window.get((made / name).as_uri())
    window.execute_script(script)
    window.execute_script(AXE.read_text(encoding="utf-8"))
    for width, scheme, rules in windows:
        resize(window, width, scheme)
        assert serious(window, rules) == [], (width, scheme)
    assert window.execute_script("return !!document.querySelector('dialog[open]')") is (script == OPEN_PANEL)


def test_axe_would_find_something(window: Any, tmp_path: Path) -> None:
    text = "<!DOCTYPE html><html lang=ja><title>x</title><main><h1>x</h1><p style='color: #999'>薄い</p></main></html>"
    (tmp_path / "pale.html").write_text(text, encoding="utf-8")
    window.get((tmp_path / "pale.html").as_uri())
    window.execute_script(AXE.read_text(encoding="utf-8"))
    assert [found[0] for found in serious(window, ALL)] == ["color-contrast"]
