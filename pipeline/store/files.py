"""Writing so that a reader never sees a half: staged beside the tables, flushed, renamed, directory flushed."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import StoreError


@contextmanager
def staged(root: Path, target: Path) -> Iterator[Path]:
    """Yield a path to write to; on leaving without an error it becomes ``target`` at once and whole.

    The path lies in ``root/.staging``: the same filesystem, outside every folder that readers glob.
    Raises StoreError where the disk refuses.
    """
    staging = root / ".staging"
    draft = staging / f"{uuid.uuid4().hex}{target.suffix}"
    try:
        staging.mkdir(parents=True, exist_ok=True)
        yield draft
        _flush(draft)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.replace(target)
        _flush(target.parent)
    except OSError as error:
        raise StoreError(f"{target}: cannot be written ({error.strerror or error}); check disk and rights") from error
    finally:
        draft.unlink(missing_ok=True)


def write(root: Path, target: Path, data: bytes) -> None:
    """Replace a file by ``data`` at once and whole."""
    with staged(root, target) as draft:
        draft.write_bytes(data)


def remove(path: Path) -> None:
    """Remove a file, if there, and flush its folder."""
    if path.exists():
        path.unlink()
        _flush(path.parent)


def clear_staging(root: Path) -> None:
    """Remove what a killed run left half written. Call only while holding the store."""
    for draft in (root / ".staging").glob("*"):
        draft.unlink()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
