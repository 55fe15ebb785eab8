"""Try thresholds, distances and profiles on stored footage."""

from __future__ import annotations

from typing import Any

from prefect import flow

from tasks.backtesting import in_period, try_profile, write_backtest
from tasks.parameters import (
    DEFAULT_SCORING,
    DEFAULT_WAREHOUSE,
    EVER,
    Distances,
    Period,
    ProfileSelectors,
    Scoring,
    Selectors,
    Thresholds,
    WarehousePlace,
)
from tasks.scoring import choose_scored, find_version

CANDIDATES = ["quantile:0.99", "quantile:0.999", "budget:10/day", "budget:1/day", "budget:0.1/day"]


@flow(name="run-backtest")
def run_backtest(
    profiles: ProfileSelectors,
    footage: Selectors = [],  # noqa: B006 - Prefect shows it in its form, nobody changes it
    warehouse: WarehousePlace = DEFAULT_WAREHOUSE,
    thresholds: Thresholds = CANDIDATES,
    distances: Distances = [],  # noqa: B006
    period: Period = EVER,
    scoring: Scoring = DEFAULT_SCORING,
) -> dict[str, Any]:
    """Say how many events a camera a day each candidate gives. Touches no footage, no encoder."""
    outcomes = []
    for version in dict.fromkeys(find_version(warehouse, selector) for selector in profiles):
        chosen = choose_scored(warehouse, version, footage, False, [])
        videos = in_period(warehouse, chosen, period)
        outcomes += try_profile(warehouse, version, videos, distances, thresholds, scoring)
    return write_backtest(warehouse, outcomes)
