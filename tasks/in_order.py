"""Many things worked on at once, whose results come in the order in which they were asked for."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from threading import Lock
from typing import Generic, TypeVar

from threadpoolctl import threadpool_limits

Job = TypeVar("Job")
Result = TypeVar("Result")
THREADS = min(os.cpu_count() or 1, 8)  # each holds a piece of a shard; a disk has an end


class _OneThreadOfBlas:
    """Blocks, of any thread, while one of which is open BLAS computes in its caller's thread alone.

    Callers that run side by side would wait for each other's threads of BLAS, and with how many of
    those there are the last bits of products and eigenvectors change.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._open = 0
        self._limits = ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            if not self._open:
                self._limits.enter_context(threadpool_limits(1, "blas"))
            self._open += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._open -= 1
            if not self._open:
                self._limits.close()


ONE_THREAD_OF_BLAS = _OneThreadOfBlas()


class Once(Generic[Result]):
    """What the first thread that asks works out, while others that ask wait."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work = work
        self._lock = Lock()
        self._found: list[Result] = []

    def __call__(self) -> Result:
        """Return it."""
        with self._lock:
            if not self._found:
                self._found.append(self._work())
            return self._found[0]


def in_order(work: Callable[[Job], Result], jobs: Iterable[Job]) -> Generator[Result, None, None]:
    """Yield what comes of each job, in the order of jobs; as many run at once as there are cores.

    What comes of a job must not depend on those that run beside it: then nothing depends on how
    many do. Jobs are drawn a few ahead of their results, in the caller's thread, so that neither
    pile up. Until the last result BLAS has one thread, here too. The first job that fails ends it,
    once those that run have ended.
    """
    waiting: deque[Future[Result]] = deque()
    with ONE_THREAD_OF_BLAS, ThreadPoolExecutor(THREADS) as threads:
        try:
            for job in jobs:
                waiting.append(threads.submit(work, job))
                if len(waiting) > 2 * THREADS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
