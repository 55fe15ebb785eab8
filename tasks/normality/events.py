"""From scores to events: the stretches that somebody looks at."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from tasks.normality.series import Counts, Floats, ScoreSeries


@dataclass(frozen=True, slots=True)
class Event:
    """A stretch of frames.

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


@dataclass(frozen=True, slots=True)
class EventRule:
    """What makes an event of scores, applied in the order of the attributes.

    With every setting at its default an event is each maximal stretch of frames whose score is
    above the threshold.

    Attributes:
        smooth_s: Window of the moving average that is compared; 0 is off.
        causal: Whether that window only looks back.
        hysteresis: An event starts above the threshold and goes on above this share of it, which
            for a negative threshold lies as far below as for its positive twin; 1 is off.
        merge_gap_s: Events nearer than this become one, holes or not; 0 is off.
        min_length_s: Events shorter than this are none.
        padding_s: An event takes in the rows within this distance; those that then touch are one.
    """

    smooth_s: float = 0.0
    causal: bool = False
    hysteresis: float = 1.0
    merge_gap_s: float = 0.0
    min_length_s: float = 0.0
    padding_s: float = 0.0

    def __post_init__(self) -> None:
        lengths = (self.smooth_s, self.merge_gap_s, self.min_length_s, self.padding_s)
        if not all(0 <= length < np.inf for length in lengths):
            raise ValueError(f"lengths of time are finite and not negative, got {self}")
        if not 0 < self.hysteresis <= 1:
            raise ValueError(f"hysteresis is above 0 and at most 1, got {self}")

    def floor(self, threshold: float) -> float:
        """Return what the score has to stay above for an event to go on."""
        return threshold - (1 - self.hysteresis) * abs(threshold)

    def as_json(self) -> dict[str, float | bool]:
        """Return its settings."""
        return asdict(self)


RAW = EventRule()
MERGED = EventRule(merge_gap_s=5.0)  # what somebody looks at once

Spans = tuple[Counts, Counts]  # first row of each stretch and its end, exclusive, ascending


def find_events(series: ScoreSeries, threshold: float, rule: EventRule = RAW) -> list[Event]:
    """Return the events of one video, in order; their scores are those that the rule compares."""
    compared = series.smoothed(rule.smooth_s, causal=rule.causal)
    first, end = find_spans(compared, threshold, rule)
    if not len(first):
        return []
    peak_row, mean = _peak_rows(compared.scores, first, end), _means(compared, first, end)
    peak = compared.scores[peak_row]
    columns = (
        series.frame_start[first],
        series.frame_end[end - 1],
        series.frame_start[peak_row],
        peak,
        np.minimum(mean, peak),  # rounding may lift the mean of equal scores
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [Event(*row) for row in rows]


def find_spans(series: ScoreSeries, threshold: float, rule: EventRule) -> Spans:
    """Return the rows of each event of scores that are smoothed already."""
    first, end = _stretches(series, threshold, rule.floor(threshold))
    if rule.merge_gap_s > 0 and len(first):
        near = series.end_s[end[:-1] - 1] > series.start_s[first[1:]] - rule.merge_gap_s
        first, end = _joined(first, end, near)
    if rule.min_length_s > 0:
        long = series.end_s[end - 1] - series.start_s[first] >= rule.min_length_s
        first, end = first[long], end[long]
    if rule.padding_s > 0 and len(first):
        first, end = _padded(series, first, end, rule.padding_s)
    return first, end


def flagged_rows(series: ScoreSeries, threshold: float, rule: EventRule) -> npt.NDArray[np.bool_]:
    """Return whether each row lies in an event, shape (n,)."""
    first, end = find_spans(series.smoothed(rule.smooth_s, causal=rule.causal), threshold, rule)
    steps = np.zeros(len(series) + 1, dtype=np.int8)
    steps[first] += 1
    steps[end] -= 1
    return np.cumsum(steps[:-1], dtype=np.int8).astype(np.bool_)


def _stretches(series: ScoreSeries, threshold: float, floor: float) -> Spans:
    """Return each stretch above the floor from its first row above the threshold on."""
    above = np.concatenate([[False], series.scores > floor, [False]])
    broken = np.concatenate([[True], ~series.follows, [True]])[: len(series) + 1]
    first = np.flatnonzero(above[1:] & (~above[:-1] | broken))
    end = np.flatnonzero(above[:-1] & (~above[1:] | broken))
    if floor == threshold:
        return first, end
    high = np.flatnonzero(series.scores > threshold)
    place = np.searchsorted(high, first)
    start = np.append(high, len(series))[place]
    return start[start < end], end[start < end]


def _joined(first: Counts, end: Counts, together: npt.NDArray[np.bool_]) -> Spans:
    """Return the spans with those neighbours joined."""
    return first[np.concatenate([[True], ~together])], end[np.concatenate([~together, [True]])]


def _padded(series: ScoreSeries, first: Counts, end: Counts, padding_s: float) -> Spans:
    """Return the spans with the rows that lie within that distance, joined where they touch."""
    earliest = np.searchsorted(series.end_s, series.start_s[first] - padding_s, side="right")
    latest = np.searchsorted(series.start_s, series.end_s[end - 1] + padding_s, side="left")
    first, end = np.minimum(first, earliest), np.maximum(end, latest)
    follows = np.append(series.follows, False)
    touch = (first[1:] < end[:-1]) | ((first[1:] == end[:-1]) & follows[end[:-1] - 1])
    return _joined(first, end, touch)


def _peak_rows(scores: Floats, first: Counts, end: Counts) -> Counts:
    """Return the first row of the highest score of each span."""
    edges = np.stack([first, end], axis=1).ravel()
    peaks = np.maximum.reduceat(np.append(scores, -np.inf), edges)[::2]
    lengths = end - first
    rows = np.arange(lengths.sum()) + np.repeat(first - (np.cumsum(lengths) - lengths), lengths)
    owners = np.repeat(np.arange(len(first)), lengths)
    highest = scores[rows] == peaks[owners]
    found: Counts = rows[highest][np.searchsorted(owners[highest], np.arange(len(first)))]
    return found


def _means(series: ScoreSeries, first: Counts, end: Counts) -> Floats:
    """Return the mean over the frames of each span."""
    edges = np.stack([first, end], axis=1).ravel()
    sums = np.add.reduceat(np.append(series.scores * series.frames, 0.0), edges)[::2]
    means: Floats = sums / np.add.reduceat(np.append(series.frames, 0), edges)[::2]
    return means
