"""One run a store at a time. The lock is the operating system's: it ends with its process, however that ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from pipeline.errors import StoreBusy, StoreError
from pipeline.store.layout import Layout


@contextmanager
def held(layout: Layout) -> Iterator[None]:
    """Hold the store. Raises StoreBusy where another run does, StoreError where the folder cannot be written."""
    try:
        layout.root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(layout.lock, blocking=False)
        lock.acquire()
    except Timeout as error:
        raise StoreBusy(f"{layout.root}: another run holds the store; try again when it has ended") from error
    except OSError as error:
        raise StoreError(
            f"{layout.root}: cannot be written ({error.strerror}); check the path and its rights"
        ) from error
    try:
        yield
    finally:
        lock.release()
