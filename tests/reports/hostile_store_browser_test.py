"""A whole store of posts that want to do harm, every page of it opened in a browser, every sheet of it read back."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import fake_card
import openpyxl
import pyarrow.parquet as pq
import pytest
from desk import FORMATS, QUICK, Desk, Here

from pipeline.engines import asking
from pipeline.reports import card

DAY = "2024-04-01"
AIMED = (
    "<script>alert(1)</script><img src=x onerror=alert(2)><svg/onload=alert(3)>",
    "</script></style></title><script src=https://evil.example/x.js></script>",
    "\"><iframe src=javascript:alert(4)>'-alert(5)-'{{7*7}}${7*7}]]>",
    "=HYPERLINK(\"https://evil.example\",\"見て\") ＝1+1 +1 －1 @SUM(A1) \t=1 \r\n=2",
    "#＝1+1 #=cmd|' /C calc'!A0 #＠SUM #-2+3",
    "a" * 600 + " " + "ｗ" * 300 + " " + "https://example.jp/" + "x" * 500,
    "🤯" * 200 + "(´；ω；`)" * 30 + "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢" * 20,
    "\u202e逆さの文\u202c \u2066囲む\u2069 \x1b[31m赤\x1b[0m \x9b2J \x00 終わり",
    "連絡先は taro@example.co.jp か 090-1234-5678、@taro_yamada まで",
)  # fmt: skip
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Posts of the shared hostile lines and our own, reported, queued for labelling, and a model's card."""
    task = {"name": "mood", "labels": ["=1+1", "<b>bad</b>", "good"]}
    desk = Desk(tmp_path_factory.mktemp("hostile"), Here(), models=[task], **QUICK)
    lines = [
        {"id": f"../../{n}<b>", "author": f"<i>@{text[:40]}", "created_at": f"{DAY}T0{n}:00:00+09:00", "text": text}
        for n, text in enumerate(AIMED)
    ]
    lines += [line | {"id": f"{line['id']}again"} for line in lines[3:6]]
    lines += [{"id": "broken", "author": "taro_yamada", "created_at": "<script>alert(6)</script>", "text": AIMED[0]}]
    desk.put("<img src=x onerror=alert(7)>.jsonl", *lines)
    (desk.inbox / "hostile.jsonl").write_bytes((FORMATS / "hostile.jsonl").read_bytes())
    desk.run()
    asking.ask(desk.project(), None, None, 30)
    page = desk.store / "models" / "mood" / "cards" / "0001" / "card.html"
    page.parent.mkdir(parents=True)
    page.write_text(card.render(fake_card.hostile(), "ja", "../../../../reports/assets"), encoding="utf-8")
    return desk


def pages(desk: Desk) -> list[Path]:
    return sorted(path for path in desk.store.rglob("*.html") if ".staging" not in path.parts)


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_runs_asks_for_or_overflows_anything(browser: Any, desk: Desk, width: int) -> None:
    from selenium.common.exceptions import NoAlertPresentException
    from selenium.webdriver.common.alert import Alert

    found = pages(desk)
    kinds = {path.relative_to(desk.store).parts[0] for path in found}
    assert kinds == {"reports", "labels", "models"} and len(found) >= 4
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 400}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    for page in found:
        browser.get_log("browser"), browser.get_log("performance")
        browser.get(page.as_uri())
        browser.execute_script(  # open what can be opened: each panel and each fold
            "document.querySelectorAll('details').forEach((fold) => { fold.open = true; });"
            "document.querySelectorAll('.ranked .word').forEach((word) => {"
            " word.click(); document.querySelector('#panel')?.close?.(); });"
        )
        with pytest.raises(NoAlertPresentException):
            _ = Alert(browser).text
        assert [entry["message"] for entry in browser.get_log("browser")] == [], page
        messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
        asked = {m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"}
        assert [url for url in asked if not url.startswith("file:")] == [], page
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, page
        assert browser.execute_script("return document.querySelectorAll('iframe, img[onerror], b b').length") == 0
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def cells(path: Path) -> list[str]:
    """All cells of a sheet of text."""
    rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
    return [cell for row in rows for cell in row]


def test_no_cell_is_a_formula_and_the_words_stand_untouched_beside(desk: Desk) -> None:
    sheets = sorted(desk.store.rglob("*.csv"))
    assert len(sheets) >= 7
    for sheet in sheets:
        assert [c for c in cells(sheet) if c[:1] in {*"=+-@＝＋－＠\t\r\n"} and len(c) > 1] == [], sheet
    for sheet in (desk.store / "tables").rglob("*.csv"):
        words = pq.ParquetFile(sheet.with_suffix(".parquet")).read(["word"])["word"].to_pylist()
        shown = [row["word"] for row in csv.DictReader(io.StringIO(sheet.read_text("utf-8-sig"), newline=""))]
        assert [word.removeprefix("'") for word in shown] == [word.removeprefix("'") for word in words]
    for book in sorted(desk.store.rglob("*.xlsx")):
        sheet_cells = [c for ws in openpyxl.load_workbook(book).worksheets for row in ws.iter_rows() for c in row]
        assert {c.data_type for c in sheet_cells} <= {"s", "n", "inlineStr"}, book
        with zipfile.ZipFile(book) as parts:
            assert all(
                b"<f>" not in parts.read(name) and b"<hyperlink" not in parts.read(name) for name in parts.namelist()
            )


def test_no_output_names_an_account_an_address_or_a_number(desk: Desk) -> None:
    shown = [p for kind in ("reports", "labels") for p in (desk.store / kind).rglob("*") if p.is_file()]
    assert {path.suffix for path in shown} >= {".html", ".json", ".csv", ".xlsx"}
    for path in shown:
        data = path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as parts:
                data = b"".join(parts.read(name) for name in parts.namelist())
        for secret in (b"taro_yamada", b"taro@example", b"090-1234"):
            assert secret not in data, (path, secret)
    text = next(post["text"] for post in desk.posts() if "連絡先" in post["text"])
    assert text == AIMED[-1]  # in the store as it was written


def test_what_stands_in_a_file_is_never_a_part_of_a_path(desk: Desk) -> None:
    """Names of files come from days, stages and hashes; nothing was written beside the store."""
    outside = {path.name for path in desk.store.parent.iterdir()}
    assert outside == {"inbox", "store"}
    for path in desk.store.rglob("*"):
        name = str(path.relative_to(desk.store))
        assert not set(name) & set("<>\"'\\") and ".." not in path.relative_to(desk.store).parts, name


def test_the_salt_is_its_owners_and_in_no_output(desk: Desk) -> None:
    salt = desk.store / ".salt"
    assert salt.stat().st_mode & 0o777 == 0o600
    secret = salt.read_bytes()
    holding = [
        path
        for path in desk.store.rglob("*")
        if path.is_file() and path != salt
        for form in (secret, secret.hex().encode())
        if form in path.read_bytes()
    ]
    assert holding == []
