"""Where a process spends its time: its threads, looked at a hundred times a second."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

ROOT = str(Path(__file__).resolve().parents[1])
EVERY_S = 0.01
WAITING = {"wait", "select", "_worker", "poll", "_wait", "get"}  # functions in which nobody works


def looked_at(work: Callable[[], object]) -> dict[str, float]:
    """Return where the threads were while a piece of work was done, as shares of what was seen.

    A place is the innermost function of the project, and what that called outside of it; where
    neither is known, or a thread waits, it does not count.
    """
    seen: Counter[str] = Counter()
    done = threading.Event()

    def look() -> None:
        me = threading.get_ident()
        while not done.wait(EVERY_S):
            frames = sys._current_frames()
            seen.update(filter(None, (_place(f) for thread, f in frames.items() if thread != me)))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return {place: round(times / seen.total(), 3) for place, times in seen.most_common(20)}


def _place(frame: FrameType | None) -> str | None:
    """Return where a thread is."""
    if frame is None or frame.f_code.co_name in WAITING:
        return None
    inside = frame.f_code.co_name
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(ROOT) and ".venv" not in file and "benchmarks" not in file:
            own = f"{file.removeprefix(ROOT + '/')}:{frame.f_code.co_name}"
            return own if inside == frame.f_code.co_name else f"{own} > {inside}"
        frame = frame.f_back
    return None
