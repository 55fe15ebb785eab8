"""Child processes that are started again when they die, and that never outlive their parent."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_FIRST_DELAY_S, _LONGEST_DELAY_S = 1.0, 60.0
_SETTLED_S = 60.0

Say = Callable[[str], None]


class Child:
    """A process that is started again, after a growing wait, whenever it has ended by itself."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path,
        say: Say,
    ) -> None:  # fmt: skip
        self.name = name
        self._command = command
        self._environment = environment
        self._folder = folder
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = self._due_at = 0.0
        self._delay_s = _FIRST_DELAY_S

    @property
    def pid(self) -> int | None:
        """Return the process's id while it runs."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running and self._process else None

    def look_after(self) -> None:
        """Start the process if it does not run and its wait is over."""
        now = time.monotonic()
        if self.pid is not None:
            return
        if self._process is not None:
            if now - self._started_at > _SETTLED_S:
                self._delay_s = _FIRST_DELAY_S
            self._due_at = now + self._delay_s
            how = _ending(self._process.returncode)
            self._say(f"the {self.name} {how}; starts again in {self._delay_s:.0f} s")
            self._delay_s = min(2 * self._delay_s, _LONGEST_DELAY_S)
            self._process = None
        if now >= self._due_at:
            self._start()

    def _start(self) -> None:
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for the parent, which ends its children in order
            preexec_fn=end_with_parent,
        )
        self._say(f"started the {self.name}, process {self._process.pid}")

    def end(self, patience_s: float) -> None:
        """Ask the process to end, and make it after a while."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._say(f"the {self.name} did not end within {patience_s:.0f} s and is killed")
            process.kill()
            process.wait()


def _ending(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"


def end_with_parent() -> None:
    """Make this process receive SIGTERM when its parent dies, even if that is killed."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def adopt_orphans() -> None:
    """Make what a dead child leaves behind a child of this process."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1)


def orphans(known: Sequence[int | None]) -> list[int]:
    """Return the children of this process that are none of those it started and that still run."""
    found = []
    for task in Path("/proc/self/task").glob("*/children"):
        with suppress(FileNotFoundError):
            found += [int(word) for word in task.read_text().split()]
    return [pid for pid in found if pid not in known and not _reap(pid)]


def _reap(pid: int) -> bool:
    with suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    return True


def end_orphans(known: Sequence[int | None], patience_s: float) -> None:
    """End what ended children have left, and what that leaves in turn."""
    deadline = time.monotonic() + patience_s
    asked: set[int] = set()
    while left := orphans(known):
        for pid in left:
            late = time.monotonic() > deadline
            if late or pid not in asked:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
                asked.add(pid)
        time.sleep(0.1)
