"""How often normal footage itself reaches a score, and the score that it reaches so often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import gammaincinv

from tasks.normality.event_counts import EventCurve, smoothed
from tasks.normality.events import EventRule, find_events
from tasks.normality.series import Counts, Floats, ScoreSeries
from tasks.normality.tail import CONFIDENCE, Tail

DAY_S = 86400.0
LEAST_EVENTS = 10  # that a rate is counted from; fewer, and it is read off a fitted tail
TAIL_PEAKS = 25  # that a tail is fitted to, at most: with 50 it began too low to be a tail
LONGEST_DAYS = 3652.5  # beyond ten years no camera's footage bears out a number


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What normal videos score against the profile of the others: one scope, one distance.

    Attributes:
        videos: The scores of each; at least one row in all.
        weights: Frames that count for each row of each video, at most those that it speaks for.
        cameras: Camera of each video, or empty.
    """

    videos: Sequence[ScoreSeries]
    weights: Sequence[Counts] = ()
    cameras: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not any(len(video) for video in self.videos):
            raise ValueError("a threshold is calibrated on normal footage, got no row of it")
        if self.weights and [len(w) for w in self.weights] != [len(v) for v in self.videos]:
            raise ValueError("each row of each video has a weight")
        if self.cameras and len(self.cameras) != len(self.videos):
            raise ValueError(f"{len(self.videos)} videos have {len(self.cameras)} cameras")

    @property
    def camera_days(self) -> float:
        """Days of footage, the cameras' added up."""
        return sum(video.duration_s for video in self.videos) / DAY_S

    def pooled(self) -> tuple[Floats, Counts]:
        """Return the scores of all rows and the frames that count for each, shape (n,)."""
        weights = self.weights or [video.frames for video in self.videos]
        return np.concatenate([v.scores for v in self.videos]), np.concatenate(weights)


@dataclass(frozen=True, slots=True)
class Level:
    """A score that normal footage exceeds at a given rate.

    Attributes:
        value: The score.
        low: Lower end of its 95 % confidence interval, or None where nothing bounds it.
        high: Upper end of it, or None.
        extrapolated: Whether it is read off the tail, as the footage holds too few such events.
        exhausted: Whether it is only the highest score seen, as there was no tail to fit.
    """

    value: float
    low: float | None = None
    high: float | None = None
    extrapolated: bool = False
    exhausted: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Recurrence:
    """The events that normal footage itself would give, at every threshold.

    Attributes:
        calibration: The footage.
        rule: What makes an event.
        camera_days: Days of footage.
        curve: Events at each threshold.
        tail: Of the events' peaks, or None where there are too few to fit one.
    """

    calibration: Calibration
    rule: EventRule
    camera_days: float = field(init=False)
    curve: EventCurve = field(init=False)
    tail: Tail | None = field(init=False)

    def __post_init__(self) -> None:
        compared, rest = smoothed(self.calibration.videos, self.rule)
        curve = EventCurve.of(compared, rest)
        base = curve.lowest(TAIL_PEAKS)
        events = [event for video in compared for event in find_events(video, base, rest)]
        peaks = np.array([event.peak_score for event in events])
        object.__setattr__(self, "camera_days", self.calibration.camera_days)
        object.__setattr__(self, "curve", curve)
        object.__setattr__(self, "tail", Tail.fitted(peaks, base) if self.camera_days else None)

    def level(self, per_day: float) -> Level:
        """Return the lowest score that normal footage exceeds in at most so many events a day.

        Counted where the footage holds `LEAST_EVENTS` of them; else from the tail, but never below
        the lowest score that keeps the footage itself within the budget.

        Args:
            per_day: Events a camera a day, above 0.
        """
        allowed = per_day * self.camera_days
        counted = self.curve.lowest(allowed)
        if allowed >= LEAST_EVENTS:
            outside = (1 - CONFIDENCE) / 2
            # Garwood (1936): the interval of a Poisson mean, by halves of quantiles of chi squared,
            # which are gamma's. scipy.stats says the same, and takes most of a second to import.
            fewest = gammaincinv(allowed, outside)
            most = gammaincinv(allowed + 1, 1 - outside)
            bounds = self.curve.lowest(most), self.curve.lowest(fewest)
            return Level(counted, min(bounds[0], counted), max(bounds[1], counted))
        if self.tail is None:
            return Level(counted, extrapolated=True, exhausted=True)
        share = allowed / self.tail.peaks
        if share >= 1:
            return Level(counted)
        low, high = self.tail.interval(share)
        value = max(self.tail.level(share), counted)
        return Level(value, min(low, value), max(high, value), extrapolated=True)

    def days_between(self, score: float) -> float | None:
        """Return after how many days of one camera normal footage has such a peak again.

        It never falls as the score rises, and is infinite beyond `LONGEST_DAYS`. None where there
        is too little footage to say.
        """
        if not self.camera_days:
            return None
        reached = self.curve.most_above(np.nextafter(score, -np.inf))
        if reached >= LEAST_EVENTS:
            return self.camera_days / reached
        if self.tail is None or score < self.tail.base:
            return None
        share = max(self.tail.share(score), np.finfo(float).tiny)
        days = self.camera_days / (self.tail.peaks * share)
        days = max(days, self.camera_days / min(LEAST_EVENTS, self.tail.peaks))
        return days if days <= LONGEST_DAYS else float("inf")
