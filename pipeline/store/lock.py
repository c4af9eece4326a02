"""One run a store at a time. The lock is the operating system's: it ends with its process, however that ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.errors import StoreBusy, StoreError
from pipeline.store.layout import Layout


@contextmanager
def held(layout: Layout, *, wait: bool = False) -> Iterator[None]:
    """Hold the store. Raises StoreBusy where another run does, StoreError where the folder cannot be written.

    ``wait`` waits for the other run to end instead: for what took long to make and is to be kept.
    """
    with _locked(layout.lock, "another run holds the store; try again when it has ended", wait):
        yield


@contextmanager
def training(layout: Layout, model: str) -> Iterator[None]:
    """Hold the training of a model: the store stays free while it runs. Raises StoreBusy, StoreError."""
    with _locked(layout.training(model) / ".lock", f"another training of {model} is running", wait=False):
        yield


def busy(layout: Layout) -> bool:
    """Tell whether a run holds the store, without taking it; False where the system does not say."""
    try:
        import fcntl

        with layout.lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # let go when the file is closed, at once
    except BlockingIOError:
        return True
    except (ImportError, OSError):
        return False
    return False


_LOOK = 0.2
"""Seconds that a run tries, as somebody may just be asking whether the store is held."""


@contextmanager
def _locked(path: Path, busy: str, wait: bool) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=-1 if wait else _LOOK)
        lock.acquire()
    except Timeout as error:
        raise StoreBusy(f"{path.parent}: {busy}") from error
    except OSError as error:
        raise StoreError(
            f"{path.parent}: cannot be written ({error.strerror}); check the path and its rights"
        ) from error
    try:
        yield
    finally:
        lock.release()
