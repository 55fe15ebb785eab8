"""A profile in use: what each camera's footage is held against, and above which score it counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from storage.calibration import CalibrationRows, read_calibration
from storage.profile_content import ProfileContent, read_content
from storage.profiles import ProfileRef
from storage.warehouse import Warehouse
from tasks.normality.distances import DISTANCES
from tasks.normality.errors import MissingStatisticsError
from tasks.normality.events import Event, EventRule, find_events
from tasks.normality.ladder import MISSION, Ladder
from tasks.normality.recurrence import LONGEST_DAYS, Calibration, Recurrence
from tasks.normality.scopes import ALL, By, camera_scope
from tasks.normality.series import ScoreSeries
from tasks.normality.thresholds import Threshold, ThresholdRule, threshold_rule
from tasks.parameters import Scoring
from tasks.profile_building import fitted, sums_in


@dataclass(frozen=True, slots=True, eq=False)
class ProfileInUse:
    """A version of a profile whose distances are fitted when footage of a scope comes up.

    Attributes:
        warehouse: What holds it.
        ref: The version.
        content: What it says.
        distances: The distances that are computed, the mission's among them.
    """

    warehouse: Warehouse
    ref: ProfileRef
    content: ProfileContent
    distances: tuple[str, ...]
    _ladders: dict[str, Ladder] = field(default_factory=dict)
    _calibrations: dict[tuple[str, str], Calibration] = field(default_factory=dict)

    @classmethod
    def of(
        cls, warehouse: Warehouse, ref: ProfileRef, distances: Sequence[str] | None
    ) -> ProfileInUse:
        """Read a version and make sure that it can score by the distances that are asked for.

        None asks for all that it was built for.

        Raises:
            MissingStatisticsError: It cannot.
        """
        content = read_content(warehouse, ref.place)
        known = content.findings["distances"]
        wanted = known if distances is None else distances
        for name in wanted:
            if name not in known:
                raise MissingStatisticsError(
                    f"the profile {ref} was built for the distances {', '.join(known)}, not for "
                    f"{name}: {_remedy(name)}"
                )
        return cls(warehouse, ref, content, tuple(dict.fromkeys((MISSION, *wanted))))

    @property
    def by(self) -> By:
        """Which scopes the profile has."""
        by: By = self.content.lineage.options["by"]
        return by

    @property
    def scopes(self) -> list[str]:
        """The scopes that the profile has, in order."""
        return sorted({statistic.scope for statistic in self.content.statistics})

    @property
    def reads_patches(self) -> bool:
        """Whether patch sketches have to be read."""
        return any(DISTANCES[name].needs == "patches" for name in self.distances)

    @property
    def camera_days(self) -> float:
        """Days of normal footage in the scope that has the least."""
        return min(float(item["camera_days"]) for item in self.content.findings["thresholds"])

    def scope_of(self, camera: str) -> str:
        """Return the most specific scope that a camera's footage can be held against."""
        own = camera_scope(camera)
        return own if own in self.scopes else ALL

    def words_for(self, scope: str) -> str:
        """Return what a report calls a scope."""
        by_hour = scope != ALL and self.by == "hour-of-day"
        return f"{scope} by hour of day" if by_hour else scope

    def mean(self, scope: str) -> npt.NDArray[np.float64]:
        """Return the mean over the frames of a scope, shape (D,)."""
        return sums_in(self.content.statistics, scope).moments.mean

    def ladder(self, scope: str) -> Ladder:
        """Return the distances, fitted to all normal footage of a scope."""
        if scope not in self._ladders:
            sums, chosen = sums_in(self.content.statistics, scope), self.content.coresets.get(scope)
            self._ladders[scope] = fitted(sums, chosen, self.distances)
        return self._ladders[scope]

    def calibration(self, scope: str, distance: str) -> Calibration:
        """Return the scores that the normal footage of a scope has by a distance."""
        if (scope, distance) not in self._calibrations:
            self._calibrations[scope, distance] = self.read_calibration(scope, distance)
        return self._calibrations[scope, distance]

    def read_calibration(self, scope: str, distance: str) -> Calibration:
        """Return the same, but do not keep it: 48 bytes a row."""
        rows = read_calibration(self.warehouse, self.ref.place, scope, [distance])
        return calibration_of((item for _, item in rows), distance)


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """What becomes an event: a profile, a distance, a threshold's rule and a rule for events.

    Attributes:
        profile: The profile.
        distance: What flags and events go by.
        rule: The threshold's rule.
        events: How scores become events.
    """

    profile: ProfileInUse
    distance: str
    rule: ThresholdRule
    events: EventRule
    _recurrences: dict[str, Recurrence] = field(default_factory=dict)
    _thresholds: dict[str, Threshold] = field(default_factory=dict)

    @classmethod
    def of(cls, profile: ProfileInUse, threshold: str, scoring: Scoring) -> Judge:
        """Return a judge.

        Raises:
            ThresholdError: The threshold is none.
        """
        rule = threshold_rule(threshold, profile.camera_days)
        return cls(profile, scoring.distance, rule, scoring.events(rule.events))

    def threshold(self, scope: str) -> Threshold:
        """Return the threshold of a scope."""
        if scope not in self._thresholds:
            self._thresholds[scope] = self.rule.calibrate(self._recurrence(scope))
        return self._thresholds[scope]

    def events_of(self, series: ScoreSeries, scope: str) -> list[Event]:
        """Return the events of a video of a scope, in order."""
        return find_events(series, self.threshold(scope).value, self.events)

    def once_in_days(self, scope: str, peak_score: float) -> float | None:
        """Return after how many days normal footage of a scope has such a peak again.

        At most ``LONGEST_DAYS``; None where there is too little footage to say.
        """
        days = self._recurrence(scope).days_between(peak_score)
        return None if days is None else min(days, LONGEST_DAYS)

    def _recurrence(self, scope: str) -> Recurrence:
        """Return how often normal footage of a scope reaches which score."""
        if scope not in self._recurrences:
            calibration = self.profile.calibration(scope, self.distance)
            self._recurrences[scope] = Recurrence(calibration, self.events)
        return self._recurrences[scope]

    def as_json(self) -> dict[str, Any]:
        """Return what a report says of all this."""
        profile, content = self.profile, self.profile.content
        whole = self.threshold(ALL)
        return {
            "profile": {"name": profile.ref.name, "version": profile.ref.version},
            "encoder_id": content.encoder_id,
            "distance": self.distance,
            "threshold": whole.value,
            "threshold_rule": self.rule.text,
            "calibration": asdict(whole),
            "event_rule": self.events.as_json(),
            "normal": {
                "videos": len(content.video_ids),
                "frames": int(content.frames.sum()),
                "frames_left_out": content.lineage.frames_left_out,
                "scopes": profile.scopes,
                "standing_out": content.findings["standing_out"],
            },
        }


def _remedy(distance: str) -> str:
    """Say what to do about a distance that a profile lacks."""
    if distance not in DISTANCES:
        return f"a distance is one of {', '.join(DISTANCES)}"
    sketched = DISTANCES[distance].needs == "patches"
    footage = ", from footage embedded with --patch-sketch" if sketched else ""
    return f"build it with --distances {distance}{footage}"


def calibration_of(videos: Iterable[CalibrationRows], distance: str) -> Calibration:
    """Return the scores of normal videos by one distance, as thresholds are set by."""
    series, frames = [], []
    for rows in videos:
        series.append(series_of(rows, distance))
        frames.append(rows.places[:, 2])
    return Calibration(series, frames)


def series_of(rows: CalibrationRows, distance: str) -> ScoreSeries:
    """Return the scores of a normal video by one distance."""
    return ScoreSeries(
        rows.places[:, 0],
        rows.places[:, 1],
        rows.times_s[:, 0],
        rows.times_s[:, 1],
        rows.scores[distance],
    )
