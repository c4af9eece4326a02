"""What the doctor sees of the machine: Python, packages, GPU, dictionary, fonts, and the paths that settings name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from pipeline.engines import last_run, presenting, project
from pipeline.engines import learning as engine
from pipeline.engines.health import BROKEN, WARNING, Finding
from pipeline.errors import DictionaryError, SettingsError, StoreError
from pipeline.settings import Settings
from pipeline.store.layout import Day, Layout
from pipeline.store.manifest import DayManifest, read

_SENTENCE, _WORDS = "東京の空は青い。", ["東京", "の", "空", "は", "青い", "。"]


def python(_settings: Settings, _layout: Layout) -> Finding:
    """Tell the version; a wrong one could not have come this far but through a copied environment."""
    told = f"{sys.version.split()[0]} at {sys.executable}"
    wanted = _about("Requires-Python")
    from packaging.specifiers import SpecifierSet

    if wanted and not SpecifierSet(wanted[0]).contains(sys.version.split()[0], prereleases=True):
        return Finding(f"{told}; hibi wants {wanted[0]}", BROKEN, "make the environment again: make clean run")
    return Finding(told)


def _about(key: str) -> list[str]:
    try:
        return metadata.metadata("hibi").get_all(key) or []
    except metadata.PackageNotFoundError:
        return []


def packages(_settings: Settings, _layout: Layout) -> Finding:
    """Compare what is installed with what hibi asks for."""
    wrong = list(_wrong(""))
    told = ", ".join(f"{name} {number}" for name, number in presenting.versions().items())
    if not _about("Name"):
        return Finding(f"{told}; hibi itself is not installed, so that nothing says what it needs", WARNING)
    if wrong:
        return Finding("; ".join(wrong), BROKEN, "install what requirements.lock names: make run")
    return Finding(told)


def _wrong(extra: str) -> Iterator[str]:
    from packaging.requirements import Requirement

    for line in _about("Requires-Dist"):
        wanted = Requirement(line)
        plain = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
        if plain if not extra else (wanted.marker and wanted.marker.evaluate({"extra": extra}) and not plain):
            try:
                found = metadata.version(wanted.name)
            except metadata.PackageNotFoundError:
                yield f"{wanted.name} is missing"
                continue
            if not wanted.specifier.contains(found, prereleases=True):
                yield f"{wanted.name} is {found}, not {wanted.specifier}"


def learning(settings: Settings, _layout: Layout) -> Finding:
    """Compare the packages for learning, which counting does without, with what hibi asks for."""
    if not _can_learn():
        if settings.models:
            names = ", ".join(task.name for task in settings.models)
            do = "in hibi's folder: pip install -e '.[cpu]', or '.[gpu]' where there is an NVIDIA GPU"
            return Finding(f"not installed, and the settings ask for models: {names}", BROKEN, do)
        return Finding("not installed, and not needed without [[models]]")
    found = {name: _version(name) for name in ("keras", "tensorflow", "tensorflow-cpu", "scikit-learn", "safetensors")}
    extra = "gpu" if found["tensorflow"] and not found["tensorflow-cpu"] else "cpu"
    if wrong := [one for one in _wrong(extra) if not one.endswith("missing")]:
        return Finding("; ".join(wrong), WARNING, f"in hibi's folder: pip install -e '.[{extra}]'")
    return Finding(", ".join(f"{name} {number}" for name, number in found.items() if number))


def _can_learn() -> bool:
    return all(find_spec(name) for name in ("keras", "sklearn", "safetensors"))


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


_ASK = "import json; from pipeline.models import backend; print(json.dumps(backend.devices()))"
_WAIT = 180
"""Seconds that a learning library may take to load."""


def gpu(_settings: Settings, _layout: Layout) -> Finding:
    """Ask Keras's backend which devices it sees, in a process of its own; none but the CPU is fine."""
    if not _can_learn():
        return Finding("not asked: nothing that learns is installed")
    try:
        asked = subprocess.run(
            [sys.executable, "-c", _ASK],
            capture_output=True,
            text=True,
            timeout=_WAIT,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        backend, *devices = json.loads(asked.stdout.splitlines()[-1])
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no message"])[-1]
        return Finding(
            f"the learning library does not load: {last}", BROKEN, "in hibi's folder: pip install -e '.[cpu]'"
        )
    except (subprocess.TimeoutExpired, ValueError, IndexError):
        return Finding(f"the learning library did not answer in {_WAIT} s", WARNING, "run hibi doctor again")
    if devices:
        return Finding(f"{backend} sees {', '.join(devices)}")
    if _has_gpu():
        do = "in hibi's folder: pip install -e '.[gpu]'; or see to the driver (nvidia-smi) and CUDA_VISIBLE_DEVICES"
        return Finding(f"this machine has an NVIDIA GPU, but {backend} sees none: models run on the CPU", WARNING, do)
    return Finding(f"none; {backend} computes on the CPU")


def _has_gpu() -> bool:
    return Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidia0").exists()


def dictionary(settings: Settings, layout: Layout) -> Finding:
    """Open the dictionary, split a sentence, and compare it with the one that the store's days were split with."""
    from pipeline.text.tokenise import analyse

    lexicon = project.lexicon_of(settings)
    found = analyse([_SENTENCE], 0, str(lexicon.folder), lexicon.fingerprint, 100).tokens["surface"].to_pylist()
    if found != _WORDS:
        raise DictionaryError(f"MeCab splits {_SENTENCE} into {found}; install unidic-lite anew")
    told = f"{lexicon.fingerprint}, {lexicon.table.num_rows:,} entries"
    made, now = _source_of(layout), project.source_fingerprint()
    if made not in (None, now):
        do = "install the former version of unidic-lite again, or run `hibi retokenise`"
        return Finding(f"{told}; the store was made with another dictionary, {made}, not {now}", BROKEN, do)
    other = {one for day in layout.days() if (one := _made_with(layout, day))} - {lexicon.fingerprint}
    if other:
        do = "`hibi retokenise` splits them anew, or put the words back"
        return Finding(f"{told}; days were split with other words ({', '.join(sorted(other))})", WARNING, do)
    return Finding(told)


def _source_of(layout: Layout) -> str | None:
    try:
        return read(layout.dictionary).get("source")
    except StoreError:  # the check of the store tells
        return None


def _made_with(layout: Layout, day: Day) -> str | None:
    try:
        entry = DayManifest(layout, day).stages.get("tokenise")
    except StoreError:  # the check of the store tells
        return None
    return entry.inputs.get("dictionary") if entry else None


def font(_settings: Settings, _layout: Layout) -> Finding:
    """Verify the font of clouds and pages, and that the one for emoji is there."""
    from pipeline.pictures import fonts

    return Finding(f"{fonts.path().name}, {fonts.emoji_path().name}")


def paths(settings: Settings, layout: Layout) -> Finding:
    """Look at every path that the settings name."""
    told = last_run.recall(layout) or {"inbox": [], "settings": None}
    inboxes = settings.inbox or tuple(Path(one) for one in told["inbox"])
    wrong = [problem for inbox in inboxes for problem in _unreadable(inbox)]
    for task in settings.models:
        if task.gold and not task.gold.is_file():
            wrong.append(f"models {task.name}, gold: {task.gold} is not there")
        try:
            engine.recipe_of(task)
        except SettingsError as error:
            wrong.append(f"models {task.name}, recipe: {error}")
    textfile = settings.monitoring.textfile
    if textfile and not os.access(textfile.parent, os.W_OK | os.X_OK):
        wrong.append(f"monitoring.textfile: {textfile.parent} is not there, or cannot be written")
    if wrong:
        return Finding("; ".join(wrong), BROKEN, "correct hibi.toml, or mount and open what it names")
    if not inboxes:
        return Finding("no inbox is known", WARNING, "name one in hibi.toml, or give --inbox to `hibi run`")
    return Finding(f"every path is there; inbox {', '.join(map(str, inboxes))}")


def _unreadable(inbox: Path) -> Iterator[str]:
    if not inbox.exists():
        yield f"inbox: {inbox} is not there"
        return
    below = inbox.rglob("*") if inbox.is_dir() else iter(())
    shut = [path for path in (inbox, *below) if not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0))]
    if shut:
        yield f"inbox: {len(shut):,} cannot be read, such as {shut[0]}"


def word_lists(settings: Settings, layout: Layout) -> Finding:
    """Read the user's words, stop words and synonyms."""
    return Finding(project.open_project(settings, layout.root).lists)
