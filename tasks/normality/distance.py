"""What a distance is: how far an embedding lies from what is normal."""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol, Self

import numpy as np
import numpy.typing as npt

from tasks.normality.summary import NormalSummary, Observations

Numbers = npt.NDArray[np.float64]
Need = Literal["variance", "covariance", "coreset", "patches"]
WIDTH_OF_ONE = 8192  # numbers that BLAS adds up on one thread, whatever it has: in one order


class Distance(Protocol):
    """A distance fitted to normal footage, in float64; a row's score is of that row alone.

    Attributes:
        name: What users call it.
        needs: What of the normal footage must have been kept.
    """

    name: ClassVar[str]
    needs: ClassVar[Need]

    @classmethod
    def fit(cls, normal: NormalSummary) -> Self:
        """Return the distance from what is normal.

        Raises:
            MissingStatisticsError: What it needs was not kept.
        """

    def scores(self, observations: Observations) -> Numbers:
        """Return one score a row, shape (n,).

        Raises:
            MissingStatisticsError: The rows lack what it needs.
        """


def mean_square(rows: Numbers) -> Numbers:
    """Return the mean of each row's squares, shape (n,)."""
    rows = np.ascontiguousarray(rows)  # else the order of adding would depend on their number
    width = rows.shape[1]
    parts = (rows[:, start : start + WIDTH_OF_ONE] for start in range(0, width, WIDTH_OF_ONE))
    means: Numbers = sum(np.vecdot(part, part) for part in parts) / width
    return means
