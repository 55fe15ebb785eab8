"""The child process in which footage is opened: whatever a file does, it does it here.

It answers one request at a time over a pipe. Frames go through shared memory; the pipe carries the
slot that holds one, and the parent hands the slot back when it has used the frame.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tasks.video.decoding import DecoderChoice, FrameReader, VideoShape
from tasks.video.errors import UnreadableVideoError, VideoError
from tasks.video.headers import read_header
from tasks.video.probing import Probe, probe_video
from tasks.video.region import Region

PR_SET_PDEATHSIG = 1
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGEST_KEPT = 32 << 20  # the most that glibc takes


@dataclass(frozen=True, slots=True)
class Alive:
    """The child's word that it gets on."""


@dataclass(slots=True)
class Pulse:
    """Sends ``Alive`` once a second at most."""

    connection: Connection[Any, Any]
    _sent: float = 0.0

    def __call__(self) -> None:
        """Send it, if the last one is long enough ago."""
        now = time.monotonic()
        if now - self._sent > 1:
            self.connection.send(Alive())
            self._sent = now


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The result of a request, or the error that it ended with."""

    value: Any = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class FrameInSlot:
    """A frame that lies in shared memory.

    Attributes:
        index: The frame.
        slot: Where it lies.
        decoder: The decoder that gave it.
        reason: Why it was not decord, or empty.
    """

    index: int
    slot: int
    decoder: str
    reason: str


class Request(Protocol):
    """Something that the child is asked to do with a file."""

    @property
    def path(self) -> Path:
        """The file."""

    def run(self, connection: Connection[Any, Any]) -> Any:
        """Do it, and return the answer's value."""


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """Probe a video."""

    path: Path

    def run(self, connection: Connection[Any, Any]) -> Probe:
        """Return the probe."""
        return probe_video(self.path, Pulse(connection))


@dataclass(frozen=True, slots=True)
class HeaderRequest:
    """Read a video's header."""

    path: Path

    def run(self, connection: Connection[Any, Any]) -> int | None:
        """Return the frames that it promises."""
        return read_header(self.path)


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Put the frames of a video into the slots of a shared memory.

    Attributes:
        path: The file.
        shape: What the probe found in it.
        indices: The frames, ascending.
        choice: Which decoder may be used.
        memory: Name of the shared memory.
        slots: Frames that it holds.
        region: What is wanted of each; the rest of a slot stays as it is.
    """

    path: Path
    shape: VideoShape
    indices: npt.NDArray[np.int64]
    choice: DecoderChoice
    memory: str
    slots: int
    region: Region

    def run(self, connection: Connection[Any, Any]) -> None:
        """Send each frame's slot, waiting where the parent has not handed one back."""
        memory = SharedMemory(self.memory)
        free = list(range(self.slots))
        try:
            size = (self.slots, self.shape.height, self.shape.width, 3)
            frames = np.ndarray(size, dtype=np.uint8, buffer=memory.buf)
            pulse = Pulse(connection)
            reader = FrameReader(self.path, self.shape, self.choice, pulse, self.region)
            for index, frame in reader.read(self.indices):
                while not free or connection.poll():
                    free.append(connection.recv())
                slot = free.pop()
                self.region.of(frames[slot])[:] = frame
                connection.send(FrameInSlot(index, slot, reader.decoder, reader.reason))
            del frames
        finally:
            memory.close()
            while len(free) < self.slots:  # the next request must be next in the pipe
                free.append(connection.recv())


def serve(connection: Connection[Any, Any], memory_bytes: int, words: Path) -> None:
    """Answer requests until the parent closes the pipe.

    Args:
        connection: The pipe.
        memory_bytes: Ceiling of what may be allocated.
        words: File that takes what decoders print.
    """
    _end_with_parent()
    with words.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    _limit(memory_bytes)
    _keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the parent's to handle
    connection.send(Alive())
    while True:
        try:
            request: Request = connection.recv()
        except EOFError:
            return
        try:
            connection.send(Answer(request.run(connection)))
        except (VideoError, OSError) as error:
            connection.send(Answer(error=error))
        except MemoryError:
            reason = f"reading it needs more than {memory_bytes >> 20} MiB of memory"
            connection.send(Answer(error=UnreadableVideoError(reason)))


def _end_with_parent() -> None:
    """Have the kernel end this process when its parent is killed, also in the midst of a frame."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _keep_freed_memory() -> None:
    """Have glibc use a frame's memory again for the next, and not ask the kernel for it anew.

    The kernel clears what it gives: for frames of 1080p that was a quarter of decoding.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if set_option is not None:
        set_option(M_MMAP_THRESHOLD, LARGEST_KEPT)
        set_option(M_TRIM_THRESHOLD, 2 * LARGEST_KEPT)


def _limit(memory_bytes: int) -> None:
    """Let allocations beyond the ceiling fail, and no crash write a core file."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
