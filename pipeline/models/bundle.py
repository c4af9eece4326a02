"""A trained model as a folder of plain files, and back: JSON, safetensors, and the SHA-256 of each; nothing is run.

    bundle.json              what it is: format, recipe, labels, temperature, dictionary, metrics
    weights.safetensors      arrays of the networks; of large ones that are the same, one
    linear.safetensors       arrays of the linear part, where there is one
    vocabulary-NAME.json     lists of words, characters, n-grams
    SHA256SUMS               written last; ``sha256sum -c SHA256SUMS`` checks it, too

Every file is hashed before a byte of it is read for what it says, and what is parsed are the bytes that were hashed.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import BundleDamaged, BundleMismatch, TrainingDiverged
from pipeline.models import sharing
from pipeline.models.baseline import Linear

KIND, FORMAT = "hibi model", 2
"""The format is raised when older code could not read a bundle, or would read it wrongly."""

SUMS = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  ([a-z0-9][a-z0-9_.-]{0,80})")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
_DESCRIPTION, _WEIGHTS, _LINEAR = "bundle.json", "weights.safetensors", "linear.safetensors"
_NGRAMS = "linear-ngrams"
_LARGEST = 4 << 30


@dataclass(frozen=True)
class Bundle:
    """All that it takes to answer, and where it came from."""

    recipe: dict[str, Any]
    weights: dict[str, np.ndarray]
    vocabularies: dict[str, list[str]]
    labels: list[str]
    data: str
    """Fingerprint of what it was trained on."""
    several: bool = False
    """A post may have several labels."""
    dictionary: str | None = None
    """Fingerprint of MeCab's dictionary and the user's words; None where no words are asked for."""
    temperature: float = 1.0
    threshold: float = 0.0
    """Answers of lower calibrated probability are unsure."""
    metrics: dict[str, Any] = field(default_factory=dict)
    confusion: np.ndarray | None = None
    """int64, [gold][predicted] on dev, or (labels, 4) with several labels."""
    linear: Linear | None = None
    """The baseline trained on the same posts; it has a part in the answer where the recipe is wide."""


def save(bundle: Bundle, folder: Path) -> None:
    """Write a bundle into a folder, made if need be; the same bundle gives the same bytes.

    Raises TrainingDiverged where a weight is not a finite number, ValueError where a name makes no file.
    """
    parts = _parts(bundle)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in parts.items():
        (folder / name).write_bytes(data)
    lines = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(parts.items()))
    (folder / SUMS).write_text("".join(lines), encoding="ascii", newline="\n")


def load(folder: Path, dictionary: str | None) -> Bundle:
    """Read a bundle; ``dictionary`` is the fingerprint of the dictionary in use.

    Raises BundleDamaged where a file is missing or not what was saved, BundleMismatch where the bundle has another
    format or was made with another dictionary.
    """
    parts = verified(folder)
    about = _json(folder / _DESCRIPTION, parts.get(_DESCRIPTION))
    _check_format(folder, about)
    _check_dictionary(folder, about.get("dictionary"), dictionary)
    try:
        vocabularies = {name: _json(folder / file, parts[file]) for name, file in about.pop("vocabularies").items()}
        linear = _linear(folder, about.pop("linear"), vocabularies, parts)
        confusion = about.pop("confusion")
        return Bundle(
            weights=sharing.all_of(_arrays(folder / _WEIGHTS, parts[_WEIGHTS]), about.get("same", {})),
            vocabularies=vocabularies,
            confusion=None if confusion is None else np.array(confusion, np.int64),
            linear=linear,
            **{name: about[name] for name in _PLAIN},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder, f"{_DESCRIPTION} lacks {error}") from error


def verified(folder: Path) -> dict[str, bytes]:
    """Read the files that SHA256SUMS names, each checked. Raises BundleDamaged naming the first that is wrong."""
    found = {}
    for name, wanted in _sums(folder).items():
        path = folder / name
        try:
            if path.stat().st_size > _LARGEST:
                raise _damaged(path, f"larger than {_LARGEST >> 30} GiB")
            data = path.read_bytes()
        except OSError as error:
            raise _damaged(path, error.strerror or "unreadable") from error
        if hashlib.sha256(data).hexdigest() != wanted:
            raise _damaged(path, "its SHA-256 is not the one it was saved with")
        found[name] = data
    return found


def fingerprint(folder: Path) -> str:
    """Identify a bundle by the hash of its hashes. Raises BundleDamaged where they are missing."""
    _sums(folder)
    return hashlib.sha256((folder / SUMS).read_bytes()).hexdigest()[:16]


_PLAIN = ("recipe", "labels", "data", "several", "dictionary", "temperature", "threshold", "metrics")


def _parts(bundle: Bundle) -> dict[str, bytes]:
    lists = dict(bundle.vocabularies)
    weights, same = sharing.once(bundle.weights)
    parts = {_WEIGHTS: _packed("weights", weights)}
    if bundle.linear is not None:
        lists[_NGRAMS] = bundle.linear.ngrams
        parts[_LINEAR] = _packed("linear part", bundle.linear.arrays())
    files = {name: f"vocabulary-{name}.json" for name in sorted(lists)}
    for name, file in files.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a vocabulary: small letters, digits, - and _ do")
        parts[file] = _dumped(lists[name])
    about = {name: getattr(bundle, name) for name in _PLAIN}
    confusion = None if bundle.confusion is None else bundle.confusion.tolist()
    linear = None if bundle.linear is None else {"several": bundle.linear.several, "words": bundle.linear.words}
    about |= {"kind": KIND, "format": FORMAT, "vocabularies": files, "confusion": confusion, "linear": linear}
    return parts | {_DESCRIPTION: _dumped(about | ({"same": same} if same else {}))}


def _packed(what: str, arrays: dict[str, np.ndarray]) -> bytes:
    from safetensors.numpy import save as pack

    broken = [name for name, array in sorted(arrays.items()) if not np.isfinite(array).all()]
    if broken:
        raise TrainingDiverged(f"{what}: {broken[0]} holds values that are no numbers; nothing was saved")
    return pack({name: np.asarray(array, order="C") for name, array in sorted(arrays.items())})


def _dumped(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
    return text.encode("utf-8", "surrogatepass") + b"\n"  # a vocabulary may hold half a character


def _sums(folder: Path) -> dict[str, str]:
    try:
        lines = (folder / SUMS).read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(folder / SUMS, "missing or unreadable") from error
    matches = [_LINE.fullmatch(line) for line in lines]
    found = {match[2]: match[1] for match in matches if match}
    if len(found) != len(lines) or not {_DESCRIPTION, _WEIGHTS} <= found.keys():
        raise _damaged(folder / SUMS, "not a list of a model's files")
    return found


def _json(path: Path, data: bytes | None) -> Any:
    try:
        return json.loads(data or b"")
    except ValueError as error:
        raise _damaged(path, str(error)) from error


def _arrays(path: Path, data: bytes) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load as unpack

    try:
        return unpack(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise _damaged(path, str(error)) from error


def _linear(folder: Path, about: Any, vocabularies: dict[str, list[str]], parts: dict[str, bytes]) -> Linear | None:
    if about is None:
        return None
    arrays = _arrays(folder / _LINEAR, parts[_LINEAR])
    several, words = bool(about["several"]), bool(about.get("words"))
    return Linear(ngrams=vocabularies.pop(_NGRAMS), several=several, words=words, **arrays)


def _check_format(folder: Path, about: Any) -> None:
    if not isinstance(about, dict) or about.get("kind") != KIND:
        raise _damaged(folder / _DESCRIPTION, f"not a {KIND}")
    if about.get("format") != FORMAT:
        raise BundleMismatch(
            f"{folder}: a model of format {about.get('format')}; this hibi reads format {FORMAT}. "
            "Train it again, or use the hibi that made it"
        )


def _check_dictionary(folder: Path, made_with: object, in_use: str | None) -> None:
    if made_with is not None and made_with != in_use:
        raise BundleMismatch(
            f"{folder}: made with the dictionary {made_with}, and {in_use or 'none'} is in use. Words would be split "
            "in another way than it learned: train it again, or set the dictionary and the words back"
        )


def _damaged(path: Path, why: str) -> BundleDamaged:
    return BundleDamaged(f"{path}: damaged ({why}); roll back to another version, or train again")
