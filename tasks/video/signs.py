"""The signs of a camera's health: what is measured of a video's pictures while it is probed.

Nothing is decided here. A picture is measured once a second at most and no oftener than is cheap,
on a few of its rows: that costs what one or two frames cost to decode.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

SECONDS_APART = 1
# Of small pictures, which decode in less time than they are measured in, fewer are measured.
PIXELS_APART = 2_800_000
FRAMES_APART = (8, 40)
MAX_FRAMES_APART = 256  # where timestamps stand still

THUMBNAIL = (18, 32)  # rows, columns
ROWS_A_CELL = 2
# Small pictures wait for each other: measured in a row, each takes half the time.
PIXELS_WAITING = 1 << 20
FINE, COARSE = 1, 8  # columns

Luma = npt.NDArray[np.uint8]  # some rows of a picture, (18 * 4, W)


@dataclass(frozen=True, slots=True, eq=False)
class Signs:
    """What was measured of a video's pictures, one row a sample.

    A sample speaks for the frames up to the next one. Pictures are measured as they are stored: not
    rotated, with luma in the range of the file.

    Attributes:
        frame_start: The frame measured, shape (S,), int64.
        frame_end: End of the frames that the sample speaks for, exclusive, shape (S,), int64.
        time_start_s: When the first of them is shown, shape (S,), float64.
        time_end_s: When the last of them ends, shape (S,), float64.
        fine: Mean squared difference of pixels one column apart, shape (S,), float32.
        coarse: The same of pixels eight columns apart.
        changed: Share of pixels that differ at all from the sample before, shape (S,), float32; 1
            where there is none of that size.
        thumbnails: Mean luma of the picture's parts, shape (S, 18, 32), uint8.
    """

    frame_start: npt.NDArray[np.int64]
    frame_end: npt.NDArray[np.int64]
    time_start_s: npt.NDArray[np.float64]
    time_end_s: npt.NDArray[np.float64]
    fine: npt.NDArray[np.float32]
    coarse: npt.NDArray[np.float32]
    changed: npt.NDArray[np.float32]
    thumbnails: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        samples = len(self.frame_start)
        scalars = (self.frame_end, self.time_start_s, self.time_end_s, self.fine, self.coarse)
        if any(column.shape != (samples,) for column in (*scalars, self.changed)):
            raise ValueError(f"each of {samples} samples has one of every sign")
        if self.thumbnails.shape != (samples, *THUMBNAIL):
            raise ValueError(f"{samples} samples have thumbnails of {self.thumbnails.shape}")
        if not np.array_equal(self.frame_start[1:], self.frame_end[:-1]):
            raise ValueError("a sample speaks for the frames up to the next one")
        if (self.frame_start >= self.frame_end).any():
            raise ValueError("a sample speaks for a frame at least")


NO_SIGNS = Signs(
    *(np.zeros(0, np.int64),) * 2,
    *(np.zeros(0),) * 2,
    *(np.zeros(0, np.float32),) * 3,
    np.zeros((0, *THUMBNAIL), np.uint8),
)


@dataclass(slots=True)
class SignsMeter:
    """Measures the frames of one video, shown to it in order.

    Attributes:
        second: Ticks of the stream's timestamps in a second.
    """

    second: float
    _frames: list[int] = field(default_factory=list)
    _scalars: list[tuple[float, float, float]] = field(default_factory=list)
    _thumbnails: bytearray = field(default_factory=bytearray)
    _waiting: list[tuple[int, VideoFrame]] = field(default_factory=list)
    _before: Luma | None = None
    _ticks: int | None = None
    _earliest: int = 0
    _latest: int = 0

    def look_at(self, index: int, frame: VideoFrame) -> None:
        """Measure a frame, if its turn has come."""
        if index < self._earliest:
            return
        ticks = frame.pts
        if (
            index < self._latest
            and ticks is not None
            and self._ticks is not None
            and abs(ticks - self._ticks) < SECONDS_APART * self.second
        ):
            return
        self._ticks = ticks
        apart = PIXELS_APART // (frame.width * frame.height)
        self._earliest = index + min(max(apart, FRAMES_APART[0]), FRAMES_APART[1])
        self._latest = index + MAX_FRAMES_APART
        self._waiting.append((index, frame))
        if len(self._waiting) * frame.width * frame.height >= PIXELS_WAITING:
            self._measure()

    def signs(self, times_s: npt.NDArray[np.float64], end_time_s: float) -> Signs:
        """Return what was measured.

        Args:
            times_s: When each frame is shown, shape (N,).
            end_time_s: When the last frame ends.
        """
        self._measure()
        starts = np.array(self._frames, dtype=np.int64)
        ends = np.append(starts, len(times_s))[1:]
        fine, coarse, changed = np.array(self._scalars, np.float32).reshape(-1, 3).T.copy()
        return Signs(
            frame_start=starts,
            frame_end=ends,
            time_start_s=times_s[starts],
            time_end_s=np.append(times_s, end_time_s)[ends],
            fine=fine,
            coarse=coarse,
            changed=changed,
            thumbnails=np.frombuffer(self._thumbnails, np.uint8).reshape(-1, *THUMBNAIL).copy(),
        )

    def _measure(self) -> None:
        """Measure the pictures that wait for it."""
        for index, frame in self._waiting:
            rows = _luma_rows(frame)
            if rows is None:
                continue
            changed = 1.0
            if self._before is not None and self._before.shape == rows.shape:
                changed = np.count_nonzero(rows != self._before) / rows.size
            half = rows[::2].astype(np.float32)
            self._frames.append(index)
            self._scalars.append((_steps(half, FINE), _steps(half, COARSE), changed))
            self._thumbnails += _thumbnail(rows).tobytes()
            self._before = rows
        self._waiting.clear()


def _luma_rows(frame: VideoFrame) -> Luma | None:
    """Return evenly spaced rows of a picture, or None where nothing converts its format.

    Raises:
        MemoryError: Memory ran out.
    """
    bits = _plain_luma_bits(frame.format.name)
    if not bits or frame.planes[0].line_size < 0:  # stored upwards, which no buffer shows
        from av.error import FFmpegError

        try:
            frame, bits = frame.reformat(format="gray8"), 8
        except MemoryError:
            raise
        except (FFmpegError, ValueError):
            return None
    plane = frame.planes[0]
    lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    chosen = _row_numbers(frame.height)
    if bits == 8:
        return lines[:, : frame.width].take(chosen, axis=0)
    deep = lines.view("<u2")[:, : frame.width].take(chosen, axis=0)
    return (deep >> (bits - 8)).astype(np.uint8)


@cache
def _plain_luma_bits(pixel_format: str) -> int:
    """Return the bits of luma where the first plane holds nothing else, or 0."""
    from av import VideoFormat

    known = VideoFormat(pixel_format)
    if known.has_palette or not known.components or not known.components[0].is_luma:
        return 0
    if any(component.plane == 0 for component in known.components[1:]):
        return 0
    bits = known.components[0].bits
    # Deep pixels lie in the lower bits of little-endian words in these formats only.
    deep = 8 < bits <= 16 and pixel_format.startswith(("yuv", "gray")) and pixel_format[-2:] == "le"
    return bits if bits == 8 or deep else 0


@cache
def _row_numbers(height: int) -> npt.NDArray[np.intp]:
    """Return the rows that are measured; a picture of few rows gives some of them repeatedly."""
    rows = THUMBNAIL[0] * ROWS_A_CELL
    return (2 * np.arange(rows) + 1) * height // (2 * rows)


@cache
def _column_starts(width: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """Return where the columns of a thumbnail start, and over how many pixels each sums up."""
    starts = np.arange(THUMBNAIL[1]) * width // THUMBNAIL[1]
    pixels = np.maximum(np.diff(starts, append=width), 1) * ROWS_A_CELL
    return starts, pixels.astype(np.float32)


def _thumbnail(rows: Luma) -> npt.NDArray[np.uint8]:
    """Return the mean of each part of a picture."""
    starts, pixels = _column_starts(rows.shape[1])
    bands = np.add(rows[::2], rows[1::2], dtype=np.uint16)
    sums = np.add.reduceat(bands, starts, axis=1, dtype=np.float32)
    return (sums / pixels + 0.5).astype(np.uint8)


def _steps(rows: npt.NDArray[np.float32], columns: int) -> float:
    """Return the mean squared difference of pixels some columns apart; 0 where there are none."""
    steps = rows[:, columns:] - rows[:, :-columns]
    # Not np.vdot: BLAS would add in an order that depends on its threads.
    return float(np.einsum("ij,ij->", steps, steps)) / max(steps.size, 1)
