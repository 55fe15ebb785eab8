"""The thresholds that a new profile comes with: the default rule's, by scope and distance."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from itertools import product
from typing import Any

from storage.calibration import read_calibration_file
from storage.profiles import ProfileDraft
from tasks.normality.recurrence import Calibration, Recurrence
from tasks.normality.thresholds import DEFAULT_THRESHOLD, threshold_rule
from tasks.profile_building import NormalSums
from tasks.profile_use import calibration_of


def default_thresholds(sums: NormalSums, draft: ProfileDraft) -> list[dict[str, Any]]:
    """Return the default threshold of each scope and distance of a profile that is calibrated."""
    scopes, distances = sorted(sums.scopes), sums.plan.distances

    @lru_cache(maxsize=1)  # one at a time: each may be a month long
    def calibration(scope: str, distance: str) -> Calibration:
        rows = read_calibration_file(draft.calibration.path, scope, [distance])
        return calibration_of((item for _, item in rows), distance)

    days = min(calibration(scope, distances[0]).camera_days for scope in reversed(scopes))
    rule = threshold_rule(DEFAULT_THRESHOLD, days)
    found = []
    for scope, distance in product(scopes, distances):
        normal = Recurrence(calibration(scope, distance), rule.events)
        found.append({"scope": scope, "distance": distance, **asdict(rule.calibrate(normal))})
    return found
