"""The streaming mean: a profile's statistics as values that add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class StreamingMean:
    """Count and sum of weighted rows.

    ``merge`` is associative and commutative up to rounding, ``subtract`` undoes it, and ``empty``
    is its identity.

    Attributes:
        count: Frames counted.
        total: Sum over them, shape (D,), float64.
    """

    count: int
    total: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.count < 0 or self.total.ndim != 1 or self.total.dtype != np.float64:
            raise ValueError(f"a sum is a float64 vector of >= 0 frames, got {self}")

    @classmethod
    def empty(cls, width: int) -> StreamingMean:
        """Return the statistics of no rows."""
        return cls(0, np.zeros(width))

    @classmethod
    def of(
        cls, embeddings: npt.NDArray[np.floating], weights: npt.NDArray[np.int64]
    ) -> StreamingMean:
        """Return the statistics of some rows.

        Args:
            embeddings: Rows, shape (n, D).
            weights: Frames that each row speaks for, shape (n,).
        """
        if weights.shape != embeddings.shape[:1]:
            raise ValueError(f"{len(embeddings)} rows have {weights.shape} weights")
        # Not a matrix product: BLAS would add in an order that depends on its threads.
        weighted = embeddings.astype(np.float64) * weights[:, np.newaxis]
        return cls(int(weights.sum()), weighted.sum(axis=0))

    @property
    def mean(self) -> npt.NDArray[np.float64]:
        """Mean of the rows, shape (D,), float64.

        Raises:
            ValueError: There are no rows.
        """
        if not self.count:
            raise ValueError("the mean of no frames is not defined")
        return self.total / self.count

    def merge(self, other: StreamingMean) -> StreamingMean:
        """Return the statistics of both sets of rows, which have the same width."""
        if self.total.shape != other.total.shape:
            raise ValueError(f"widths differ: {self.total.shape} and {other.total.shape}")
        return StreamingMean(self.count + other.count, self.total + other.total)

    def subtract(self, other: StreamingMean) -> StreamingMean:
        """Return the statistics without rows that are part of them."""
        return StreamingMean(self.count - other.count, self.total - other.total)


def merged(parts: Iterable[StreamingMean], width: int) -> StreamingMean:
    """Return the statistics of all parts together, added in the order given."""
    return reduce(StreamingMean.merge, parts, StreamingMean.empty(width))
