"""What a run works with: settings, the store's paths, the dictionary, the word lists; checked before work begins."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from pipeline import files
from pipeline.analysis import ranking
from pipeline.errors import StoreDamaged
from pipeline.settings import Settings
from pipeline.store import parquet
from pipeline.store.layout import Layout
from pipeline.store.manifest import read, sha256, verify, whole, write
from pipeline.text import dictionary, lexicon, stopwords, synonyms, variants
from pipeline.text.lexicon import Lexicon


@dataclass(frozen=True)
class Project:
    """One store with its settings, opened for a run."""

    settings: Settings
    layout: Layout
    lexicon: Lexicon
    stop_words: frozenset[str]
    synonyms: dict[str, str]
    """variant -> preferred"""
    lists: str
    """Fingerprint of stop words and synonyms."""
    settings_file: Path | None = None
    """Where the settings were read; None for those that nobody wrote down."""


def open_project(settings: Settings, store: Path, settings_file: Path | None = None) -> Project:
    """Check dictionary, word lists and font; nothing is written to the store.

    Raises SettingsError, DictionaryError or FontError before any work.
    """
    from pipeline.pictures import fonts

    fonts.path()
    fonts.emoji_path()
    layout = Layout(store)
    words = settings.words
    user = _user_words(settings)
    stop = frozenset(word.lower() for word in stopwords.load(words.stop_words, words.shipped))
    named = synonyms.load(words.synonyms, words.shipped)
    opened = _open_lexicon(user, named)
    named |= {word.word: word.preferred for word in user if word.preferred}
    lists = hashlib.sha256(repr((sorted(stop), _columns(named))).encode()).hexdigest()[:16]
    return Project(settings, layout, opened, stop, named, lists, settings_file)


def lexicon_of(settings: Settings) -> Lexicon:
    """Open the dictionary with the words of the settings: the one of a run. Raises SettingsError, DictionaryError."""
    return _open_lexicon(_user_words(settings), synonyms.load(settings.words.synonyms, settings.words.shipped))


def _open_lexicon(user: list[dictionary.UserWord], named: dict[str, str]) -> Lexicon:
    split = variants.split_words(named.keys() - {word.word for word in user}, lexicon.source_folder())
    return open_lexicon(user, split)


def _user_words(settings: Settings) -> list[dictionary.UserWord]:
    shipped = dictionary.read_words(dictionary.SHIPPED) if settings.words.shipped else []
    own = dictionary.read_words(settings.words.dictionary) if settings.words.dictionary else []
    replaced = {word.word for word in own}
    return [*(word for word in shipped if word.word not in replaced), *own]


def save_lists(project: Project) -> None:
    """Write the lists where the queries on the pages find them. Call only while holding the store."""
    root, known = project.layout.root, project.layout.lists
    if _lists_are(root, known, project.lists):
        return
    variants, preferred = (pa.array(column, pa.string()) for column in _columns(project.synonyms))
    for path, table in (
        (ranking.STOP_WORDS, pa.table({"word": pa.array(sorted(project.stop_words), pa.string())})),
        (ranking.SYNONYMS, pa.table({"variant": variants, "preferred": preferred})),
    ):
        parquet.write(root, root / path, table.schema, [table])
    there = {path: sha256(root / path) for path in (ranking.STOP_WORDS, ranking.SYNONYMS)}
    write(root, known, {"version": 1, "fingerprint": project.lists, "files": there})


def _lists_are(root: Path, known: Path, fingerprint: str) -> bool:
    """Tell whether the lists there are those asked for, and are what was written: queries read them unchecked."""
    try:
        told = read(known)
    except StoreDamaged:
        return False
    there = told.get("files", {})
    return told.get("fingerprint") == fingerprint and all(
        whole(root / path, there.get(path, "")) for path in (ranking.STOP_WORDS, ranking.SYNONYMS)
    )


def _columns(synonyms: dict[str, str]) -> tuple[list[str], list[str]]:
    variants = sorted(synonyms)
    return variants, [synonyms[variant] for variant in variants]


def cache_folder() -> Path:
    """Where compiled dictionaries lie: HIBI_CACHE, else hibi in the user's cache folder."""
    named = os.environ.get("HIBI_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hibi"


def open_lexicon(words: Sequence[dictionary.UserWord], split: Sequence[dictionary.UserWord] = ()) -> Lexicon:
    """Open the dictionary with the user's words, compiling it on first use (some seconds, 150 MB).

    ``split`` are the variants of synonyms that would be split without being words.
    """
    source = lexicon.source_folder()
    spelled = repr([[(w.word, w.reading, w.part_of_speech, w.preferred) for w in some] for some in (words, split)])
    fingerprint = _fingerprint(source, spelled.encode())
    folder = cache_folder() / "dictionary" / f"{fingerprint}-{lexicon.FORM}"
    if not (folder / "complete").exists():
        draft = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}")
        try:
            _compile(source, draft, words, split)
            if not (folder / "complete").exists():  # else another run was faster, and may be using it
                shutil.rmtree(folder, ignore_errors=True)
                draft.rename(folder)
        except OSError:
            if not (folder / "complete").exists():
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return Lexicon(folder, fingerprint)


def _compile(
    source: Path, draft: Path, words: Sequence[dictionary.UserWord], split: Sequence[dictionary.UserWord]
) -> None:
    entries = dictionary.entries([*words, *split], source)
    lexicon.compile_lexicon(source, draft, [entry.feature for entry in entries])
    codes = lexicon.user_codes(source, len(entries))
    coded = [replace(entry, feature=code) for entry, code in zip(entries, codes, strict=True)]
    if coded:
        surfaces = Lexicon(draft, "").table["surface"]
        variants.compile_sparing(coded, (word.word for word in split), surfaces, source, draft / "user.dic")
        lexicon.adopt(source, draft / "user.dic")
    (draft / "complete").touch()


def source_fingerprint() -> str:
    """Identify the dictionary that is installed, without the user's words or the form that it is compiled to."""
    return _remembered(lexicon.source_folder(), b"source", lexicon.source_fingerprint)


def _fingerprint(source: Path, words: bytes) -> str:
    """Fingerprint a dictionary with the user's words."""
    about = words + str(lexicon.ANALYSIS).encode()
    return _remembered(source, about, lambda folder: lexicon.fingerprint(folder, words))


def _remembered(source: Path, about: bytes, find: Callable[[Path], str]) -> str:
    """Fingerprint a dictionary; hashing 260 MB takes half a second, so it is remembered by size and time."""
    parts = [(source / name).stat() for name in ("sys.dic", "unk.dic", "char.bin", "matrix.bin")]
    stamp = repr([(part.st_size, part.st_mtime_ns) for part in parts]).encode()
    key = hashlib.sha256(str(source).encode() + stamp + about).hexdigest()[:16]
    known = cache_folder() / "fingerprints" / key
    if known.exists():
        return known.read_text().strip()
    fingerprint = find(source)
    files.write(cache_folder(), known, fingerprint.encode())
    return fingerprint


def salt(layout: Layout) -> bytes:
    """Read the store's secret; made on first use, readable by its owner alone. Raises StoreDamaged.

    Nothing lies before it that it could be made of anew, and another secret would make another author of everybody.
    """
    if not layout.salt.exists() and not layout.salt_check.exists():
        files.write_private(layout.root, layout.salt, secrets.token_bytes(32))
    known = read(layout.salt_check).get("sha256")
    if known is None:  # also of a store from before it was kept
        write(layout.root, layout.salt_check, {"version": 1, "sha256": sha256(layout.salt)})
    else:
        verify(layout.salt, known)
    return layout.salt.read_bytes()
