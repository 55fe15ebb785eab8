"""From the scores of normal footage to the threshold that flags others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tasks.normality.errors import ThresholdError
from tasks.normality.events import MERGED, RAW, EventRule
from tasks.normality.recurrence import Level, Recurrence
from tasks.normality.series import Counts, Floats

DEFAULT_THRESHOLD = "auto"
# What it is: from a camera-day of normal footage on, alarms can be budgeted; with minutes of it, a
# budget would extrapolate a thousandfold and hide most anomalies (README has the figures).
ENOUGH_DAYS = 1.0
WITH_ENOUGH, WITH_LESS = "budget:1/day", "quantile:0.999"
UNITS = {"day": 1, "week": 7}  # days of each


@dataclass(frozen=True, slots=True)
class Budget:
    """How many events a camera may give.

    Attributes:
        events: Above 0.
        days: In so many days.
    """

    events: float
    days: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.events < np.inf or self.days not in UNITS.values():
            raise ValueError(f"a budget is above 0 and a day or a week, got {self}")

    @property
    def per_day(self) -> float:
        """Events a camera a day."""
        return self.events / self.days

    @property
    def text(self) -> str:
        """What `ThresholdRule.parse` reads."""
        unit = next(name for name, days in UNITS.items() if days == self.days)
        return f"budget:{self.events:.12g}/{unit}"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold, and how far the normal footage bears it out.

    Attributes:
        value: What is above it is flagged.
        rule: What was asked for.
        extrapolated: Whether it lies beyond what the normal footage could show.
        low: Lower end of its 95 % confidence interval, or None where there is none.
        high: Upper end of it, or None.
        camera_days: Days of normal footage.
        words: What a report says of it.
    """

    value: float
    rule: str
    extrapolated: bool
    low: float | None
    high: float | None
    camera_days: float
    words: str

    def __post_init__(self) -> None:
        if not np.isfinite(self.value):
            raise ValueError(f"a threshold is finite, got {self}")
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if not low <= self.value <= high:
            raise ValueError(f"a threshold lies in its interval, got {self}")


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """A number, a quantile of the normal footage's own scores, or a budget of events.

    Exactly one of them is set.
    """

    number: float | None = None
    quantile: float | None = None
    budget: Budget | None = None

    def __post_init__(self) -> None:
        if [self.number, self.quantile, self.budget].count(None) != 2:
            raise ValueError(f"a threshold is a number or a quantile or a budget, got {self}")
        if self.number is not None and not np.isfinite(self.number):
            raise ValueError(f"a threshold is finite, got {self}")
        if self.quantile is not None and not 0 <= self.quantile <= 1:
            raise ValueError(f"a quantile lies between 0 and 1, got {self}")

    @classmethod
    def parse(cls, text: str) -> ThresholdRule:
        """Read ``0.25``, ``quantile:0.999``, ``budget:1/day`` or ``budget:3/week``.

        Raises:
            ThresholdError: It is none of them.
        """
        kind, colon, argument = text.rpartition(":")
        try:
            if colon and kind == "quantile":
                return cls(quantile=float(argument))
            if colon and kind == "budget":
                events, slash, unit = argument.rpartition("/")
                if slash and unit in UNITS:
                    return cls(budget=Budget(float(events), UNITS[unit]))
            return cls(number=float(text))
        except ValueError:
            raise ThresholdError(
                f"a threshold is a number, quantile:Q with Q from 0 to 1 (such as {WITH_LESS}), "
                f"budget:K/day or K/week with K above 0 (such as {WITH_ENOUGH}), or "
                f"{DEFAULT_THRESHOLD}, got {text!r}"
            ) from None

    @property
    def text(self) -> str:
        """What `parse` reads."""
        if self.budget is not None:
            return self.budget.text
        return f"{self.number!r}" if self.number is not None else f"quantile:{self.quantile!r}"

    @property
    def events(self) -> EventRule:
        """What makes an event where nothing else is asked for.

        A budget speaks of what somebody looks at, a number or a quantile of frames.
        """
        return RAW if self.budget is None else MERGED

    def resolve(self, scores: Floats, weights: Counts) -> float:
        """Return the threshold of a number or a quantile, given the scores of normal footage.

        Args:
            scores: Anomaly scores of normal tubelets, shape (n,), n >= 1.
            weights: Frames that each speaks for, shape (n,), at least 1.

        Raises:
            ThresholdError: It is a budget, which needs to know when each score was: `calibrate`.
        """
        if self.number is not None:
            return self.number
        if self.quantile is None:
            raise ThresholdError(f"{self.text} needs the times of the normal footage's scores")
        return weighted_quantile(scores, weights, self.quantile)

    def calibrate(self, normal: Recurrence) -> Threshold:
        """Return the threshold, given how often normal footage reaches which score."""
        if self.budget is None:
            level = Level(self.resolve(*normal.calibration.pooled()))
        else:
            level = normal.level(self.budget.per_day)
        return Threshold(
            value=level.value,
            rule=self.text,
            extrapolated=level.extrapolated,
            low=level.low,
            high=level.high,
            camera_days=normal.camera_days,
            words=_words(normal, level),
        )


def threshold_rule(text: str, camera_days: float) -> ThresholdRule:
    """Return the rule that a text asks for, where ``auto`` goes by how much is known.

    Args:
        text: What `ThresholdRule.parse` reads, or ``auto``.
        camera_days: Days of normal footage of the scope that has the least.

    Raises:
        ThresholdError: It is none of them.
    """
    if text == DEFAULT_THRESHOLD:
        text = WITH_ENOUGH if camera_days >= ENOUGH_DAYS else WITH_LESS
    return ThresholdRule.parse(text)


def _words(normal: Recurrence, level: Level) -> str:
    """Return what the normal footage says of a threshold."""
    count = int(normal.curve.at(level.value))
    events = "1 event" if count == 1 else f"{count} events"
    words = f"normal footage of {normal.camera_days:.3g} camera-days gave {events} above it"
    if level.exhausted:
        return f"{words}; too little footage or too few peaks to look beyond its highest score"
    if level.extrapolated:
        assert normal.tail
        return f"{words}; extrapolated from its {normal.tail.peaks} highest peaks"
    return words


def weighted_quantile(values: Floats, weights: Counts, quantile: float) -> float:
    """Return what ``np.quantile(np.repeat(values, weights), quantile)`` returns, in less memory.

    Args:
        values: Shape (n,), n >= 1.
        weights: How often each value counts, shape (n,), at least 1.
        quantile: From 0 to 1.
    """
    order = np.argsort(values, kind="stable")
    ends = np.cumsum(weights[order])
    place = (int(ends[-1]) - 1) * quantile
    below, above = int(np.floor(place)), int(np.ceil(place))
    low, high = values[order][np.searchsorted(ends, [below, above], side="right")]
    return float(low + (high - low) * (place - below))
