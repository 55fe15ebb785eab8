"""What a piece of work takes."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable


def wall_s(work: Callable[[], object]) -> float:
    """Return the seconds that pass."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def core_s(work: Callable[[], object]) -> float:
    """Return the processor-seconds of a piece of work in this process and its children."""

    def used() -> float:
        who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        return sum(sum(resource.getrusage(each)[:2]) for each in who)

    before = used()
    work()
    return used() - before
