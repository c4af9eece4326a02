"""Dictionary and font: missing, damaged, another than the store's; said before any work, and counts are never mixed."""

import datetime as dt
import json
import sys
from dataclasses import replace

import pytest
from desk import QUICK, Desk, Here, Workers

from pipeline import cli, logs
from pipeline.engines import dictionaries, forgetting, forgotten, pool, project, retokenising
from pipeline.engines.forgotten import Plan
from pipeline.errors import DictionaryError
from pipeline.pictures import fonts
from pipeline.store.layout import Layout
from pipeline.text.lexicon import Lexicon

DAYS = [dt.date(2024, 1, n) for n in (1, 2, 3)]
FIRST, _, LAST = DAYS
KEPT = ("posts", "tokens", "counts", "tables", "reports", "manifests/days", "collected")


@pytest.fixture(autouse=True)
def _as_before():
    fonts.path.cache_clear()
    fonts.emoji_path.cache_clear()
    yield
    logs.end()


@pytest.fixture
def hibi(monkeypatch, capsys, tmp_path):
    """Run the command over one post: (exit code, standard error)."""
    (tmp_path / "inbox").mkdir()
    post = {"id": "1", "author": "a", "created_at": "2024-01-01T01:00:00+09:00", "text": "静かな朝"}
    (tmp_path / "inbox" / "a.jsonl").write_text(json.dumps(post) + "\n")
    monkeypatch.setattr(pool, "Pool", Workers)
    monkeypatch.chdir(tmp_path)

    def call():
        monkeypatch.setattr(sys, "argv", ["hibi", "run", "--inbox", "inbox", "--store", "store"])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code, capsys.readouterr().err

    return call


def nothing_was_done(folder):
    """No post was read, no table begun: of the store there is at most a note of the run that failed."""
    there = (
        {path.name for path in (folder / "store").rglob("*") if path.is_file()}
        if (folder / "store").exists()
        else set()
    )
    assert there <= {"runs.json", ".lock"}


@pytest.mark.parametrize("absent", ["sys.dic", "matrix.bin", "dicrc"])
def test_a_dictionary_that_lacks_a_file_is_named_before_work_begins(hibi, monkeypatch, tmp_path, absent):
    import unidic_lite

    folder = tmp_path / "dicdir"
    folder.mkdir()
    for name in {"sys.dic", "matrix.bin", "char.bin", "unk.dic", "dicrc"} - {absent}:
        (folder / name).write_bytes(b"x")
    monkeypatch.setattr(unidic_lite, "DICDIR", str(folder))
    code, said = hibi()
    assert code == 1 and f"{folder}: {absent} missing; reinstall the package unidic-lite" in said
    nothing_was_done(tmp_path)


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ("unidic_lite", "the package unidic-lite is missing"),
        ("pylopdf_fonts_jp", "the font package pylopdf-fonts-jp is missing"),
        ("manimgx_fonts", "the font package manimgx-fonts is missing"),
    ],
)
def test_a_package_that_is_missing_is_named_before_work_begins(hibi, monkeypatch, tmp_path, package, said):
    monkeypatch.setitem(sys.modules, package, None)
    code, told = hibi()
    assert code == 1 and said in told and "Traceback" not in told
    nothing_was_done(tmp_path)


def test_a_damaged_dictionary_is_named_before_work_begins(hibi, monkeypatch, tmp_path):
    import unidic_lite

    folder = tmp_path / "dicdir"
    folder.mkdir()
    for name in ("sys.dic", "matrix.bin", "char.bin", "unk.dic", "dicrc"):
        (folder / name).write_bytes(b"\0" * 200)
    monkeypatch.setattr(unidic_lite, "DICDIR", str(folder))
    monkeypatch.setenv("HIBI_CACHE", str(tmp_path / "cache"))
    code, said = hibi()
    assert code == 1 and "reinstall the package unidic-lite" in said and "Traceback" not in said
    nothing_was_done(tmp_path)


def test_a_font_that_is_damaged_is_named_before_work_begins(hibi, monkeypatch, tmp_path):
    import pylopdf_fonts_jp

    font = tmp_path / "font.otf"
    font.write_bytes(b"no font")
    monkeypatch.setattr(pylopdf_fonts_jp, "sans_path", lambda: font)
    code, said = hibi()
    assert code == 1 and "pylopdf-fonts-jp" in said and str(font) in said
    nothing_was_done(tmp_path)


# Another dictionary than the store's.


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path, Here(), **QUICK)
    for day in DAYS:
        made.put(f"{day}.jsonl", (f"{day}", f"{day}T01:00:00", "静かな朝の雨"))
    made.run(through="count")
    return made


def with_words(desk, fingerprint):
    """The desk as it is with other words in the dictionary: what they split the same way is the same to this test."""
    opened = project.open_project(desk.settings, desk.store)
    desk.project = lambda: replace(opened, lexicon=Lexicon(opened.lexicon.folder, fingerprint))


def made_by(desk):
    entries = (json.loads((desk.store / "manifests" / "days" / f"{day}.json").read_bytes()) for day in DAYS)
    return {entry["stages"]["tokenise"]["inputs"]["dictionary"] for entry in entries}


def test_another_dictionary_is_refused_until_all_days_are_analysed_anew(desk, monkeypatch):
    before = desk.bytes(*KEPT)
    monkeypatch.setattr(dictionaries, "source_fingerprint", lambda: "of-2031")
    with_words(desk, "of-2031")
    desk.put("new.jsonl", ("new", f"{LAST}T02:00:00", "新しい"))
    for wanted in ({}, {"since": FIRST, "until": FIRST}):
        with pytest.raises(
            DictionaryError, match=r"made with another dictionary \(\w+\) .* \(of-2031\).*hibi retokenise"
        ):
            desk.run(through="count", **wanted)
        assert desk.bytes(*KEPT) == before
    outcome = retokenising.retokenise(desk.project(), desk.pool, desk.watcher, dt.datetime(2024, 2, 1, tzinfo=dt.UTC))
    assert not outcome.failed and [result.day for result in outcome.days] == DAYS
    assert made_by(desk) == {"of-2031"}
    assert "jsonl:new" in {post["post_id"] for post in desk.posts()}  # the inbox of the last run was looked at
    assert desk.run(through="count").days == []  # and from here on nothing is refused


def test_the_former_dictionary_put_back_goes_on_as_before(desk, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(DictionaryError):
        patch.setattr(dictionaries, "source_fingerprint", lambda: "of-2031")
        desk.run(through="count")
    assert desk.run(through="count").days == []


def test_other_words_are_taken_by_a_run_over_all_days_and_refused_by_one_that_leaves_some(desk):
    with_words(desk, "my-words")
    before = desk.bytes(*KEPT)
    with pytest.raises(
        DictionaryError, match=r"2 days outside the span, such as 2024-01-03, .*other words.*retokenise"
    ):
        desk.run(through="count", since=FIRST, until=FIRST)
    assert desk.bytes(*KEPT) == before
    assert not desk.run(through="count").failed and made_by(desk) == {"my-words"}
    assert desk.run(through="count", since=FIRST, until=FIRST).days == []


def test_a_day_that_is_not_over_may_wait_for_its_turn(desk):
    with_words(desk, "my-words")
    second = DAYS[1]  # the third is today, and was looked at with --date today
    assert not desk.run(through="count", until=second, closed=second).failed
    assert len(made_by(desk)) == 2
    assert not desk.run(through="count", until=LAST, closed=LAST).failed and made_by(desk) == {"my-words"}


def test_an_interrupted_change_is_gone_on_with_by_the_next_run(desk, monkeypatch):
    monkeypatch.setattr(dictionaries, "source_fingerprint", lambda: "of-2031")
    with_words(desk, "of-2031")
    dictionaries.agree(desk.project(), lambda day: False, anew=True)  # and then the power went
    with pytest.raises(DictionaryError, match="days outside the span"):
        desk.run(through="count", since=FIRST, until=FIRST)
    assert not desk.run(through="count").failed and made_by(desk) == {"of-2031"}


def test_forgetting_makes_no_day_anew_with_another_dictionary(desk, monkeypatch):
    layout, before = Layout(desk.store), desk.bytes(*KEPT)
    with monkeypatch.context() as patch, pytest.raises(DictionaryError, match="made with another dictionary"):
        patch.setattr(dictionaries, "source_fingerprint", lambda: "of-2031")
        forget(desk)
    assert not layout.forgetting.exists() and desk.bytes(*KEPT) == before
    forgotten.keep(layout, Plan(through={str(FIRST): "count"}))  # killed, and then two days came with the old words
    with_words(desk, "my-words")
    with pytest.raises(DictionaryError, match="2 days outside the span"):
        forget(desk)
    assert desk.bytes(*KEPT) == before


def forget(desk):
    asked = forgetting.Asked(posts=[(1, f"jsonl:{FIRST}")])
    return forgetting.forget(desk.project(), asked, desk.pool, desk.watcher)


def test_a_store_says_which_dictionary_made_it(desk):
    told = json.loads((desk.store / "manifests" / "dictionary.json").read_bytes())
    assert told["source"] == project.source_fingerprint() and len(told["source"]) == 16
    assert Layout(desk.store).days() == DAYS
