"""A bit flipped in a stored file: named, made anew from what lies before it, and never a wrong number."""

import datetime as dt
import os
import shutil

import pytest
from damaging import ONE, TWO

from pipeline import sealed
from pipeline.engines import explore, integrity, labelling
from pipeline.engines.health import BROKEN
from pipeline.errors import StoreDamaged
from pipeline.models.labels import Answer, merge
from pipeline.store.layout import Layout
from pipeline.tables import LABELS

OUTPUTS = {
    "posts": f"posts/date={TWO}/*",
    "tokens": f"tokens/date={TWO}/*",
    "counts": f"counts/date={TWO}/*",
    "word_authors": f"word_authors/date={TWO}/*",
    "summary": f"summary/date={TWO}/*",
    "tables": f"tables/{TWO}/adjectives.parquet",
    "csv": f"tables/{TWO}/adjectives.csv",
    "png": f"pictures/{TWO}/nouns.png",
    "svg": f"pictures/{TWO}/nouns.svg",
    "page": f"reports/{TWO}/index.html",
    "picture of the page": f"reports/{TWO}/nouns.png",
    "workbook": f"reports/{TWO}/report.xlsx",
    "report.json": f"reports/{TWO}/report.json",
}
SHARED = {
    "calendar": "reports/index.html",
    "font": "reports/assets/NotoEmoji.woff2",
    "stop words": "words/stop_words.parquet",
    "synonyms": "words/synonyms.parquet",
}
TAKEN_IN = {
    "collected": f"collected/date={TWO}/*",
    "quarantine": f"quarantine/date={ONE}/*",
    "exclusions": f"exclusions/date={ONE}*",
    "notices": "removals/*",
}
MANIFESTS = {
    "day": f"manifests/days/{TWO}.json",
    "file": "manifests/files/*.json",
    "inbox": "manifests/inbox.json",
    "shared": "manifests/shared.json",
    "lists": "words/lists.json",
    "run": "manifests/run.json",
}
EVERYTHING = OUTPUTS | SHARED | TAKEN_IN | MANIFESTS
TOGETHER = (tuple(OUTPUTS), tuple(SHARED), tuple(TAKEN_IN), ("day",), ("file",), ("inbox", "shared", "lists", "run"))
"""What is damaged at once: nothing that is made of another there."""


def doctor(desk):
    return integrity.check(desk.settings, Layout(desk.store))


def names(desk):
    return sorted(damage.path.relative_to(desk.store).as_posix() for damage in integrity.damaged(Layout(desk.store)))


def flip(desk, kinds, patterns=EVERYTHING):
    return sorted(desk.flip(patterns[kind]).relative_to(desk.store).as_posix() for kind in kinds)


@pytest.mark.parametrize("kinds", TOGETHER, ids=" ".join)
def test_a_flipped_bit_is_named_and_made_good(broken, sound, kinds):
    paths = flip(broken, kinds)
    assert set(paths) <= set(names(broken))
    if "shared" not in kinds and "lists" not in kinds:  # which tell what other files must be
        assert names(broken) == paths
    found = doctor(broken)
    assert found.state == BROKEN and any(path in found.do for path in paths) and "run" in found.do
    assert not broken.run(verify=True).failed
    assert names(broken) == []
    assert broken.tree() == sound.later


NIGHT = EVERYTHING | {"collected": f"collected/date={ONE}/*"}  # the day that a late post is for
READ = (
    ("posts", "tokens", "counts"), ("collected", "exclusions"), ("day",), ("file", "inbox"),
    ("lists", "stop words", "calendar"),
)  # fmt: skip


@pytest.mark.parametrize("kinds", READ, ids=" ".join)
def test_a_night_makes_good_what_it_reads(broken, sound, kinds):
    paths = flip(broken, kinds, NIGHT)
    assert not broken.run().failed
    assert broken.tree() == sound.later
    if "lists" not in kinds:  # those are written each night anyway
        assert all(any(path in one for one in broken.named()) for path in paths), broken.logs


def test_a_night_leaves_alone_what_it_does_not_read(broken, sound):
    """A year of days is not read every night: for that there is --verify, and the doctor."""
    broken.run()
    path = broken.flip(f"tables/{TWO}/*.csv").relative_to(broken.store).as_posix()
    assert broken.run().days == []
    assert broken.tree(path) == {name: data for name, data in sound.later.items() if name != path}
    assert names(broken) == [path]


ASKED = {
    "words": (("tokens", "posts", "counts"), lambda *span: explore.words(*span, [], 5)),
    "kwic": (("tokens", "posts"), lambda *span: explore.kwic(*span, "朝", 5)),
    "trend": (("counts",), lambda *span: explore.trend(*span, ["朝"])),
}


@pytest.mark.parametrize(("name", "table"), [(name, table) for name, (read, _) in ASKED.items() for table in read])
def test_a_damaged_file_is_never_asked(broken, name, table):
    broken.flip(f"{table}/date={TWO}/*")
    _, ask = ASKED[name]
    with pytest.raises(StoreDamaged, match=rf"{table}/date={TWO}.*hibi doctor"):
        ask(Layout(broken.store), None, None)
    assert ask(Layout(broken.store), None, dt.date.fromisoformat(ONE))


# Where nothing lies before it


def test_what_a_file_gave_cannot_be_made_anew_without_the_file(broken, sound, tmp_path):
    inbox = tmp_path / "other"
    shutil.copytree(sound.inbox, inbox)
    (inbox / "b.jsonl").unlink()  # it gave posts of the second day
    broken.inbox = inbox
    late = '{"id": "9", "author": "z", "created_at": "2024-01-02T03:00:00+09:00", "text": "遅れ"}\n'
    (inbox / "late.jsonl").write_text(late)
    before = broken.report(TWO)
    path = broken.flip(f"collected/date={TWO}/*")
    [failed] = [one for one in broken.run().days if one.error]
    assert str(failed.day) == TWO and str(path) in failed.error and "hibi doctor" in failed.error
    assert broken.report(TWO) == before  # the last good report stays
    found = doctor(broken)
    assert path.name in found.do and "put it back" in found.do
    shutil.copy(sound.inbox / "b.jsonl", inbox)
    os.utime(inbox / "b.jsonl", (10**9 + 9, 10**9 + 9))
    assert not broken.run().failed
    assert names(broken) == []


def gone(desk, pattern):
    path = desk.path(pattern)
    shutil.rmtree(path) if path.is_dir() else path.unlink()


# a night looks at the days that it merges, and at days that are lost; the rest is for --verify
@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [(f"collected/date={ONE}/*", {}), (f"collected/date={TWO}", {}), ("removals/*", {"verify": True})],
)
def test_what_a_file_gave_is_missed_when_it_is_gone_as_when_it_is_damaged(broken, sound, pattern, wanted):
    gone(broken, pattern)
    assert not broken.run(**wanted).failed
    assert broken.tree() == sound.later
    assert any(pattern.partition("/*")[0] in name for name in broken.named())


def test_a_day_of_which_a_piece_is_gone_for_good_fails_and_is_never_counted_without_it(broken, sound, tmp_path):
    inbox = tmp_path / "other"
    shutil.copytree(sound.inbox, inbox)
    (inbox / "a.jsonl").unlink()
    broken.inbox, before = inbox, broken.report(ONE)
    path = broken.path(f"collected/date={ONE}/*")
    path.unlink()
    [failed] = [one for one in broken.run().days if one.error]
    assert str(failed.day) == ONE and str(path) in failed.error and "hibi doctor" in failed.error
    assert broken.report(ONE) == before


def test_damaged_labels_are_named_and_never_taken(broken):
    layout = Layout(broken.store)
    when = dt.datetime(2024, 1, 3, tzinfo=dt.UTC)
    answers = [Answer(f"jsonl:{n}", "mood", "positive", "a", when, "gold", "labels.csv", n) for n in range(3)]
    labelling.save(layout, "mood", merge(LABELS.empty_table(), answers))
    whole = labelling.load(layout, "mood")
    path = broken.store / "labels" / "mood.parquet"
    data = path.read_bytes()
    for at in range(0, len(data), 3):
        path.write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
        try:
            assert labelling.load(layout, "mood").equals(whole), at
        except StoreDamaged as error:
            assert str(path) in str(error)
    path.write_bytes(data[: len(data) // 2])
    assert "import the files of answers again" in doctor(broken).do


def test_a_damaged_secret_stops_the_run(broken):
    broken.flip(".salt")
    with pytest.raises(StoreDamaged, match=r"\.salt: damaged"):
        broken.run()
    assert names(broken) == [".salt"]
    assert "backup" in doctor(broken).do


def test_every_flipped_bit_of_a_manifest_is_noticed(broken):
    data = broken.path("manifests/files/*").read_bytes()
    for at in range(len(data)):
        for bit in range(8):
            with pytest.raises(ValueError):
                sealed.loads(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
