"""What a backtest found, as a page: a plot and a table of candidates, and one of cameras."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.report.page import environment

WIDTH, HEIGHT = 1000, 360
COLOURS = 8  # that the page has a line for


@dataclass(frozen=True, slots=True)
class Line:
    """One profile and distance over all thresholds.

    Attributes:
        name: What the legend calls it.
        colour: Number of its colour, from 0.
        points: (x, y) on the canvas of each threshold that has a rate, in their order.
    """

    name: str
    colour: int
    points: tuple[tuple[float, float], ...]

    @property
    def path(self) -> str:
        """The line as SVG path data."""
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in self.points) if self.points else ""


@dataclass(frozen=True, slots=True)
class RatePlot:
    """Events a camera a day by threshold, the rate on a logarithmic axis.

    Attributes:
        lines: One a profile and distance.
        ticks: Height and label of each power of ten.
        columns: Place and label of each threshold.
    """

    lines: tuple[Line, ...]
    ticks: tuple[tuple[float, str], ...]
    columns: tuple[tuple[float, str], ...]


def plot_rates(candidates: Sequence[Mapping[str, Any]]) -> RatePlot:
    """Place the rates of candidates on a canvas of ``WIDTH`` by ``HEIGHT``.

    A rate of 0 has no logarithm: it is drawn on the axis, below every other.
    """
    rules = list(dict.fromkeys(item["threshold_rule"] for item in candidates))
    step = WIDTH / len(rules) if rules else WIDTH
    across = {rule: round(step * (number + 0.5), 1) for number, rule in enumerate(rules)}
    rates = [item["events_per_camera_day"] for item in candidates]
    above = [rate for rate in rates if rate]
    low = math.floor(math.log10(min(above))) if above else -1
    high = max(math.ceil(math.log10(max(above))) if above else 1, low + 1)

    def up(rate: float) -> float:
        share = (math.log10(rate) - low) / (high - low) if rate else -0.08
        return round(HEIGHT * (0.9 - 0.85 * share), 1)

    names = list(dict.fromkeys(map(_name, candidates)))
    lines = [
        Line(
            name,
            number % COLOURS,
            tuple(
                (across[item["threshold_rule"]], up(item["events_per_camera_day"]))
                for item in candidates
                if _name(item) == name and item["events_per_camera_day"] is not None
            ),
        )
        for number, name in enumerate(names)
    ]
    ticks = [(up(10.0**power), f"{10.0**power:g}") for power in range(low, high + 1)]
    return RatePlot(
        tuple(lines), ((up(0), "0"), *ticks), tuple((across[rule], rule) for rule in rules)
    )


def render_backtest(document: Mapping[str, Any]) -> str:
    """Return the page of a backtest, one file without anything from outside."""
    return (
        environment()
        .get_template("backtest.html")
        .render(
            backtest=document,
            plot=plot_rates(document["candidates"]),
            canvas=(WIDTH, HEIGHT),
        )
    )


def _name(candidate: Mapping[str, Any]) -> str:
    """Return what the legend calls a candidate's line."""
    return f"{candidate['profile']}, {candidate['distance']}"
