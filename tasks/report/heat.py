"""Where in the picture an event was strangest: a square grid of numbers becomes a small drawing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import Any

LEVELS = 4
_SPREAD = 1.25  # a peak less than this many times the median is everywhere, not somewhere


@dataclass(frozen=True, slots=True)
class HeatMap:
    """How strange each cell of the picture was.

    Attributes:
        cells: A square grid, row by row from the top left, each finite and at least 0.
    """

    cells: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the invariant; a grid cut short would point at the wrong place."""
        if not self.cells or math.isqrt(len(self.cells)) ** 2 != len(self.cells):
            raise ValueError(f"a heat map is a square grid, got {len(self.cells)} cells")
        if not all(math.isfinite(cell) and cell >= 0 for cell in self.cells):
            raise ValueError("cells of a heat map must be finite and at least 0")

    @property
    def side(self) -> int:
        """Number of rows, and of columns."""
        return math.isqrt(len(self.cells))

    @property
    def everywhere(self) -> bool:
        """Whether no cell stands out from the others."""
        return max(self.cells) <= _SPREAD * median(self.cells)

    def layers(self) -> list[tuple[int, str]]:
        """Return SVG path data of the cells of each level, from 1 to ``LEVELS``, one unit a cell.

        Cells up to the median, or hardly above it, stay empty: what stands out is seen at a glance.
        """
        low, high = 0.0 if self.everywhere else median(self.cells), max(self.cells)
        if high == 0:
            return []
        # Divided first: the difference of two large numbers may be tiny, their share is not.
        shares = [(cell / high - low / high) / (1 - low / high) for cell in self.cells]
        levels = [min(int(max(share, 0.0) * (LEVELS + 1)), LEVELS) for share in shares]
        paths = [""] * (LEVELS + 1)
        for row in range(self.side):
            column = 0
            for level, run in groupby(levels[row * self.side : (row + 1) * self.side]):
                width = len(list(run))
                paths[level] += f"M{column} {row}h{width}v1h-{width}z"
                column += width
        return [(level, path) for level, path in enumerate(paths) if level and path]

    def where(self) -> str:
        """Say where the highest cell lies."""
        if self.everywhere:
            return "all over the picture"
        row, column = divmod(self.cells.index(max(self.cells)), self.side)
        words = (
            _third(row, self.side, "top", "bottom"),
            _third(column, self.side, "left", "right"),
        )
        return " ".join(word for word in words if word) or "centre"


def heat_of(event: Mapping[str, Any]) -> HeatMap | None:
    """Return an event's heat map; None where it has none, or one that is no square grid.

    A night's report is worth more than one of its small pictures, so a bad one is left out.
    """
    try:
        return HeatMap(tuple(float(cell) for cell in event.get("heat") or ()))
    except ValueError:
        return None


def _third(index: int, size: int, first: str, last: str) -> str:
    middle = (index + 0.5) / size
    return first if middle < 1 / 3 else last if middle > 2 / 3 else ""
