"""Distance from the nearest of chosen normal embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from tasks.normality.blocks import by_blocks
from tasks.normality.distance import Need
from tasks.normality.errors import MissingStatisticsError
from tasks.normality.summary import NormalSummary, Observations

Numbers = npt.NDArray[np.float64]
NEIGHBOURS = 1  # 3, 5 and 9 were no better on Avenue
SPARE = 5  # candidates beyond the neighbours


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """Mean over D of the squared Euclidean distance, averaged over the nearest normal rows.

    As PatchCore (Roth et al., 2022, "Towards Total Recall in Industrial Anomaly Detection"), of
    whole tubelets. Differences are taken as they are: ``|a|^2 + |b|^2 - 2ab`` would lose the digits
    of what lies close. It only says which rows can be the nearest, as far as its rounding goes.

    Attributes:
        coreset: Chosen normal embeddings, shape (m, D), m >= 1.
        neighbours: How many of them are near; all of them, where there are fewer.
    """

    name: ClassVar[str] = "knn"
    needs: ClassVar[Need] = "coreset"
    coreset: Numbers
    neighbours: int = NEIGHBOURS

    def __post_init__(self) -> None:
        if self.coreset.ndim != 2 or not len(self.coreset) or self.neighbours < 1:
            raise ValueError(f"a coreset holds a row at least: {self.coreset.shape = }")

    @classmethod
    def fit(cls, normal: NormalSummary) -> Self:
        """Return the distance from the chosen rows."""
        if normal.coreset is None or not len(normal.coreset):
            raise MissingStatisticsError(
                f"the distance {cls.name!r} needs chosen normal embeddings (a coreset), but the "
                "profile holds none. Build the profile again with this distance."
            )
        return cls(normal.coreset.astype(np.float64))

    def scores(self, observations: Observations) -> Numbers:
        """Return one score a row, shape (n,)."""
        return by_blocks(observations.embeddings, self._of)

    def _of(self, rows: npt.NDArray[Any]) -> Numbers:
        """Return the scores of a block."""
        block = rows.astype(np.float64)
        num_rows, width = self.coreset.shape
        wanted, kept = min(self.neighbours, num_rows), min(self.neighbours + SPARE, num_rows)
        rough, error = self._rough(block)
        chosen = np.argpartition(rough, kept - 1, axis=1)[:, :kept]
        squares = np.empty((len(block), kept))
        for row, candidates in enumerate(chosen):
            squares[row] = cdist(block[row : row + 1], self.coreset[candidates], "sqeuclidean")
        nearest = np.sort(squares, axis=1)[:, :wanted]
        if kept < num_rows:
            beyond = np.take_along_axis(rough, chosen, axis=1).max(axis=1) - error
            unsure = nearest[:, -1] > beyond  # a row that was not chosen could be nearer
            all_squares = cdist(block[unsure], self.coreset, "sqeuclidean")
            nearest[unsure] = np.sort(all_squares, axis=1)[:, :wanted]
        means: Numbers = nearest.mean(axis=1) / width
        return means

    def _rough(self, rows: Numbers) -> tuple[Numbers, Numbers]:
        """Return squared distances from the coreset, (n, m), and how far off they may be, (n,)."""
        origin = self.coreset.mean(axis=0)
        here, there = rows - origin, self.coreset - origin
        own, others = np.square(here).sum(axis=1), np.square(there).sum(axis=1)
        rough = here @ there.T
        rough *= -2
        rough += own[:, np.newaxis]
        rough += others
        # Each of the three sums of D products is off by D roundings of it at most.
        roundings = 8 * (self.coreset.shape[1] + 8) * np.finfo(np.float64).eps
        return rough, roundings * (own + others.max())
