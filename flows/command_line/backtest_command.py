"""What other thresholds, distances and profiles would have given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from flows.command_line.console import session, show
from flows.command_line.options import (
    DEFAULT_COMMON,
    DEFAULT_EVENTS,
    DEFAULT_PERIOD,
    Common,
    EventOptions,
    Many,
    PeriodOptions,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


def backtest(
    *,
    profile: Annotated[list[str] | None, Many] = None,
    footage: Annotated[list[str] | None, Many] = None,
    threshold: Annotated[list[str] | None, Many] = None,
    distance: Annotated[list[str] | None, Many] = None,
    period: PeriodOptions = DEFAULT_PERIOD,
    events: EventOptions = DEFAULT_EVENTS,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Say how many events a camera a day each threshold, distance and profile would have given.

    Works from shards alone: no footage is read and nothing is embedded.

    Args:
        profile: Versions to try, each NAME or NAME@VERSION [default: default].
        footage: Embedded footage: paths, folders, globs or camera:NAME [default: all].
        threshold: Thresholds to try [default: quantile:0.99 quantile:0.999 budget:10/day
            budget:1/day budget:0.1/day].
        distance: Distances to try [default: all that the profile was built for].
    """
    with session(common):
        from flows.run_backtest import CANDIDATES, run_backtest

        document = run_backtest(
            profile or ["default"],
            footage or [],
            common.warehouse,
            threshold or CANDIDATES,
            distance or [],
            period.period(),
            events.scoring(),
        )
    show(document, _lines(document), common.json)


def _lines(document: Mapping[str, Any]) -> list[str]:
    """Return a backtest as a table."""
    lines = ["events a camera a day  frames flagged  profile, distance, threshold"]
    for item in document["candidates"]:
        rate = item["events_per_camera_day"]
        shown = "unknown" if rate is None else f"{rate:.2f}"
        lines.append(
            f"{shown:>21}  {item['flagged_share']:>14.4%}  {item['profile']}, "
            f"{item['distance']}, {item['threshold_rule']}"
        )
    return [*lines, f"backtest: {document['backtest']}/backtest.html"]
