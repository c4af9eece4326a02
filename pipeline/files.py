"""Writing so that a reader never sees a half: staged beside the tables, flushed, renamed, directory flushed."""

from __future__ import annotations

import errno
import os
import shutil
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


@contextmanager
def staged_folder(root: Path, target: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; on leaving without an error it becomes ``target`` at once and whole.

    Raises StoreError where the disk refuses, or where ``target`` is there already: a folder is never replaced.
    """
    draft = root / ".staging" / uuid.uuid4().hex
    try:
        draft.mkdir(parents=True)
        yield draft
        for path in sorted(draft.iterdir()):
            _flush(path)
        _flush(draft)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():  # an empty folder would be replaced without an error
            raise FileExistsError(errno.EEXIST, "there already")
        draft.rename(target)
        _flush(target.parent)
    except OSError as error:
        raise StoreError(f"{target}: cannot be written ({error.strerror or error}); check disk and rights") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


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
        shutil.rmtree(draft) if draft.is_dir() else draft.unlink()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
