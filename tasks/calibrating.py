"""The thresholds that a new profile comes with: the default rule's, by scope and distance."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from storage.calibration import read_calibration_file
from storage.profiles import ProfileDraft
from tasks.normality.recurrence import Calibration, Recurrence
from tasks.normality.thresholds import DEFAULT_THRESHOLD, threshold_rule
from tasks.profile_building import NormalSums
from tasks.profile_use import calibration_of


def default_thresholds(sums: NormalSums, draft: ProfileDraft) -> list[dict[str, Any]]:
    """Return the default threshold of each scope and distance of a profile that is calibrated."""
    calibrations = {
        (scope, distance): _calibration(draft, scope, distance)
        for scope in sorted(sums.scopes)
        for distance in sums.plan.distances
    }
    rule = threshold_rule(
        DEFAULT_THRESHOLD, min(known.camera_days for known in calibrations.values())
    )
    return [
        {
            "scope": scope,
            "distance": distance,
            **asdict(rule.calibrate(Recurrence(calibration, rule.events))),
        }
        for (scope, distance), calibration in calibrations.items()
    ]


def _calibration(draft: ProfileDraft, scope: str, distance: str) -> Calibration:
    """Return the scores of a draft's footage in one scope by one distance."""
    rows = read_calibration_file(draft.calibration.path, scope, [distance])
    return calibration_of((item for _, item in rows), distance)
