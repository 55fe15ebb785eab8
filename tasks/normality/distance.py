"""What a distance is: how far an embedding lies from what is normal."""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol, Self

import numpy as np
import numpy.typing as npt

from tasks.normality.summary import NormalSummary, Observations

Numbers = npt.NDArray[np.float64]
Need = Literal["variance", "covariance", "coreset", "patches"]


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
    """Return the mean of each row's squares, shape (n,), overwriting the rows."""
    rows = np.ascontiguousarray(rows)  # else the order of adding would depend on their number
    means: Numbers = np.square(rows, out=rows).mean(axis=1)
    return means
