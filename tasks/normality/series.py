"""One video's anomaly scores in order, and how they look when smoothed over time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

CHUNK_ROWS = 1 << 16  # that share one cumulative sum: keeps memory flat and cancellation local
LEAST_COVER_S = 1e-9  # a window that holds less footage than this says nothing


@dataclass(frozen=True, slots=True, eq=False)
class ScoreSeries:
    """One video's scores, one row a tubelet; a hole is where frames were left out.

    Rows are in order and no frame is in two of them. Times never run backwards; rows may last no
    time at all.

    Attributes:
        frame_start: First frame of each row, shape (n,), int64.
        frame_end: End of it, exclusive, shape (n,), int64.
        start_s: When its first frame is shown, shape (n,), float64.
        end_s: When its last frame ends, shape (n,), float64.
        scores: Shape (n,), float64, finite.
    """

    frame_start: Counts
    frame_end: Counts
    start_s: Floats
    end_s: Floats
    scores: Floats

    def __post_init__(self) -> None:
        columns = (self.frame_start, self.frame_end, self.start_s, self.end_s, self.scores)
        if self.scores.ndim != 1 or len({column.shape for column in columns}) != 1:
            raise ValueError(f"rows have one value a column, got {[c.shape for c in columns]}")
        if (self.frame_start >= self.frame_end).any():
            raise ValueError("a row speaks for at least one frame")
        if (self.frame_start[1:] < self.frame_end[:-1]).any():
            raise ValueError("rows are in order and share no frame")
        if not all(np.isfinite(column).all() for column in columns[2:]):
            raise ValueError("times and scores are finite")
        backwards = (np.diff(self.start_s) < 0).any() or (np.diff(self.end_s) < 0).any()
        if backwards or (self.start_s > self.end_s).any():
            raise ValueError("times never run backwards")

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def frames(self) -> Counts:
        """How many frames each row speaks for, shape (n,)."""
        return self.frame_end - self.frame_start

    @property
    def duration_s(self) -> float:
        """Seconds of footage in its rows; holes count for nothing."""
        return float(np.sum(self.end_s - self.start_s))

    @property
    def follows(self) -> npt.NDArray[np.bool_]:
        """Whether each row but the first begins where the one before ends, shape (n - 1,)."""
        follows: npt.NDArray[np.bool_] = self.frame_start[1:] == self.frame_end[:-1]
        return follows

    def smoothed(self, window_s: float, *, causal: bool) -> ScoreSeries:
        """Return the series with each score replaced by the mean over a window of time.

        A score weighs as long as its row lies in the window: `window_s` up to the row's end, or
        centred on its middle. A window without footage leaves the score as it is.

        Args:
            window_s: 0 leaves all scores as they are.
            causal: Whether the window only looks back.
        """
        if window_s <= 0 or not len(self):
            return self
        end_s = self.end_s if causal else (self.start_s + self.end_s + window_s) / 2
        start_s = end_s - window_s
        means = np.empty_like(self.scores)
        for first in range(0, len(self), CHUNK_ROWS):
            rows = slice(first, first + CHUNK_ROWS)
            means[rows] = self._means(start_s[rows], end_s[rows], self.scores[rows])
        return replace(self, scores=means)

    def _means(self, start_s: Floats, end_s: Floats, otherwise: Floats) -> Floats:
        """Return the mean score over each [start_s, end_s); both are ascending."""
        first = int(np.searchsorted(self.end_s, start_s[0], side="right"))
        last = int(np.searchsorted(self.start_s, end_s[-1], side="right"))
        if first >= last:
            return otherwise
        begins, values = self.start_s[first:last], self.scores[first:last]
        lasts = self.end_s[first:last] - begins
        origin = float(np.median(values))  # sums of small differences lose few digits
        heights = values - origin
        areas = np.concatenate([[0.0], np.cumsum(heights * lasts)])
        covers = np.concatenate([[0.0], np.cumsum(lasts)])

        def until(moments: Floats) -> tuple[Floats, Floats]:
            row = np.searchsorted(begins, moments, side="right") - 1
            inside = np.clip(moments - begins[row], 0, lasts[row])
            inside[row < 0] = 0
            row = np.maximum(row, 0)
            return areas[row] + heights[row] * inside, covers[row] + inside

        (area, cover), (area_before, cover_before) = until(end_s), until(start_s)
        cover -= cover_before
        means = origin + (area - area_before) / np.maximum(cover, LEAST_COVER_S)
        return np.where(
            cover > LEAST_COVER_S, np.clip(means, values.min(), values.max()), otherwise
        )
