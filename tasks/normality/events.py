"""From flagged frames to events: the stretches that somebody looks at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Event:
    """A stretch of flagged frames.

    Attributes:
        frame_start: Its first frame.
        frame_end: End of it, exclusive.
        peak_frame: First frame of the highest score.
        peak_score: The highest score.
        mean_score: Mean over its frames.
    """

    frame_start: int
    frame_end: int
    peak_frame: int
    peak_score: float
    mean_score: float

    def __post_init__(self) -> None:
        if not self.frame_start <= self.peak_frame < self.frame_end:
            raise ValueError(f"an event's peak lies within it, got {self}")


def find_events(scores: npt.NDArray[np.float64], flagged: npt.NDArray[np.bool_]) -> Iterator[Event]:
    """Yield each maximal stretch of flagged frames of one video, in order.

    Args:
        scores: One a frame, shape (N,).
        flagged: Whether the frame is flagged, shape (N,).
    """
    edges = np.flatnonzero(np.diff(flagged.astype(np.int8), prepend=0, append=0))
    for start, end in edges.reshape(-1, 2).tolist():
        stretch = scores[start:end]
        peak = int(np.argmax(stretch))
        highest = float(stretch[peak])
        mean = min(float(stretch.mean()), highest)  # rounding may lift the mean of equal scores
        yield Event(start, end, start + peak, highest, mean)
