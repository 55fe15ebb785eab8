"""From the scores of normal footage to the threshold that flags others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.normality.errors import ThresholdError

DEFAULT_THRESHOLD = "quantile:0.999"


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """A number, or a quantile of the normal footage's own scores.

    Exactly one of the two is set.
    """

    number: float | None = None
    quantile: float | None = None

    def __post_init__(self) -> None:
        if (self.number is None) == (self.quantile is None):
            raise ValueError(f"a threshold is a number or a quantile, got {self}")
        if self.number is not None and not np.isfinite(self.number):
            raise ValueError(f"a threshold is finite, got {self}")
        if self.quantile is not None and not 0 <= self.quantile <= 1:
            raise ValueError(f"a quantile lies between 0 and 1, got {self}")

    @classmethod
    def parse(cls, text: str) -> ThresholdRule:
        """Read ``0.25`` or ``quantile:0.999``.

        Raises:
            ThresholdError: It is neither.
        """
        kind, colon, argument = text.rpartition(":")
        try:
            if colon and kind == "quantile":
                return cls(quantile=float(argument))
            return cls(number=float(text))
        except ValueError:
            raise ThresholdError(
                f"a threshold is a number or quantile:Q with Q from 0 to 1 "
                f"(such as {DEFAULT_THRESHOLD}), got {text!r}"
            ) from None

    def resolve(self, scores: npt.NDArray[np.float64], weights: npt.NDArray[np.int64]) -> float:
        """Return the threshold, given the scores of the normal footage.

        Args:
            scores: Anomaly scores of normal tubelets, shape (n,), n >= 1.
            weights: Frames that each speaks for, shape (n,), at least 1.
        """
        if self.number is not None:
            return self.number
        assert self.quantile is not None
        return weighted_quantile(scores, weights, self.quantile)


def weighted_quantile(
    values: npt.NDArray[np.float64], weights: npt.NDArray[np.int64], quantile: float
) -> float:
    """Return what ``np.quantile(np.repeat(values, weights), quantile)`` returns, in less memory.

    Args:
        values: Shape (n,), n >= 1.
        weights: How often each value counts, shape (n,), at least 1.
        quantile: From 0 to 1.
    """
    order = np.argsort(values, kind="stable")
    ends = np.cumsum(weights[order])
    place = (int(ends[-1]) - 1) * quantile
    below, above = int(np.floor(place)), int(np.ceil(place))
    low, high = values[order][np.searchsorted(ends, [below, above], side="right")]
    return float(low + (high - low) * (place - below))
