"""Models by name and version: ``STORE/models/NAME/versions/0001/``, never overwritten, and a pointer to the one served.

The pointer, ``STORE/models/NAME/served.json``, holds the versions that were put into service, the present one last,
and what was done when. It is replaced at once and whole; callers hold the store.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import files, sealed
from pipeline.errors import BundleDamaged, BundleMismatch, ModelError, NoModel
from pipeline.models import bundle as bundles
from pipeline.models.bundle import Bundle

FORMAT = 1
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")
_NUMBER = re.compile(r"[0-9]{4,9}", re.ASCII)
_ABOUT = "version.json"


@dataclass(frozen=True)
class Version:
    """One trained model that is kept."""

    name: str
    number: int
    folder: Path
    served: bool
    about: dict[str, Any]
    """``made_at``, ``origin`` (train or retrain), ``parent``: the version that it was to replace, or null."""

    @property
    def label(self) -> str:
        """Name it as predictions do: mood/0003."""
        return f"{self.name}/{self.number:04}"


@dataclass(frozen=True)
class Served:
    """The model that answers."""

    version: Version
    bundle: Bundle
    notes: list[str]
    """What a person should know: another version than the chosen one answers, and why."""


def names(store: Path) -> list[str]:
    """Name all models that have a version."""
    found = (path.name for path in (store / "models").glob("*") if _NAME.fullmatch(path.name))
    return sorted(name for name in found if _kept(store, name))


def versions(store: Path, name: str) -> list[Version]:
    """List a model's versions, oldest first. Raises NoModel where there is none."""
    pointer = _read(store, name)
    now = pointer["stack"][-1] if pointer["stack"] else None
    found = [
        Version(name, number, path, number == now, _about(path)) for number, path in sorted(_kept(store, name).items())
    ]
    if not found:
        raise NoModel(f"no model named {name}; there are {', '.join(names(store)) or 'none'}")
    return found


def version(store: Path, name: str, number: int) -> Version:
    """Return one version. Raises NoModel."""
    found = {one.number: one for one in versions(store, name)}
    if number not in found:
        raise NoModel(f"{name} has no version {number}; it has {', '.join(map(str, found))}")
    return found[number]


def history(store: Path, name: str) -> list[dict[str, Any]]:
    """Tell what was promoted, refused and rolled back, when and why, oldest first."""
    return list(_read(store, name)["log"])


def add(store: Path, name: str, bundle: Bundle, *, when: dt.datetime, origin: str) -> Version:
    """Keep a model under the next number; it does not answer until it is promoted.

    Raises StoreError where the disk refuses, TrainingDiverged where its weights are no numbers.
    """
    number = max(_kept(store, name), default=0) + 1
    stack = _read(store, name)["stack"]
    about = {"made_at": when.isoformat(), "origin": origin, "parent": stack[-1] if stack else None}
    with files.staged_folder(store, _home(store, name) / "versions" / f"{number:04}") as draft:
        bundles.save(bundle, draft)
        (draft / _ABOUT).write_bytes(sealed.dumps(about))
    return version(store, name, number)


def promote(store: Path, name: str, number: int, *, dictionary: str | None, when: dt.datetime, why: str) -> Version:
    """Put a version into service, if it can be: the pointer moves after all its bytes were read.

    Raises NoModel, BundleDamaged, BundleMismatch.
    """
    bundles.load(version(store, name, number).folder, dictionary)
    pointer = _read(store, name)
    before = [one for one in pointer["stack"] if one != number]
    _write(store, name, [*before, number], pointer["log"], when, "promoted", number, why)
    return version(store, name, number)


def refuse(store: Path, name: str, number: int, *, when: dt.datetime, why: str) -> None:
    """Note that a version was not put into service."""
    pointer = _read(store, name)
    _write(store, name, pointer["stack"], pointer["log"], when, "refused", number, why)


def rollback(store: Path, name: str, *, dictionary: str | None, when: dt.datetime, why: str) -> Version:
    """Put back the version that answered before this one; those that cannot be loaded are passed over.

    Raises NoModel, ModelError where none is left.
    """
    versions(store, name)
    pointer = _read(store, name)
    for place in range(len(pointer["stack"]) - 2, -1, -1):
        number = pointer["stack"][place]
        try:
            bundles.load(version(store, name, number).folder, dictionary)
        except (BundleDamaged, BundleMismatch, NoModel):
            continue
        _write(store, name, pointer["stack"][: place + 1], pointer["log"], when, "rolled back", number, why)
        return version(store, name, number)
    raise ModelError(f"{name}: no earlier version to go back to; `hibi models promote` takes any version")


def serve(store: Path, name: str, dictionary: str | None) -> Served:
    """Load the version in service; where it is damaged, the last good one before it, and say so.

    Raises NoModel where none is in service, BundleMismatch where it was made with another dictionary or format, and
    BundleDamaged where no version that ever answered is whole.
    """
    versions(store, name)
    stack = _read(store, name)["stack"]
    if not stack:
        raise NoModel(f"{name}: no version is in service; put one there with `hibi models promote {name}`")
    notes: list[str] = []
    first: BundleDamaged | None = None
    for number in reversed(stack):
        try:
            one = version(store, name, number)
            loaded = bundles.load(one.folder, dictionary)
        except (BundleDamaged, NoModel, BundleMismatch) as error:
            if isinstance(error, BundleMismatch) and not notes:
                raise
            first = first or (error if isinstance(error, BundleDamaged) else BundleDamaged(str(error)))
            notes.append(str(error))
            continue
        return Served(one, loaded, [*notes, f"{one.label} answers instead"] if notes else [])
    raise first or BundleDamaged(f"{name}: no version is whole")


def _home(store: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise ModelError(f"{name!r} cannot name a model: small letters, digits, - and _, at most 61")
    return store / "models" / name


def _kept(store: Path, name: str) -> dict[int, Path]:
    """Find the folders of all versions, by number."""
    folders = (_home(store, name) / "versions").glob("*")
    return {int(path.name): path for path in folders if _NUMBER.fullmatch(path.name)}


def _read(store: Path, name: str) -> dict[str, Any]:
    path = _home(store, name) / "served.json"
    try:
        content = sealed.loads(path.read_bytes())
        if content["format"] != FORMAT:
            raise BundleMismatch(f"{path}: of format {content['format']}; this hibi reads {FORMAT}")
        return {"stack": [int(number) for number in content["stack"]], "log": list(content["log"])}
    except FileNotFoundError:
        return {"stack": [], "log": []}
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path}: damaged ({error}); remove it and choose the version with `hibi models promote {name}`"
        ) from error


def _write(
    store: Path,
    name: str,
    stack: list[int],
    log: list[dict[str, Any]],
    when: dt.datetime,
    action: str,
    number: int,
    why: str,
) -> None:
    entry = {"when": when.isoformat(), "action": action, "version": number, "why": why}
    content = {"format": FORMAT, "stack": stack, "log": [*log, entry]}
    files.write(store, _home(store, name) / "served.json", sealed.dumps(content))


def _about(folder: Path) -> dict[str, Any]:
    """Read what is said of a version; nothing where the file is gone, as the model itself may be whole."""
    try:
        return sealed.loads((folder / _ABOUT).read_bytes())
    except (OSError, ValueError):
        return {}
