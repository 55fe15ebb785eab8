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


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """Mean over D of the squared Euclidean distance, averaged over the nearest normal rows.

    As PatchCore (Roth et al., 2022, "Towards Total Recall in Industrial Anomaly Detection"), of
    whole tubelets. Differences are taken as they are, not by ``|a|^2 + |b|^2 - 2ab``, which would
    lose the digits of what lies close.

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
        squares = cdist(rows.astype(np.float64), self.coreset, "sqeuclidean")
        num_rows, width = self.coreset.shape
        num_nearest = min(self.neighbours, num_rows)
        nearest = np.partition(squares, num_nearest - 1, axis=1)[:, :num_nearest]
        means: Numbers = nearest.mean(axis=1) / width
        return means
