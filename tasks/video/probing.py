"""What a video really holds, found by decoding it once from end to end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tasks.video.container import decode, open_stream
from tasks.video.ending import Ending
from tasks.video.errors import UnreadableVideoError
from tasks.video.signs import NO_SIGNS, Signs, SignsMeter
from tasks.video.timing import moment_of, presentation_times

if TYPE_CHECKING:
    from av.error import FFmpegError
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

USUAL_FPS = Fraction(25)
# No camera films beyond these, but files made to exhaust memory do: a clip of such pictures is
# gigabytes, and so is a thin one once its short side is scaled to the encoder's.
MAX_PIXELS = 1 << 26
MAX_ASPECT = 50


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A video as its decoder gives it.

    Attributes:
        times_s: When each frame is shown, by the stream's timestamps in seconds, shape (N,),
            float64, ascending; N frames decode.
        end_time_s: When the last frame ends.
        width: Pixels a row of the first frame, after rotation.
        height: Rows of the first frame, after rotation.
        rotation: Quarter turns counter-clockwise that show the frame upright, 0 to 3.
        bits: Bits of a colour component; cameras give 8, phones also 10.
        codec: The stream's codec.
        container: The file's format.
        damage: Decoder errors met on the way and how often; empty for a sound file.
        signs: What tells of the camera's health.
        truncated: Whether the file ends before its header says, or within a packet.
        created_at: When the container says that it was made, ISO 8601 in UTC, or None.
    """

    times_s: npt.NDArray[np.float64]
    end_time_s: float
    width: int
    height: int
    rotation: int
    bits: int
    codec: str
    container: str
    damage: dict[str, int]
    signs: Signs = NO_SIGNS
    truncated: bool = False
    created_at: str | None = None

    def __post_init__(self) -> None:
        if not len(self.times_s) or (np.diff(self.times_s) < 0).any():
            raise ValueError("a video has a frame at least, and its times ascend")

    @property
    def num_frames(self) -> int:
        """N, the frames that decode."""
        return len(self.times_s)


def probe_video(path: Path, progress: Callable[[], None] = lambda: None) -> Probe:
    """Decode a video once, and return what it holds.

    Args:
        path: The file.
        progress: Called for every frame and every error met.

    Raises:
        UnreadableVideoError: No frame of it decodes, or its pictures are out of all measure.
        OSError: It is not there, not permitted, or the disk does not give it.
    """
    with open_stream(path) as (container, stream):
        ending = Ending(stream.index)
        frames = decode(container, stream, ending.watch)
        time_base = stream.time_base or Fraction(1, 90_000)
        meter = SignsMeter(float(1 / time_base))
        first, ticks, last_ticks, damage = _walk(frames, meter, progress)
        if first is None:
            words = "; ".join(damage) or "end of file"
            raise UnreadableVideoError("no frame of the video can be decoded", words)
        step = float(last_ticks or 1 / (_frame_rate(stream) * time_base))
        turns = quarter_turns(first)
        width, height = (first.width, first.height)[:: -1 if turns % 2 else 1]
        times = presentation_times(ticks, step)
        times_s = times * float(time_base)
        end_time_s = float(times[-1] + step) * float(time_base)
        return Probe(
            times_s=times_s,
            end_time_s=end_time_s,
            width=width,
            height=height,
            rotation=turns,
            bits=max(component.bits for component in first.format.components),
            codec=stream.codec_context.name,
            container=container.format.name,
            damage=dict(damage),
            signs=meter.signs(times_s, end_time_s),
            truncated=ending.is_early(container, stream),
            created_at=moment_of(container.metadata.get("creation_time", "")),
        )


def quarter_turns(frame: VideoFrame) -> int:
    """Return the counter-clockwise quarter turns that a frame's display matrix asks for."""
    return round(frame.rotation / 90) % 4 if abs(frame.rotation) <= 360 else 0


def _walk(
    decoded: Iterable[VideoFrame | FFmpegError], meter: SignsMeter, progress: Callable[[], None]
) -> tuple[VideoFrame | None, list[int | None], int, Counter[str]]:
    """Return the first frame, every timestamp, the last frame's duration, and the errors."""
    first: VideoFrame | None = None
    ticks: list[int | None] = []
    duration = 0
    damage: Counter[str] = Counter()
    for item in decoded:
        progress()
        if isinstance(item, Exception):
            damage[item.strerror or str(item)] += 1
            continue
        if item.is_corrupt:
            damage["frames that are marked as corrupt"] += 1
        if first is None:
            _check_size(item.width, item.height)
            first = item
        meter.look_at(len(ticks), item)
        ticks.append(item.pts)
        duration = item.duration
    return first, ticks, duration, damage


def _check_size(width: int, height: int) -> None:
    """Refuse pictures that no encoder could be given.

    Raises:
        UnreadableVideoError: They are too large or too thin.
    """
    if width * height > MAX_PIXELS or max(width, height) > MAX_ASPECT * min(width, height):
        raise UnreadableVideoError(
            f"its pictures of {width}x{height} are larger than {MAX_PIXELS >> 20} megapixels or "
            f"thinner than 1:{MAX_ASPECT}"
        )


def _frame_rate(stream: VideoStream) -> Fraction:
    """Return the frames per second that the stream claims, or a usual number."""
    return stream.average_rate or stream.guessed_rate or USUAL_FPS
