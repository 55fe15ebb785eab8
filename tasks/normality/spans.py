"""Half-open spans of frames: which frames of a video count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Span = tuple[int, int]  # first frame, and the first one after


def without(spans: Sequence[Span], holes: Iterable[Span]) -> list[Span]:
    """Return what is left of ascending spans when holes are cut into them."""
    left = list(spans)
    for start, end in holes:
        left = [
            piece
            for first, last in left
            for piece in ((first, min(last, start)), (max(first, end), last))
            if piece[0] < piece[1]
        ]
    return left


def overlap(one: Span, other: Span) -> bool:
    """Return whether two spans have a frame in common."""
    return one[0] < other[1] and other[0] < one[1]


def frames_within(
    frame_start: npt.NDArray[np.int64], frame_end: npt.NDArray[np.int64], spans: Sequence[Span]
) -> npt.NDArray[np.int64]:
    """Return how many frames of each row lie in ascending spans that do not overlap, shape (n,)."""
    if not spans:
        return np.zeros(len(frame_start), dtype=np.int64)
    edges = np.array(spans, dtype=np.int64)
    before = np.concatenate([[0], np.cumsum(edges[:, 1] - edges[:, 0])])

    def frames_before(frame: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        span = np.searchsorted(edges[:, 0], frame, side="right")  # spans that have begun
        over = np.minimum(frame, edges[span - 1, 1]) - edges[span - 1, 0]
        counted: npt.NDArray[np.int64] = before[span - 1] + over
        return np.where(span > 0, counted, 0)

    return frames_before(frame_end) - frames_before(frame_start)
