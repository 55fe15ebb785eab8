"""Score embedded footage against a profile and write a report."""

from __future__ import annotations

from prefect import flow

from tasks.parameters import (
    DEFAULT_PROFILE,
    DEFAULT_SCORING,
    DEFAULT_THRESHOLD_RULE,
    DEFAULT_WAREHOUSE,
    ProfileSelector,
    Scoring,
    Selectors,
    ThresholdText,
    WarehousePlace,
)
from tasks.scoring import ReportSummary, choose_scored, find_version, write_report
from tasks.watching import WATCHED


@flow(name="score-footage", **WATCHED)
def score_footage(
    profile: ProfileSelector = DEFAULT_PROFILE,
    footage: Selectors = [],  # noqa: B006 - Prefect shows it in its form, nobody changes it
    warehouse: WarehousePlace = DEFAULT_WAREHOUSE,
    threshold: ThresholdText = DEFAULT_THRESHOLD_RULE,
    present: bool = False,
    normal: Selectors = [],  # noqa: B006
    scoring: Scoring = DEFAULT_SCORING,
) -> ReportSummary:
    """Score the footage named, or all that is embedded. Touches no footage and no encoder."""
    version = find_version(warehouse, profile)
    chosen = choose_scored(warehouse, version, footage, present, normal)
    return write_report(warehouse, version, threshold, chosen, scoring)
