"""Many things worked on at once, whose results come in the order in which they were asked for."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")
THREADS = min(os.cpu_count() or 1, 8)  # each holds a piece of a shard; a disk has an end


def in_order(work: Callable[[Job], Result], jobs: Iterable[Job]) -> Generator[Result, None, None]:
    """Yield what comes of each job, in the order of jobs; as many run at once as there are cores.

    What comes of a job must not depend on those that run beside it: then nothing depends on how
    many do. Jobs are drawn a few ahead of their results, in the caller's thread, so that neither
    pile up. The first job that fails ends it, once those that run have ended.
    """
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(THREADS) as threads:
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
