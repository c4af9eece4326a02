"""Worker processes that may die without taking the run with them.

A broken ProcessPoolExecutor loses every job in it. So the pool is started anew, and what was lost is done again one
job at a time: only the job that kills its worker by itself is given up, as LostWorker.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import connection
from typing import Any, Self, TypeVar

from pipeline import logs
from pipeline.errors import LostWorker

Result = TypeVar("Result")

_PER_LARGE = 8
"""Workers to each of the processes apart, which compute on several cores anyway."""


class Pool:
    """Processes shared by all days of a run; started when first used."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._lock = threading.RLock()
        self._executor: ProcessPoolExecutor | None = None
        self._apart: Pool | None = None
        self._closed = False

    @property
    def apart(self) -> Pool:
        """A few processes for what fills a process for good: one that has loaded Keras is 500 MB larger."""
        with self._lock:
            if self._apart is None:
                self._apart = Pool(max(1, self.workers // _PER_LARGE))
            return self._apart

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the processes in the background, so that they load while other work goes on."""
        threading.Thread(target=self._start, daemon=True).start()

    def _start(self) -> None:
        with suppress(RuntimeError):  # what was asked for went wrong at once, and the pool is closed
            for _ in range(self.workers):
                self.submit(_ready)

    def submit(self, job: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Run a job in a worker. Raises RuntimeError if the pool is closed, OSError where no process can be started."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the pool is closed")
            if self._executor is None:
                self._executor = ProcessPoolExecutor(self.workers, _context(), _begin, (logs.current(),))
            executor, future = self._executor, None
            try:
                future = executor.submit(job, *arguments)
            except BrokenProcessPool:
                pass
            except OSError:  # it broke while a process was being started for the job, and had closed its queue
                if not executor._broken:
                    raise
            if future is None or executor._broken:  # a job handed in while it broke may be waited for for ever
                self._discard(executor)
                return self.submit(job, *arguments)
            return future

    def map(self, job: Callable[..., Result], items: Iterable[tuple[Any, ...]]) -> list[Result | LostWorker]:
        """Run a job for each tuple of arguments; a LostWorker stands where the job killed its worker."""
        work = list(items)
        futures: list[Future[Result]] = [self.submit(job, *item) for item in work]
        outcomes: list[Result | LostWorker] = []
        for future, item in zip(futures, work, strict=True):
            outcome = self._outcome(future, job, item)
            outcomes.append(outcome)
        return outcomes

    def result(self, future: Future[Result], job: Callable[..., Result], *arguments: Any) -> Result:
        """Wait for a job; one that was lost is done again. Raises LostWorker where it kills its worker."""
        outcome = self._outcome(future, job, arguments)
        if isinstance(outcome, LostWorker):
            raise outcome
        return outcome

    def _outcome(
        self, future: Future[Result], job: Callable[..., Result], item: tuple[Any, ...]
    ) -> Result | LostWorker:
        try:
            return future.result()
        except MemoryError:
            return self._alone(job, item)
        except BrokenProcessPool:
            with self._lock:
                if self._executor is not None and self._executor._broken:
                    self._discard(self._executor)
            return self._alone(job, item)

    def _alone(self, job: Callable[..., Result], item: tuple[Any, ...]) -> Result | LostWorker:
        """Run a job in a process that nobody shares."""
        with ProcessPoolExecutor(1, _context(), _begin, (logs.current(),)) as single:
            try:
                return single.submit(job, *item).result()
            except BrokenProcessPool:
                return LostWorker(f"{job.__name__}: its worker process died")
            except MemoryError:
                return LostWorker(f"{job.__name__}: out of memory")

    def _discard(self, broken: ProcessPoolExecutor) -> None:
        """Leave a broken executor behind; the next job starts a new one.

        Its processes are killed here: one that was being started while it broke would be waited for, for ever.
        """
        for process in list((broken._processes or {}).values()):
            process.kill()
        broken.shutdown(wait=False, cancel_futures=True)
        self._executor = None

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            self._closed = True
        if self._apart is not None:
            self._apart.close()
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)


def collect_seldom() -> None:
    """Let Python look for cycles seldom: rows are many objects without cycles, and looking took a fifth of the time."""
    gc.set_threshold(200_000, 20, 100)


def _begin(log: logs.Log | None) -> None:
    """Make a worker ready: its lines are those of the run, and it ends with it, however that ends."""
    collect_seldom()
    logs.join(log)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Wait until the run is gone. Workers of one that was killed would otherwise wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _ready() -> None:
    """Answer, so that a process is there."""


_LOADED_ONCE = ("pipeline.engines.jobs", "fugashi", "pipeline.pictures.wordcloud", "pipeline.analysis.summary")
"""What the server of forks loads before the first worker is asked for, so that no worker loads it again."""


def _context() -> multiprocessing.context.BaseContext:
    """Choose how processes start: never by a bare fork, as Arrow's threads do not survive one."""
    if not sys.platform.startswith("linux"):
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_LOADED_ONCE))
    return context
