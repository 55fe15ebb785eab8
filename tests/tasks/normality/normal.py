"""Normal footage to fit distances to, the easy kinds and the numerically hard ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.normality.moments import Moments, merged
from tasks.normality.summary import NormalSummary, Observations

KINDS = (
    *("plain", "float16", "constant dimensions", "fewer frames than D", "1e6 with variance 1e-6"),
    "correlated",
)


@dataclass(frozen=True)
class Footage:
    """Normal rows, how many frames each speaks for, and rows to be scored."""

    rows: npt.NDArray[Any]
    weights: npt.NDArray[np.int64]
    scored: npt.NDArray[Any]

    @cached_property
    def repeated(self) -> npt.NDArray[np.float64]:
        """One row a frame, less the first: exact, and nothing here depends on where 0 lies."""
        return np.repeat(self.shifted(self.rows), self.weights, axis=0)

    def shifted(self, rows: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return rows less the first normal one."""
        less: npt.NDArray[np.float64] = rows.astype(np.float64) - self.rows[0].astype(np.float64)
        return less

    @cached_property
    def summary(self) -> NormalSummary:
        """What is known of the rows, of seven videos."""
        parts = [part for part in np.array_split(np.arange(len(self.rows)), 7) if len(part)]
        known = [Moments.of(self.rows[part], self.weights[part], full=True) for part in parts]
        return NormalSummary(merged(known), coreset=self.rows[::3])

    @property
    def observations(self) -> Observations:
        """The rows to be scored."""
        return Observations(self.scored)


@cache
def footage(kind: str, width: int) -> Footage:
    """Return seeded footage of a kind."""
    random = np.random.default_rng(width)
    height = width // 4 if kind == "fewer frames than D" else width + 200
    rows = random.normal(size=(height, width)) + random.normal(size=width)
    scored = random.normal(size=(90, width)) * 2
    if kind == "constant dimensions":
        rows[:, ::5] = rows[0, ::5]
    if kind == "correlated":
        mixing = random.normal(size=(8, width))
        rows = random.normal(size=(height, 8)) @ mixing + 0.01 * rows
    if kind == "1e6 with variance 1e-6":
        rows, scored = 1e6 + 1e-3 * rows, 1e6 + 1e-3 * scored  # float32 could not tell them apart
    elif kind == "float16":
        rows, scored = rows.astype(np.float16), scored.astype(np.float16)
    else:
        rows, scored = rows.astype(np.float32), scored.astype(np.float32)
    return Footage(rows, random.integers(1, 4, height), scored)
