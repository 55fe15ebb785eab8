"""When each frame was shown and the video made, from the stream's and the file's own word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt

REORDER_DEPTH = 16  # frames; H.264 and HEVC allow no decoder to hold back more


def presentation_times(timestamps: Sequence[int | None], step: float) -> npt.NDArray[np.float64]:
    """Return the times of frames in the order they are shown, never running backwards.

    A decoder hands frames over in presentation order, but containers without presentation
    timestamps (AVI with B-frames) leave those of neighbouring frames swapped: they are sorted. A
    missing timestamp is the one before it plus ``step``. Where the clock is set back further than
    a decoder can reorder (joined recordings), it goes on from the last time.

    Args:
        timestamps: Presentation timestamps in the order decoded, None where there is none.
        step: Usual distance of two frames, in the same unit; above 0.

    Returns:
        Times in the same unit, shape (N,), ascending.
    """
    ticks = _without_gaps(timestamps, step)
    set_back = np.flatnonzero(np.diff(ticks) < -REORDER_DEPTH * step) + 1
    pieces = [np.sort(piece) for piece in np.split(ticks, set_back)]
    for before, piece in pairwise(pieces):
        piece += max(0.0, before[-1] + step - piece[0])
    return np.concatenate(pieces)


def _without_gaps(timestamps: Sequence[int | None], step: float) -> npt.NDArray[np.float64]:
    """Return the timestamps with each missing one put ``step`` behind the one before it."""
    ticks = np.array([np.nan if tick is None else tick for tick in timestamps], dtype=np.float64)
    known = ~np.isnan(ticks)
    if not known.any():
        return np.arange(len(ticks), dtype=np.float64) * step
    places = np.arange(len(ticks))
    anchors = np.maximum.accumulate(np.where(known, places, int(np.argmax(known))))
    filled: npt.NDArray[np.float64] = ticks[anchors] + (places - anchors) * step
    return filled


def moment_of(text: str) -> str | None:
    """Return the creation time that a container states, ISO 8601 in UTC, or None.

    Cameras write the moment at which recording began; some phones write the one at which it ended.
    A clock that was never set (1904, 1970) says nothing, nor does one without a zone.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None or moment.year <= 1970:
        return None
    return moment.astimezone(UTC).isoformat()
