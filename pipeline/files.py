"""Writing so that a reader never sees a half: staged beside the tables, flushed, renamed, directory flushed.

All that a store keeps is written and removed here, by the process that holds it and never by its workers. So this is
where tests break it: HIBI_FAULT=POINT:N kills the process (SIGKILL) at its N-th write, counted from 1, at the POINT
``before`` it, ``half`` of its bytes written, all ``written`` but not in place, or ``renamed`` into place; or the disk
is ``full`` when half is written. A removal counts as a write that has nothing to write.
"""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import StoreUnwritable

_fault = os.environ.get("HIBI_FAULT", "")
_numbers = itertools.count(1)


@contextmanager
def staged(root: Path, target: Path) -> Iterator[Path]:
    """Yield a path to write to; on leaving without an error it becomes ``target`` at once and whole.

    The path lies in ``root/.staging``: the same filesystem, outside every folder that readers glob.
    Raises StoreUnwritable where the disk refuses.
    """
    staging, number = root / ".staging", next(_numbers)
    draft = staging / f"{uuid.uuid4().hex}{target.suffix}"
    try:
        _break("before", number)
        staging.mkdir(parents=True, exist_ok=True)
        yield draft
        _break("half", number, draft)
        _flush(draft)
        _make(target.parent)
        _break("written", number)
        draft.replace(target)
        _break("renamed", number)
        _flush(target.parent)
    except OSError as error:
        raise unwritable(target, error) from error
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def staged_folder(root: Path, target: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; on leaving without an error it becomes ``target`` at once and whole.

    Raises StoreUnwritable where the disk refuses, or where ``target`` is there already: a folder is never replaced.
    """
    draft, number = root / ".staging" / uuid.uuid4().hex, next(_numbers)
    try:
        _break("before", number)
        draft.mkdir(parents=True)
        yield draft
        _break("half", number, max(draft.iterdir(), default=None))
        for path in sorted(draft.iterdir()):
            _flush(path)
        _flush(draft)
        _make(target.parent)
        if target.exists():  # an empty folder would be replaced without an error
            raise FileExistsError(errno.EEXIST, "there already")
        _break("written", number)
        draft.rename(target)
        _break("renamed", number)
        _flush(target.parent)
    except OSError as error:
        raise unwritable(target, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write(root: Path, target: Path, data: bytes) -> None:
    """Replace a file by ``data`` at once and whole."""
    with staged(root, target) as draft:
        draft.write_bytes(data)


def write_private(root: Path, target: Path, data: bytes) -> None:
    """Replace a file by ``data`` at once and whole; its owner alone can read it."""
    with staged(root, target) as draft:
        draft.touch(0o600, exist_ok=False)
        draft.write_bytes(data)


def remove(path: Path) -> None:
    """Remove a file, if there, and flush its folder. Raises StoreUnwritable where the disk refuses."""
    if path.exists():
        number = next(_numbers)
        try:
            _break("before", number)
            path.unlink()
            _break("renamed", number)
            _flush(path.parent)
        except OSError as error:
            raise unwritable(path, error) from error


def clear_staging(root: Path) -> None:
    """Remove what a killed run left half written. Call only while holding the store. Raises StoreUnwritable."""
    try:
        for draft in (root / ".staging").glob("*"):
            shutil.rmtree(draft) if draft.is_dir() else draft.unlink(missing_ok=True)  # a question's own, just ended
    except OSError as error:
        raise unwritable(root / ".staging", error) from error


def unwritable(path: Path, error: OSError) -> StoreUnwritable:
    """Tell which file the disk refused, and why."""
    return StoreUnwritable(f"{path}: cannot be written ({error.strerror or error}); check disk and rights")


def _break(point: str, number: int, draft: Path | None = None) -> None:
    """Do what HIBI_FAULT asks for at this point of this write: nothing, outside tests."""
    wanted, _, at = _fault.partition(":")
    if not wanted or number != int(at):
        return
    if draft is not None and wanted in ("half", "full"):
        os.truncate(draft, draft.stat().st_size // 2)
    if point == "half" and wanted == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if point == wanted:
        os.kill(os.getpid(), signal.SIGKILL)


def _make(folder: Path) -> None:
    """Make a folder where there is none, and those above it: each flushed into the one that holds it."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        _flush(folder.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
