"""Every line of tests/formats/expected.jsonl, from file to stored post; and all files at once."""

import datetime as dt
import gzip
import json
import shutil
from collections import Counter, defaultdict
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from desk import FORMATS, QUICK, Desk, Here

TOKYO = ZoneInfo("Asia/Tokyo")
SETTINGS = QUICK | {"privacy": {"authors": "plain"}, "ingest": {"sources": [{"match": "sheet*", "serial_dates": True}]}}
BESIDE = {"x_archive_tweets.js": ("x_archive_account.js", "x_archive_note_tweet.js")}
ALIKE = ("text", "lang", "is_repost", "reply_to", "quote_of", "urls", "hashtags", "source")
UNKNOWN = {"ID:???"}


def told():
    lines = defaultdict(list)
    for line in (FORMATS / "expected.jsonl").read_text("utf-8").split("\n"):
        if line:
            lines[json.loads(line)["file"]].append(json.loads(line))
    return dict(lines)


TOLD = told()
FILES = sorted(TOLD)


def with_crlf(name, data):
    """End lines as Windows does; line ends inside the quotes of a sheet are text and stay."""
    code = "utf-16" if "utf16" in name else "cp932" if "cp932" in name else "eucjp" if "eucjp" in name else "utf-8"
    if not name.endswith((".csv", ".tsv")):
        return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    found, quoted = [], False
    for sign in data.decode(code):
        quoted ^= sign == '"'
        found.append("\r\n" if sign == "\n" and not quoted and found[-1] != "\r" else sign)
    return "".join(found).encode(code)


def put(desk, name, packed):
    data = (FORMATS / name).read_bytes()
    if packed:
        (desk.inbox / f"{name}.gz").write_bytes(gzip.compress(with_crlf(name, data)))
    else:
        (desk.inbox / name).write_bytes(data)
    for other in BESIDE.get(name, ()):
        shutil.copyfile(FORMATS / other, desk.inbox / other)


def counted(desk):
    """What became of the rows, over all days and those without one."""
    found = Counter()
    for path in (desk.store / "manifests" / "days").glob("*.json"):
        for file in json.loads(path.read_bytes())["stages"]["merge"]["facts"]["files"]:
            assert file["read"] == file["kept"] + file["repeated"] + file["quarantined"] + sum(file["skipped"].values())
            found.update({key: file[key] for key in ("read", "kept", "repeated", "quarantined")})
            found.update(file["skipped"])
    return found


def day_of(moment):
    return str(moment.astimezone(TOKYO).date())


def check(posts, line):
    """One stored post is as told."""
    [post] = [p for p in posts if p["post_id"].split(":", 1)[1].endswith(line["id"])]
    moment = dt.datetime.fromisoformat(line["created_at"])
    assert post["created_at"] == moment
    assert post["day"] == day_of(moment)
    assert post["author"] == (None if line["author"] in UNKNOWN else line["author"])
    assert {key: post[key] for key in ALIKE} == {key: line[key] for key in ALIKE}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "crlf.gz"])
@pytest.mark.parametrize("name", [name for name in FILES if name != "hostile.jsonl"])
def test_each_post_is_stored_as_told(tmp_path, name, packed):
    desk = Desk(tmp_path, Here(), **SETTINGS)
    put(desk, name, packed)
    assert not desk.merge().failed
    posts, counts = desk.posts(), counted(desk)
    expected = Counter(line["expect"] for line in TOLD[name])
    for line in TOLD[name]:
        if line["expect"] == "row":
            check(posts, line)
        else:
            assert not any(p["post_id"].endswith(line["id"]) for p in posts), line["id"]
    assert counts["quarantined"] == expected["quarantine"] + expected["no_time"]
    for rule in ("deleted", "private", "tombstone"):
        assert counts[rule] == expected[rule], rule
    assert counts["kept"] == len(posts)
    # twarc2_pages and the sheets are told in full, as are all others
    assert len(posts) == expected["row"]
    rejected = [json.loads(line) for path in (desk.store / "quarantine").rglob("*.jsonl") for line in path.open()]
    assert len(rejected) == counts["quarantined"]
    assert all(row["reason"] and row["raw"] and row["line"] > 0 and row["file"].startswith(name) for row in rejected)


# All files at once.


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("formats"), Here(), **SETTINGS)
    for name in FILES:
        put(desk, name, packed=False)
    desk.outcome = desk.run()
    return desk


def test_all_files_in_one_inbox_are_a_success(whole):
    assert not whole.outcome.failed
    assert [t.path.name for t in whole.outcome.taken if t.foreign] == [
        "x_archive_account.js",
        "x_archive_note_tweet.js",
    ]
    for day in whole.outcome.days:
        assert (whole.store / "reports" / str(day.day) / "index.html").stat().st_size > 0


def test_every_post_told_is_there_once(whole):
    days = {post["post_id"]: post["day"] for post in whole.posts()}
    assert len(days) == len(whole.posts()) == counted(whole)["kept"]
    rows = [line for lines in TOLD.values() for line in lines if line["expect"] == "row"]
    for line in rows:
        sheet = line["source"] == "csv"
        stored = [day for key, day in days.items() if key.endswith(f"sheet:{line['id']}" if sheet else line["id"])]
        assert stored == [day_of(dt.datetime.fromisoformat(line["created_at"]))], line["id"]
    # as many as there are different ids, and the 18 lines of hostile.jsonl that can be used
    assert len(days) == len({(line["source"] == "csv", line["id"]) for line in rows}) + 18


def test_every_row_is_accounted_for_on_the_reports(whole):
    told_there = Counter()
    for day in whole.outcome.days:
        report = whole.report(str(day.day))
        for file in report["files"]:
            assert file["read"] == file["kept"] + file["repeated"] + file["quarantined"] + sum(file["skipped"].values())
            told_there.update({key: file[key] for key in ("kept", "repeated", "quarantined")} | file["skipped"])
        assert report["totals"]["posts"] == sum(file["kept"] for file in report["files"])
    assert told_there["kept"] == len(whole.posts())
    expected = Counter(line["expect"] for lines in TOLD.values() for line in lines)
    # hostile.jsonl has three broken lines
    assert told_there["quarantined"] == expected["quarantine"] + expected["no_time"] + 3
    assert [told_there[rule] for rule in ("private", "tombstone")] == [
        expected[rule] for rule in ("private", "tombstone")
    ]


class Elements(HTMLParser):
    """Collects what a page has of elements, attributes and text of scripts."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.scripts = Counter(), [], []
        self.open = None

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.open = tag if tag == "script" else None
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.open == "script":
            self.scripts[-1] += data

    def handle_endtag(self, tag):
        self.open = None


def elements(path):
    found = Elements()
    found.feed(path.read_text("utf-8"))
    found.close()
    return found


def test_no_post_becomes_part_of_the_page(whole):
    reports = whole.store / "reports"
    hostile = elements(reports / "2024-04-01" / "index.html")
    assert [p["post_id"] for p in whole.posts() if p["text"].startswith("<script>")] == ["jsonl:x1"]
    other = elements(reports / "2024-01-15" / "index.html")
    assert hostile.tags["script"] == other.tags["script"]
    assert not any(script.lstrip().startswith("alert") for script in hostile.scripts)
    for tag, name, value in hostile.attributes:
        assert not name.startswith("on"), (tag, name)
        assert not value.strip().lower().startswith("javascript:"), (tag, name)
        assert (tag, name, value) != ("img", "src", "x")
    text = (reports / "2024-04-01" / "index.html").read_text("utf-8")
    assert "<script>alert" not in text and "<img src=x" not in text
    assert "alert(1)" in text  # it is shown all the same


def test_no_formula_and_no_control_character_reaches_the_tables(whole):
    for path in (whole.store / "tables").rglob("*.csv"):
        text = path.read_bytes().decode("utf-8-sig")
        cells = [cell.strip('"') for line in text.split("\r\n") for cell in line.split(",")]
        assert not any(cell.startswith(("=", "+", "@", "＝", "\t")) for cell in cells), path
        assert not any(ord(c) < 32 and c not in "\r\n" for c in text), path


def test_a_second_run_over_all_files_does_nothing(whole):
    again = whole.run()
    assert (again.taken, again.days, again.failed) == ([], [], False)
