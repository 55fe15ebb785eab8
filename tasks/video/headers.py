"""How many frames a file's header promises: enough for an estimate, and never more than that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.video.container import open_stream

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

MICROSECONDS = 1_000_000  # the unit of a container's duration


def read_header(path: Path) -> int | None:
    """Return the frames that a video's header counts, or that its length comes to; None if neither.

    Raises:
        UnreadableVideoError: The file holds no video.
        OSError: It is not there, or not permitted.
    """
    with open_stream(path) as (container, stream):
        promised = stream.frames or _frames_by_length(container, stream)
    # A damaged header promises anything; a frame takes a byte at least.
    return promised if 0 < promised <= path.stat().st_size else None


def _frames_by_length(container: InputContainer, stream: VideoStream) -> int:
    """Return the frames that a video's length and rate come to, or 0."""
    rate = stream.average_rate or stream.guessed_rate
    if not rate:
        return 0
    if stream.duration and stream.time_base:
        return round(stream.duration * stream.time_base * rate)
    return round(container.duration * rate / MICROSECONDS) if container.duration else 0
