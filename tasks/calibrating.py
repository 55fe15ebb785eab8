"""The thresholds that a new profile comes with: the default rule's, by scope and distance."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from storage.calibration import read_calibration_file
from storage.profiles import ProfileDraft
from tasks.normality.recurrence import Recurrence
from tasks.normality.thresholds import DEFAULT_THRESHOLD, ThresholdRule
from tasks.profile_building import NormalSums
from tasks.profile_use import calibration_of


def default_thresholds(sums: NormalSums, draft: ProfileDraft) -> list[dict[str, Any]]:
    """Return the default threshold of each scope and distance of a profile that is calibrated."""
    rule = ThresholdRule.parse(DEFAULT_THRESHOLD)
    found = []
    for scope in sorted(sums.scopes):
        for distance in sums.plan.distances:
            rows = read_calibration_file(draft.calibration.path, scope, [distance])
            calibration = calibration_of((item for _, item in rows), distance)
            threshold = rule.calibrate(Recurrence(calibration, rule.events))
            found.append({"scope": scope, "distance": distance, **asdict(threshold)})
    return found
