"""What a backtest found, as a page: a plot and a table of candidates, and one of cameras."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.report.page import environment

WIDTH, HEIGHT = 1000, 360
TOP, LOWEST, ZERO = 0.04, 0.88, 0.97  # heights of the highest tick, the lowest, and a rate of 0
COLOURS = 8  # that the page has a line for; the next as many are dashed, and so on
DASHES = ("", "9 5", "2 5")
SPREAD = 0.6  # of a column, over which lines stand beside each other: equal rates hide no line
REFERENCE = 1.0  # a camera a day: about what people keep looking at


@dataclass(frozen=True, slots=True)
class Line:
    """One profile and distance over all thresholds.

    Attributes:
        name: What the legend calls it.
        colour: Number of its colour, from 0.
        dash: Its pattern, as SVG has it; empty where it is drawn through.
        points: (x, y, what it says) on the canvas of each threshold that has a rate, in order.
    """

    name: str
    colour: int
    dash: str
    points: tuple[tuple[float, float, str], ...]

    @property
    def path(self) -> str:
        """The line as SVG path data."""
        return "M" + "L".join(f"{x:g} {y:g}" for x, y, _ in self.points) if self.points else ""


@dataclass(frozen=True, slots=True)
class RatePlot:
    """Events a camera a day by threshold, the rate on a logarithmic axis.

    Attributes:
        lines: One a profile and distance.
        ticks: Height, label and whether it is the reference, of each power of ten and of 0.
        columns: Place and label of each threshold.
    """

    lines: tuple[Line, ...]
    ticks: tuple[tuple[float, str, bool], ...]
    columns: tuple[tuple[float, str], ...]


def plot_rates(candidates: Sequence[Mapping[str, Any]]) -> RatePlot:
    """Place the rates of candidates on a canvas of ``WIDTH`` by ``HEIGHT``.

    A rate of 0 has no logarithm: it is drawn on a line of its own, below every other.
    """
    rules = list(dict.fromkeys(item["threshold_rule"] for item in candidates))
    step = WIDTH / max(len(rules), 1)
    across = {rule: step * (number + 0.5) for number, rule in enumerate(rules)}
    rates = [item["events_per_camera_day"] or REFERENCE for item in candidates]
    low = math.floor(math.log10(min([*rates, REFERENCE])))
    high = max(math.ceil(math.log10(max([*rates, REFERENCE]))), low + 1)

    def down(rate: float) -> float:
        share = (high - math.log10(rate)) / (high - low) if rate else 0
        return round(HEIGHT * (TOP + (LOWEST - TOP) * share if rate else ZERO), 1)

    names = list(dict.fromkeys(map(_name, candidates)))
    aside = SPREAD * step / len(names) if names else 0
    lines = [
        Line(
            name,
            number % COLOURS,
            DASHES[number // COLOURS % len(DASHES)],
            tuple(
                (
                    round(
                        across[item["threshold_rule"]] + aside * (number - len(names) / 2 + 0.5), 1
                    ),
                    down(item["events_per_camera_day"]),
                    f"{name}, {item['threshold_rule']}: {item['events_per_camera_day']:.3g} a day",
                )
                for item in candidates
                if _name(item) == name and item["events_per_camera_day"] is not None
            ),
        )
        for number, name in enumerate(names)
    ]
    powers = [10.0**power for power in range(low, high + 1)]
    ticks = [(down(power), f"{power:,.10g}", power == REFERENCE) for power in powers]
    return RatePlot(
        tuple(lines),
        ((down(0), "none", False), *ticks),
        tuple((round(across[rule], 1), rule) for rule in rules),
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
            camera_days=max((item["camera_days"] for item in document["candidates"]), default=0.0),
        )
    )


def _name(candidate: Mapping[str, Any]) -> str:
    """Return what the legend calls a candidate's line."""
    return f"{candidate['profile']}, {candidate['distance']}"
