"""How a video's frame scores become a curve that fits on a page, without losing a single peak."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CHART_WIDTH = 1000
CHART_HEIGHT = 200
_HEADROOM = 1.2
_NARROWEST_BAND = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The highest score in each of a video's consecutive stretches of time.

    Bin ``i`` speaks for ``[edges_s[i], edges_s[i + 1])``, the last one for its end as well. Every
    bin holds at least one frame, so the highest of ``peaks`` is the highest score of the video.

    Attributes:
        edges_s: Bin edges, shape (B + 1,), float64, seconds, never falling.
        peaks: Highest score of each bin, shape (B,), float64, never NaN.
    """

    edges_s: npt.NDArray[np.float64]
    peaks: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        """Check the invariant; a curve with holes would hide frames from the person who looks."""
        if self.peaks.ndim != 1 or self.peaks.size == 0:
            raise ValueError(f"a timeline needs at least one bin, got {self.peaks.shape = }")
        if self.edges_s.shape != (self.peaks.size + 1,):
            raise ValueError(f"expected one edge more than bins, got {self.edges_s.shape = }")
        if not np.isfinite(self.edges_s).all() or (np.diff(self.edges_s) < 0).any():
            raise ValueError("edges_s must be finite and never fall")
        if np.isnan(self.peaks).any():
            raise ValueError("scores must not be NaN: such a frame was never compared to anything")

    @property
    def peak(self) -> float:
        """Highest score of the video."""
        return float(self.peaks.max())


def timeline_of(
    times_s: npt.NDArray[np.float64], scores: npt.NDArray[np.float64], bins: int = 600
) -> Timeline:
    """Summarise a video's scores in at most ``bins`` stretches of about equal length.

    A stretch that holds no frame joins the one before it, as a picture stays on a screen until the
    next one comes.

    Args:
        times_s: Time of each frame, shape (N,), float64, seconds, N >= 1, in any order.
        scores: Score of each frame, shape (N,), float64.
        bins: Most bins to make, at least 1.

    Raises:
        ValueError: The arrays are empty, differ in shape, or hold NaN or an infinite time.
    """
    if times_s.ndim != 1 or times_s.shape != scores.shape or times_s.size == 0 or bins < 1:
        raise ValueError(
            f"expected N >= 1 times and scores and bins >= 1, "
            f"got {times_s.shape = }, {scores.shape = }, {bins = }"
        )
    if not np.isfinite(times_s).all():
        raise ValueError("times_s must be finite: a frame without a time has no place on the axis")
    if (np.diff(times_s) < 0).any():
        order = np.argsort(times_s, kind="stable")
        times_s, scores = times_s[order], scores[order]
    span_s = times_s[-1] - times_s[0]
    shares = (times_s - times_s[0]) / (span_s if span_s > 0 else 1.0)
    bin_of_frame = np.minimum((shares * bins).astype(np.int64), bins - 1)
    firsts = np.flatnonzero(np.diff(bin_of_frame, prepend=-1))
    edges_s = np.append(times_s[firsts], times_s[-1])
    return Timeline(edges_s, np.maximum.reduceat(scores, firsts))


@dataclass(frozen=True, slots=True)
class Chart:
    """A timeline drawn on a canvas of ``CHART_WIDTH`` by ``CHART_HEIGHT``, score axis from 0.

    Attributes:
        outline: SVG path data of the area under the scores.
        threshold_y: Height of the threshold line, canvas units from the top.
        bands: Left edge and width of each event's stretch, canvas units.
        start_s: Time at the left edge.
        end_s: Time at the right edge.
    """

    outline: str
    threshold_y: float
    bands: tuple[tuple[float, float], ...]
    start_s: float
    end_s: float


def draw(
    timeline: Timeline, threshold: float, spans_s: Sequence[tuple[float, float]], duration_s: float
) -> Chart:
    """Draw one video's scores, the threshold and the events.

    Args:
        timeline: The video's scores over time.
        threshold: Score above which a frame is flagged.
        spans_s: Start and end of each event, seconds.
        duration_s: Length of the footage, seconds.
    """
    start_s = min([float(timeline.edges_s[0]), *(start for start, _ in spans_s)])
    ends_s = [float(timeline.edges_s[-1]), start_s + duration_s, *(end for _, end in spans_s)]
    # A single frame of unknown length still needs an axis to stand on.
    end_s = max(ends_s) if max(ends_s) > start_s else start_s + 1.0

    def across(time_s: float) -> float:
        return round((time_s - start_s) / (end_s - start_s) * CHART_WIDTH, 1)

    edges = [across(float(edge)) for edge in timeline.edges_s[:-1]]
    heights = _heights(np.append(timeline.peaks, threshold))
    return Chart(
        outline=_outline([*edges, float(CHART_WIDTH)], heights[:-1]),
        threshold_y=heights[-1],
        bands=tuple(_band(across(start), across(end)) for start, end in spans_s),
        start_s=start_s,
        end_s=end_s,
    )


def _heights(scores: npt.NDArray[np.float64]) -> list[float]:
    """Return canvas heights of scores, shape (B,); the highest finite one sets the scale."""
    finite = scores[np.isfinite(scores)]
    top = float(finite.max(initial=0.0)) or 1.0
    shares = np.clip(scores / top, 0.0, _HEADROOM) / _HEADROOM
    return [round(float(height), 1) for height in CHART_HEIGHT * (1.0 - shares)]


def _outline(edges: Sequence[float], heights: Sequence[float]) -> str:
    """Return path data of a staircase that stands on the bottom of the canvas."""
    steps = [f"V{height:g}H{right:g}" for height, right in zip(heights, edges[1:], strict=True)]
    return f"M{edges[0]:g} {CHART_HEIGHT}{''.join(steps)}V{CHART_HEIGHT}Z"


def _band(left: float, right: float) -> tuple[float, float]:
    """Return left edge and width, wide enough to be seen and inside the canvas."""
    width = max(right - left, _NARROWEST_BAND)
    return min(left, CHART_WIDTH - width), round(width, 1)
