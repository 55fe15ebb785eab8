"""Frames of a video, read in the child process that opens footage and handed over in memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import TypeVar

import numpy as np

from tasks.video.decoding import DecoderChoice, Frame, Indices, VideoShape
from tasks.video.errors import UnreadableVideoError
from tasks.video.footage_child import FrameInSlot, ReadRequest
from tasks.video.isolation import ChildLostError, FootageProcess
from tasks.video.region import Region

SLOT_BYTES = 48 * 2**20  # of frames on their way; small machines give shared memory 64 MiB
MAX_SLOTS = 16

Picture = TypeVar("Picture")


@dataclass(slots=True)
class IsolatedReader:
    """Reads the frames of one video in a child process; see ``FrameReader``.

    Attributes:
        footage: The child.
        path: The file.
        shape: What the probe found in it.
        choice: Which decoder may be used.
        region: What is wanted of each frame; the rest of it is anything. All unless given.
        decoder: The decoder that has given the frames so far.
        reason: Why it was not decord, or empty.
    """

    footage: FootageProcess
    path: Path
    shape: VideoShape
    choice: DecoderChoice = "auto"
    region: Region | None = None
    decoder: str = "decord"
    reason: str = ""

    def read(self, indices: Indices) -> Iterator[tuple[int, Frame]]:
        """Yield (index, frame) for ascending, distinct frame indices below N.

        Raises:
            FootageChangedError: The file no longer holds what the probe found.
            UnreadableVideoError: Reading it cost the child.
        """
        return self.read_as(indices, np.copy)

    def read_as(
        self, indices: Indices, use: Callable[[Frame], Picture]
    ) -> Iterator[tuple[int, Picture]]:
        """Yield (index, what is made of the frame), as ``read`` does.

        Where decord takes the child down, PyAV goes on in another from the frame that is due.

        Args:
            indices: Ascending, distinct frame indices below N.
            use: Makes something of a frame that is gone when it returns.

        Raises:
            FootageChangedError: The file no longer holds what the probe found.
            UnreadableVideoError: Reading it cost the child.
        """
        done = 0
        try:
            for item in self._frames(indices, self.choice, use):
                yield item
                done += 1
        except ChildLostError as lost:
            if self.choice != "auto" or self.decoder == "pyav":
                raise UnreadableVideoError(str(lost), lost.words) from lost
            try:
                yield from self._frames(indices[done:], "pyav", use)
            except ChildLostError as again:
                raise UnreadableVideoError(str(again), again.words) from again
            finally:
                self.reason = f"decord: {lost}"

    def _frames(
        self, indices: Indices, choice: DecoderChoice, use: Callable[[Frame], Picture]
    ) -> Iterator[tuple[int, Picture]]:
        """Yield what is made of frames as the child puts them into shared memory."""
        shape = (self.shape.height, self.shape.width, 3)
        slots = max(2, min(MAX_SLOTS, SLOT_BYTES // math.prod(shape)))
        memory = SharedMemory(create=True, size=slots * math.prod(shape))
        held = np.ndarray((slots, *shape), dtype=np.uint8, buffer=memory.buf)
        wanted = np.asarray(indices)
        region = self.region or Region(0, self.shape.height, 0, self.shape.width)
        request = ReadRequest(self.path, self.shape, wanted, choice, memory.name, slots, region)
        try:
            for message in self.footage.ask(request):
                if isinstance(message, FrameInSlot):
                    self.decoder, self.reason = message.decoder, message.reason
                    made = use(held[message.slot])
                    self.footage.hand_back(message.slot)
                    yield message.index, made
        finally:
            del held  # or the memory could not be closed
            memory.close()
            memory.unlink()
