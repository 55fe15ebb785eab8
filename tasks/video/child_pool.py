"""Files opened several at once, each in a child process of its own."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TypeVar

from tasks.video.isolation import FootageProcess

LOOKS_AGAIN_S = 0.1

Item = TypeVar("Item")
Result = TypeVar("Result")


def each_with_a_child(
    work: Callable[[FootageProcess, Item], Result], items: Iterable[Item], at_once: int
) -> Generator[Result, None, None]:
    """Yield what work makes of each item, in the order of the items.

    Where the caller stops early, or work fails, children that are still at work are killed.

    Args:
        work: Carried out on threads of its own.
        items: What it is carried out on.
        at_once: Items that are worked on at once, and children.
    """
    idle: SimpleQueue[FootageProcess] = SimpleQueue()

    def carry_out(item: Item) -> Result:
        footage = idle.get()
        try:
            return work(footage, item)
        finally:
            idle.put(footage)

    with ExitStack() as stack:
        children = [stack.enter_context(FootageProcess()) for _ in range(at_once)]
        for child in children:
            idle.put(child)
        threads = stack.enter_context(ThreadPoolExecutor(at_once))
        results = [threads.submit(carry_out, item) for item in items]
        try:
            for result in results:
                yield result.result()
        finally:
            begun = [result for result in results if not result.cancel()]
            while wait(begun, timeout=LOOKS_AGAIN_S).not_done:
                for child in children:
                    child.interrupt()
