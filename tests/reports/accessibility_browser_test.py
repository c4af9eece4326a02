"""axe-core finds nothing serious on real pages, at a desk and on a phone, by day and by night, the panel open or not.

axe-core is no package of ours: ``.ci/run`` fetches it to ``build/axe``; HIBI_AXE names another place.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fake_day
import pytest
from desk import FAR, Desk, Here

from pipeline import settings
from pipeline.reports import index, page

ROOT = Path(__file__).resolve().parents[2]
AXE = Path(os.environ.get("HIBI_AXE", ROOT / "build" / "axe" / "axe.min.js"))
SAMPLE = ROOT / "data" / "sample"
REAL = ("2024-01-02.jsonl", "2024-01-03.jsonl", "goiken.csv", "bluesky-shiomi.jsonl")  # the 3rd has a broken line
ROWS = 12  # of a table: more of the same costs seconds and finds nothing new
OPEN_PANEL = "document.querySelector('.ranked button.word').click()"
RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run({ resultTypes: ["violations"] }).then(
  ({ violations }) => done(violations.map((v) => [v.id, v.impact, v.nodes.map((node) => node.target.join(" "))])),
  (error) => done([["axe itself", "critical", [String(error)]]]),
);
"""
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not AXE.is_file(), reason=f"no axe-core at {AXE} (.ci/run fetches it)"),
]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports of a real run over some of the sample, and of a day that has everything."""
    desk = Desk(tmp_path_factory.mktemp("sample"), Here())
    for name in REAL:
        shutil.copy(SAMPLE / "inbox" / name, desk.inbox / name)
    own = settings.load(SAMPLE / "hibi.toml")
    desk.settings = own.model_copy(update={"report": own.report.model_copy(update={"rows": ROWS})})
    assert not desk.run(since=FAR.replace(year=2024, month=1, day=2), until=FAR.replace(2024, 1, 3)).failed
    reports = desk.store / "reports"
    fake = reports / "fake"
    fake.mkdir()
    (fake / "day.html").write_text(page.render(fake_day.day(size=20, number=30), "en", rows=ROWS), encoding="utf-8")
    (fake / "index.html").write_text(index.render(fake_day.cards(40), "ja", "日報"), encoding="utf-8")
    return reports


@pytest.fixture(params=[(1280, "light"), (390, "dark"), (1280, "dark"), (390, "light")], ids=str)
def window(request: pytest.FixtureRequest, browser: Any) -> Iterator[Any]:
    width, scheme = request.param
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 400}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    yield browser
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def findings(browser: Any, path: Path, script: str = "") -> list[list[Any]]:
    """What axe finds serious or critical on a page, after a script has run there."""
    browser.get(path.as_uri())
    browser.execute_script(script)
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    return [found for found in browser.execute_async_script(RUN_AXE) if found[1] in ("serious", "critical")]


def test_no_page_has_a_serious_finding(window: Any, made: Path) -> None:
    assert findings(window, made / "2024-01-03" / "index.html") == []
    assert findings(window, made / "2024-01-03" / "index.html", OPEN_PANEL) == []
    assert window.execute_script("return document.querySelector('#panel').open")
    assert findings(window, made / "index.html") == []
    assert findings(window, made / "fake" / "day.html") == []
    assert findings(window, made / "fake" / "index.html") == []


def test_axe_would_find_something(browser: Any, tmp_path: Path) -> None:
    text = "<!DOCTYPE html><html lang=ja><title>x</title><main><h1>x</h1><p style='color: #999'>薄い</p></main></html>"
    (tmp_path / "pale.html").write_text(text, encoding="utf-8")
    assert [found[0] for found in findings(browser, tmp_path / "pale.html")] == ["color-contrast"]
