"""Footage opened in a child process that may die, hang or grow without taking the run with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any, Self

from tasks.video.errors import DecodersUnusableError, UnreadableVideoError
from tasks.video.footage_child import (
    Alive,
    Answer,
    HeaderRequest,
    ProbeRequest,
    Request,
    serve,
)
from tasks.video.identity import reaching
from tasks.video.probing import Probe


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost.

    Attributes:
        memory_bytes: Ceiling of what the child allocates.
        deadline_s: Seconds that it may take without getting on.
        files_per_child: Files after which it is replaced; decord does not give all memory back.
    """

    memory_bytes: int = 1 << 30
    deadline_s: float = 120.0
    files_per_child: int = 50


DEFAULT_LIMITS = Limits()
WORDS_KEPT = 2000  # characters of what decoders printed
_starting = Lock()


class ChildLostError(Exception):
    """Raised when the child died, was killed or had to be killed.

    Attributes:
        words: What decoders had printed.
    """

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(reason)
        self.words = words


@dataclass(slots=True)
class FootageProcess:
    """A child process that opens footage, started when it is needed and replaced when it is lost.

    Use it as a context manager and from one thread.
    """

    limits: Limits = DEFAULT_LIMITS
    _child: BaseProcess | None = None
    _pipe: Connection[Any, Any] | None = None
    _words: Path | None = None
    _files: int = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def probe(self, path: Path) -> Probe:
        """Probe a video; see ``probe_video``.

        Raises:
            UnreadableVideoError: No frame of it decodes, or decoding it cost the child.
        """
        probe: Probe = self._answer(ProbeRequest(path))
        return probe

    def count_frames(self, path: Path) -> int | None:
        """Return the frames that a video's header promises; see ``read_header``.

        Raises:
            UnreadableVideoError: It is no video, or opening it cost the child.
        """
        frames: int | None = self._answer(HeaderRequest(path))
        return frames

    def ask(self, request: Request) -> Iterator[Any]:
        """Yield what the child sends for a request: frames in slots, and last the answer's value.

        Raises:
            ChildLostError: The child is lost; the next request starts another.
            DecodersUnusableError: It does not start.
            FootageUnreachableError: The file is gone, or the disk does not give it.
            VideoError: The child's own answer.
        """
        pipe = self._started()
        self._files += 1
        answered = False
        try:
            pipe.send(request)
            while not answered:
                message = self._receive(pipe)
                if isinstance(message, Answer):
                    answered = True
                    with reaching(request.path):
                        if message.error is not None:
                            raise message.error
                    yield message.value
                elif not isinstance(message, Alive):
                    yield message
        finally:
            if not answered or self._files >= self.limits.files_per_child:
                self.close()

    def interrupt(self) -> None:
        """Kill the child, from another thread: whoever waits for it gets a ``ChildLostError``."""
        with suppress(AttributeError, ValueError):  # there is none, or it is being closed
            self._child.kill()  # type: ignore[union-attr]

    def hand_back(self, slot: int) -> None:
        """Let the child use a slot again."""
        if self._pipe is not None:
            with suppress(OSError):  # a child that is gone is noticed by the next message
                self._pipe.send(slot)

    def close(self) -> None:
        """End the child."""
        if self._child is not None and self._pipe is not None and self._words is not None:
            self._pipe.close()
            self._child.kill()
            self._child.join()
            self._child.close()
            self._words.unlink(missing_ok=True)
        self._child = self._pipe = self._words = None
        self._files = 0

    def _answer(self, request: Request) -> Any:
        """Return the answer to a request that has no frames.

        Raises:
            UnreadableVideoError: The child says so, or is lost.
        """
        try:
            return list(self.ask(request))[-1]
        except ChildLostError as lost:
            raise UnreadableVideoError(str(lost), lost.words) from lost

    def _started(self) -> Connection[Any, Any]:
        """Return the pipe to a child that runs.

        Raises:
            DecodersUnusableError: It does not start: no fault of the footage.
        """
        if self._pipe is None:
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            handle, name = tempfile.mkstemp(prefix="nightjar-decoders-")
            os.close(handle)
            self._words = Path(name)
            arguments = (theirs, self.limits.memory_bytes, self._words)
            self._child = context.Process(target=serve, args=arguments, daemon=True)
            with _without_main_module():
                self._child.start()
            theirs.close()
            self._pipe = ours
            try:
                self._receive(ours)
            except ChildLostError as lost:
                self.close()
                raise DecodersUnusableError(
                    f"the process that opens footage does not start ({lost}): {lost.words}"
                ) from lost
        return self._pipe

    def _receive(self, pipe: Connection[Any, Any]) -> Any:
        """Return the child's next message.

        Raises:
            ChildLostError: There is none within the deadline, or the child is gone.
        """
        try:
            if pipe.poll(self.limits.deadline_s):
                return pipe.recv()
            reason = f"reading it made no progress within {self.limits.deadline_s:g} s"
        except (EOFError, ConnectionResetError):
            assert self._child is not None
            self._child.join()
            reason = _cause_of_death(self._child.exitcode or 0)
        raise ChildLostError(reason, self._last_words())

    def _last_words(self) -> str:
        """Return the end of what decoders have printed."""
        assert self._words is not None
        return self._words.read_text(errors="backslashreplace")[-WORDS_KEPT:].strip()


@contextmanager
def _without_main_module() -> Iterator[None]:
    """Keep a child from importing the run's main module.

    It needs nothing of it, and Prefect's, in a site's runs, takes two seconds of a processor.
    """
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def _cause_of_death(exit_code: int) -> str:
    """Return why a child is gone, in plain words."""
    if exit_code >= 0:
        return f"the process that read it failed (exit code {exit_code})"
    name = signal.Signals(-exit_code).name
    return f"the decoder crashed while reading it ({name})"
