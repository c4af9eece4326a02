"""What a run works with, seen in what it makes."""

from desk import QUICK

from pipeline.engines import project
from pipeline.text import lexicon

DAY = "2024-01-01"


def nouns(desk):
    table = desk.report(DAY)["tables"]["nouns_adjectives"]
    rows = (dict(zip(table["columns"], row, strict=True)) for row in table["rows"])
    return {row["word"]: (row["count"], row["posts"]) for row in rows}


def test_a_synonym_that_mecab_would_split_counts_as_the_preferred_word(new_desk, tmp_path):
    (tmp_path / "synonyms.csv").write_text("カツ丼屋,定食屋\nおやつ時間,おやつ\n", encoding="utf-8")
    for name, words in (("shipped", {}), ("own", {"synonyms": tmp_path / "synonyms.csv"})):
        desk = new_desk(name, words=words, **QUICK)
        desk.put(
            "a.jsonl",
            ("1", f"{DAY}T01:00:00", "拉麺を食べた"),
            ("2", f"{DAY}T02:00:00", "ラーメンと拉麺とらーめん"),
            ("3", f"{DAY}T03:00:00", "携帯電話は携帯だ"),
            ("4", f"{DAY}T04:00:00", "カツ丼屋でおやつ時間"),
        )
        desk.run()
        found = nouns(desk)
        assert (found["ラーメン"], found["携帯"]) == ((4, 2), (2, 1))
        assert not {"拉麺", "麺", "携帯電話", "電話"} & found.keys()
        assert ("定食屋" in found) == (name == "own")
        assert ("カツ丼" in found) == (name == "shipped")


def test_a_dictionary_that_another_run_compiled_meanwhile_is_left_as_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("HIBI_CACHE", str(tmp_path))

    def compiled(_source, draft, *_words):
        folder = draft.with_name(draft.name.partition(".")[0])
        for made in (folder, draft):  # the other was faster
            made.mkdir(parents=True)
            (made / "complete").touch()
        (folder / "in use").touch()

    monkeypatch.setattr(project, "_compile", compiled)
    opened = project.open_lexicon([])
    assert (opened.folder / "in use").exists()
    assert list(opened.folder.parent.iterdir()) == [opened.folder]


def test_another_compiled_form_is_compiled_anew_and_is_the_same_dictionary(monkeypatch, tmp_path):
    monkeypatch.setenv("HIBI_CACHE", str(tmp_path))

    def compiled(_source, draft, *_words):
        draft.mkdir(parents=True)
        (draft / "complete").touch()

    monkeypatch.setattr(project, "_compile", compiled)
    before = project.open_lexicon([])
    monkeypatch.setattr(lexicon, "FORM", lexicon.FORM + 1)
    after = project.open_lexicon([])
    assert after.fingerprint == before.fingerprint
    assert after.folder != before.folder
    assert after.folder.is_dir()
