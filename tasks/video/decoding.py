"""Frames of a video, read strictly forward: decord where it can be trusted, else PyAV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from tasks.video.container import decode, open_stream
from tasks.video.conversion import Conversion
from tasks.video.errors import FootageChangedError, UnreadableVideoError
from tasks.video.region import Region
from tasks.video.search import printable

# What turns a file into pixels; part of the encoder's identity. Raise it when pixels change.
PIXEL_PATH = "rgb24/2"

# Where its frames are taken slower than it decodes, decord goes on until it holds the whole video
# (measured: 1.5 GB for 251 frames of 1080p). It gets the videos for which that is little.
DECORD_MAX_BYTES = 256 << 20
# In MPEG streams decord starts some frames late; a still scene hides that from any comparison.
DECORD_MISPLACES = frozenset({"mpegts", "mpeg"})

Frame = npt.NDArray[np.uint8]  # (H, W, C), RGB
Indices = Sequence[int] | npt.NDArray[np.int64]
DecoderChoice = Literal["auto", "decord", "pyav"]


@dataclass(frozen=True, slots=True)
class VideoShape:
    """What a reader must find in the file that was probed.

    Attributes:
        num_frames: N, the frames that decode.
        width: Pixels a row, after rotation.
        height: Rows, after rotation.
        damaged: Whether the probe met decoder errors.
        bits: Bits of a colour component.
        container: The file's format.
    """

    num_frames: int
    width: int
    height: int
    damaged: bool = False
    bits: int = 8
    container: str = ""


@dataclass(slots=True)
class FrameReader:
    """Reads the frames of one video in ascending order, in bounded memory.

    Attributes:
        path: The file.
        shape: What the probe found in it.
        choice: decord or PyAV alone, or decord where it can be trusted and PyAV elsewhere.
        progress: Called for every frame that is decoded.
        region: What is wanted of each frame; all of it unless given.
        decoder: The decoder that has given the frames so far.
        reason: Why it was not decord, or empty.
    """

    path: Path
    shape: VideoShape
    choice: DecoderChoice = "auto"
    progress: Callable[[], None] = lambda: None
    region: Region | None = None
    decoder: str = "decord"
    reason: str = ""

    def read(self, indices: Indices) -> Iterator[tuple[int, Frame]]:
        """Yield (index, region of the frame) for ascending, distinct frame indices below N.

        decord comes first. Where it refuses the file or fails on the way, PyAV goes on from the
        frame that is due; both give the same pixels.

        Raises:
            FootageChangedError: The file no longer holds what the probe found.
            UnreadableVideoError: decord alone was asked for and refuses.
        """
        done = 0
        try:
            if self.choice == "pyav":
                raise _DecordRefusedError("PyAV was asked for")
            frames = _read_with_decord(self.path, self.shape, indices, self.progress)
            for index, frame in frames:
                yield index, frame if self.region is None else self.region.of(frame)
                done += 1
        except _DecordRefusedError as refusal:
            if self.choice == "decord":
                raise UnreadableVideoError("decord cannot read it", str(refusal)) from refusal
            self.decoder, self.reason = "pyav", str(refusal)
            conversion = Conversion(self.region)
            yield from _read_with_pyav(self.path, indices[done:], conversion, self.progress)


class _DecordRefusedError(Exception):
    """Raised when decord cannot read what the probe found, with the reason."""


def _read_with_decord(
    path: Path, shape: VideoShape, indices: Indices, progress: Callable[[], None]
) -> Iterator[tuple[int, Frame]]:
    """Yield frames by decord, strictly forward: its seeks decode ahead until memory is full."""
    import decord

    decord.logging.set_level(decord.logging.QUIET)  # what it fails at is in its errors
    _check_suits_decord(path, shape)
    try:
        reader = decord.VideoReader(str(path), ctx=decord.cpu(0), num_threads=1)
        if len(reader) < shape.num_frames:
            raise _DecordRefusedError(f"decord counts {len(reader)} of {shape.num_frames} frames")
        picture = reader.next()
        _compare_first_frames(picture.asnumpy(), next(_read_with_pyav(path, [0], Conversion()))[1])
        position = 0
        for index in indices:
            # One by one: skip_frames() goes by timestamps, and lands two frames off in some AVIs.
            while position < index:
                picture = reader.next()
                position += 1
                progress()
            yield position, picture.asnumpy()
    except (decord.DECORDError, RuntimeError, StopIteration) as error:
        # Its own words hold the time of day and uninitialised numbers: shards would differ by them.
        raise _DecordRefusedError("decord cannot read it") from error


def _check_suits_decord(path: Path, shape: VideoShape) -> None:
    """Refuse decord for what it is known to get wrong or to need unbounded memory for."""
    if shape.damaged:
        raise _DecordRefusedError("the file is damaged")
    if shape.bits > 8:
        raise _DecordRefusedError(f"decord loses colour of {shape.bits} bits")
    if shape.container in DECORD_MISPLACES:
        raise _DecordRefusedError(f"decord misplaces the frames of {shape.container}")
    if printable(path) != str(path):
        raise _DecordRefusedError("the file's name is no valid UTF-8")
    held = path.stat().st_size + shape.num_frames * shape.height * shape.width * 3
    if held > DECORD_MAX_BYTES:
        raise _DecordRefusedError(f"decord would hold the whole video, {held >> 20} MiB")


def _compare_first_frames(decord_frame: Frame, pyav_frame: Frame) -> None:
    """Refuse decord where its first frame is not the video's: its older codecs fail silently."""
    if decord_frame.shape != pyav_frame.shape:
        raise _DecordRefusedError(f"decord gives frames of shape {decord_frame.shape}")
    if not np.array_equal(decord_frame, pyav_frame):
        raise _DecordRefusedError("decord's first frame is another")


def _read_with_pyav(
    path: Path,
    indices: Indices,
    conversion: Conversion,
    progress: Callable[[], None] = lambda: None,
) -> Iterator[tuple[int, Frame]]:
    """Yield frames by PyAV; frames between the wanted ones are decoded but not converted."""
    wanted = iter(indices)
    due = next(wanted, None)
    try:
        with open_stream(path) as (container, stream):
            frames = (item for item in decode(container, stream) if not isinstance(item, Exception))
            for index, frame in enumerate(frames):
                progress()
                conversion.see(frame)
                if due is None:
                    return
                if index == due:
                    yield index, conversion.pixels(frame)
                    due = next(wanted, None)
    except UnreadableVideoError as error:
        raise _changed(path) from error
    if due is not None:
        raise _changed(path)


def _changed(path: Path) -> FootageChangedError:
    """Return the error for a file that no longer holds the frames that the probe counted."""
    return FootageChangedError(
        f"{printable(path)!r} no longer holds the frames that were found in it: run again"
    )
