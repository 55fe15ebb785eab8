"""Outcomes of a backtest: how often each candidate would have called somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one candidate would have made of one camera's footage.

    Attributes:
        profile: The version, NAME@VERSION.
        distance: What flags and events go by.
        threshold_rule: The rule of the threshold.
        camera: The camera.
        threshold: What the rule comes to for that camera.
        days: Footage that was scored, in days.
        frames: Its frames.
        flagged_frames: Those above the threshold.
        events: Events.
    """

    profile: str
    distance: str
    threshold_rule: str
    camera: str
    threshold: float
    days: float
    frames: int
    flagged_frames: int
    events: int

    @property
    def events_per_day(self) -> float | None:
        """Events a day; None of footage that lasts no time."""
        return self.events / self.days if self.days else None

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {**asdict(self), "events_per_day": self.events_per_day}


@dataclass(frozen=True, slots=True)
class Tally:
    """Seconds, frames, flagged frames and events of some footage by one judge."""

    seconds: float
    frames: int
    flagged_frames: int
    events: int

    def plus(self, other: Tally) -> Tally:
        """Return the tally of both."""
        return Tally(
            self.seconds + other.seconds,
            self.frames + other.frames,
            self.flagged_frames + other.flagged_frames,
            self.events + other.events,
        )


def camera_means(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return events a camera a day of each candidate, over all cameras, in order."""
    groups: dict[tuple[str, str, str], list[Outcome]] = {}
    for outcome in outcomes:
        key = (outcome.profile, outcome.distance, outcome.threshold_rule)
        groups.setdefault(key, []).append(outcome)
    found = []
    for (profile, distance, rule), same in groups.items():
        days = sum(outcome.days for outcome in same)
        events = sum(outcome.events for outcome in same)
        found.append(
            {
                "profile": profile,
                "distance": distance,
                "threshold_rule": rule,
                "cameras": len(same),
                "camera_days": days,
                "events": events,
                "events_per_camera_day": events / days if days else None,
                "flagged_share": _share(same),
            }
        )
    return found


def _share(outcomes: Sequence[Outcome]) -> float:
    """Return which share of frames is flagged."""
    frames = np.array([(item.flagged_frames, item.frames) for item in outcomes]).sum(axis=0)
    return float(frames[0] / frames[1])
