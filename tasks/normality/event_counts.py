"""How many events any threshold would give, known for all thresholds at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tasks.normality.events import EventRule, find_spans
from tasks.normality.series import Counts, Floats, ScoreSeries

LADDER_STEP = 1.05  # from one rank of a score to the next that is tried, where counting is slow


@dataclass(frozen=True, slots=True, eq=False)
class EventCurve:
    """The number of events as a step function of the threshold.

    It need not fall with the threshold: a lower one can merge two events into one.

    Attributes:
        levels: Ascending and distinct, shape (m,), m >= 1, from the lowest score to the highest.
        counts: Events at a threshold from each level up to the next, shape (m,); the last is 0.
    """

    levels: Floats
    counts: Counts

    def __post_init__(self) -> None:
        if not len(self.levels) or self.levels.shape != self.counts.shape:
            raise ValueError(f"got {len(self.levels)} levels and {len(self.counts)} counts")
        if (np.diff(self.levels) <= 0).any() or self.counts[-1] != 0:
            raise ValueError("levels ascend, and above the last there is no event")

    @classmethod
    def of(cls, videos: Sequence[ScoreSeries], rule: EventRule) -> EventCurve:
        """Count the events of videos that are smoothed already; at least one has a row.

        Exact where the rule does no more than merge. Otherwise it steps down a ladder of scores
        whose ranks grow by 5 %, each level counted exactly.
        """
        seen = [video.scores for video in videos if len(video)]
        ends_of_range = [min(map(np.min, seen)), max(map(np.max, seen))]
        if rule.hysteresis == 1 and not rule.min_length_s and not rule.padding_s:
            pieces = [_births(video, rule.merge_gap_s) for video in videos]
            starts, ends = (np.sort(np.concatenate(part)) for part in zip(*pieces, strict=True))
            bounds = np.concatenate([starts, ends, ends_of_range])
            levels = np.unique(bounds[np.isfinite(bounds)])
            counts = np.searchsorted(starts, levels, side="right") - np.searchsorted(
                ends, levels, side="right"
            )
            return cls(levels, counts)
        levels = _ladder(np.concatenate([video.scores for video in videos]))
        return cls(levels, np.sum([_count(video, levels, rule) for video in videos], axis=0))

    def at(self, thresholds: npt.ArrayLike) -> Counts:
        """Return the events at each threshold; below the first level, those at the first."""
        place = np.searchsorted(self.levels, thresholds, side="right") - 1
        return self.counts[np.maximum(place, 0)]

    def most_above(self, threshold: float) -> int:
        """Return the most events that any threshold from this one on would give."""
        place = int(np.searchsorted(self.levels, threshold, side="right")) - 1
        return int(self.counts[max(place, 0) :].max())

    def lowest(self, allowed: float) -> float:
        """Return the lowest threshold from which on no threshold gives more events than allowed.

        Where none ever does, that of the most events: any lower one only melts them together.
        """
        over = np.flatnonzero(self.counts > allowed)
        if len(over):
            return float(self.levels[over[-1] + 1])
        return float(self.levels[np.flatnonzero(self.counts == self.counts.max())[-1]])


def count_events(series: ScoreSeries, thresholds: npt.ArrayLike, rule: EventRule) -> Counts:
    """Return how many events each threshold gives, as `find_events` finds them.

    Sorting once serves all thresholds where the rule does no more than smooth and merge.
    """
    compared = series.smoothed(rule.smooth_s, causal=rule.causal)
    candidates = np.asarray(thresholds, dtype=np.float64)
    if rule.hysteresis == 1 and not rule.min_length_s and not rule.padding_s:
        starts, ends = (np.sort(part) for part in _births(compared, rule.merge_gap_s))
        return np.searchsorted(starts, candidates, side="right") - np.searchsorted(
            ends, candidates, side="right"
        )
    return _count(compared, candidates, rule)


def _count(compared: ScoreSeries, thresholds: Floats, rule: EventRule) -> Counts:
    """Return how many events each threshold gives, one after the other."""
    found = [len(find_spans(compared, float(level), rule)[0]) for level in thresholds]
    return np.array(found, dtype=np.int64)


def _births(series: ScoreSeries, merge_gap_s: float) -> tuple[Floats, Floats]:
    """Return the thresholds [from, to) at which a row begins an event, for each that ever does.

    A row does where it is above the threshold and no row is that it would be merged with: from the
    highest of those that are near enough before it up to its own score.
    """
    rows = np.arange(len(series))
    earliest = rows.copy()
    earliest[1:] -= series.follows
    if merge_gap_s > 0:
        near = np.searchsorted(series.end_s, series.start_s - merge_gap_s, side="right")
        earliest = np.minimum(earliest, near)
    before = _highest(series.scores, earliest, rows)
    begins = before < series.scores
    return before[begins], series.scores[begins]


def _highest(values: Floats, first: Counts, end: Counts) -> Floats:
    """Return the highest of values[first:end] for each, -inf where there is none."""
    found = np.full(len(first), -np.inf)
    lengths = end - first
    tops, size = values, 1  # tops[i] is the highest of values[i : i + size]
    while len(tops) and size <= lengths.max(initial=0):
        rows = np.flatnonzero((lengths >= size) & (lengths < 2 * size))
        found[rows] = np.maximum(tops[first[rows]], tops[end[rows] - size])
        tops, size = np.maximum(tops[:-size], tops[size:]), 2 * size
    return found


def _ladder(scores: Floats) -> Floats:
    """Return scores at geometric ranks, the highest among them, ascending and distinct."""
    steps = np.ceil(np.log(len(scores)) / np.log(LADDER_STEP))
    ranks = np.unique(np.minimum(LADDER_STEP ** np.arange(steps + 1), len(scores)).astype(int))
    levels: Floats = np.unique(np.sort(scores)[-ranks])
    return levels


def smoothed(videos: Sequence[ScoreSeries], rule: EventRule) -> tuple[list[ScoreSeries], EventRule]:
    """Return the scores that the rule compares, and the rest of the rule."""
    compared = [video.smoothed(rule.smooth_s, causal=rule.causal) for video in videos]
    return compared, replace(rule, smooth_s=0.0)
