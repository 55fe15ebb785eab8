"""Distances from the mean of normal footage, each in its own measure of how that varies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

from tasks.normality.blocks import by_blocks, by_rows, without_edges
from tasks.normality.covariance import least_variance, lower_factor, oas_covariance, whitened
from tasks.normality.distance import Need, mean_square
from tasks.normality.errors import MissingStatisticsError
from tasks.normality.moments import Moments
from tasks.normality.summary import NormalSummary, Observations

Numbers = npt.NDArray[np.float64]
VARIANCE_SHARE = 0.01  # of the mean variance, added to every dimension's
SUBSPACE_SHARE = 0.99  # of the variance, that the leading subspace holds


@dataclass(frozen=True, slots=True, eq=False)
class MeanSquaredError:
    """``mean((embedding - mean) ** 2)`` over D: the mission's anomaly score."""

    name: ClassVar[str] = "mse"
    needs: ClassVar[Need] = "variance"
    moments: Moments

    @classmethod
    def fit(cls, normal: NormalSummary) -> Self:
        """Return the distance from the mean."""
        return cls(normal.moments)

    def scores(self, observations: Observations) -> Numbers:
        """Return one score a row, shape (n,)."""
        return by_rows(
            observations.embeddings,
            lambda rows, memory: mean_square(self.moments.centred(rows, memory)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Diagonal:
    """Mean over D of ``(embedding - mean) ** 2 / variance``: each dimension by its own measure.

    A variance is taken to be larger by 1 % of the mean variance, so that dimensions which hardly
    vary in normal footage, and may have been seen too briefly to know, cannot outweigh all others;
    and by what rounding alone gives, where nothing varies at all.

    Attributes:
        moments: Of normal footage, (D,).
        variance: So enlarged, shape (D,), > 0.
    """

    name: ClassVar[str] = "diagonal"
    needs: ClassVar[Need] = "variance"
    moments: Moments
    variance: Numbers

    def __post_init__(self) -> None:
        if not (self.variance > 0).all():
            raise ValueError("a variance to divide by is > 0")

    @classmethod
    def fit(cls, normal: NormalSummary) -> Self:
        """Return the distance from the mean, in each dimension's own measure."""
        variance = normal.moments.variance
        lift = VARIANCE_SHARE * variance.mean() + least_variance(normal.moments)
        return cls(normal.moments, variance + lift)

    def scores(self, observations: Observations) -> Numbers:
        """Return one score a row, shape (n,)."""
        deviation = np.sqrt(self.variance)

        def of_rows(rows: npt.NDArray[Any], memory: Numbers) -> Numbers:
            centred = self.moments.centred(rows, memory)
            centred /= deviation
            return mean_square(centred)

        return by_rows(observations.embeddings, of_rows)


@dataclass(frozen=True, slots=True, eq=False)
class Mahalanobis:
    """Squared Mahalanobis distance / D, with the covariance shrunk by OAS.

    Attributes:
        moments: Of normal footage, (D,).
        factor: Cholesky factor of the shrunk covariance, shape (D, D), lower.
    """

    name: ClassVar[str] = "mahalanobis"
    needs: ClassVar[Need] = "covariance"
    moments: Moments
    factor: Numbers

    def __post_init__(self) -> None:
        if not (np.diagonal(self.factor) > 0).all():
            raise ValueError("a factor's diagonal is > 0")

    @classmethod
    def fit(cls, normal: NormalSummary) -> Self:
        """Return the distance from the mean, in the measure of the covariance."""
        moments = _with_covariance(normal, cls.name)
        return cls(moments, lower_factor(oas_covariance(moments), least_variance(moments)))

    def scores(self, observations: Observations) -> Numbers:
        """Return one score a row, shape (n,)."""
        return by_blocks(
            observations.embeddings,
            lambda x: mean_square(whitened(self.factor, self.moments.centred(x))),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Residual:
    """Mean over D of the squares left outside the subspace that holds 99 % of the variance.

    The Q statistic, or squared prediction error (Jackson and Mudholkar, 1979, "Control Procedures
    for Residuals Associated with Principal Component Analysis"), / D. Where nothing varies, the
    subspace is empty and this is ``mse``. LAPACK's eigenvectors depend on its number of threads in
    their last bits, and so do these scores; of all distances, these alone. Give BLAS one thread.

    Attributes:
        moments: Of normal footage, (D,).
        axes: Orthonormal, of the subspace, shape (q, D).
    """

    name: ClassVar[str] = "pca"
    needs: ClassVar[Need] = "covariance"
    moments: Moments
    axes: Numbers

    def __post_init__(self) -> None:
        if self.axes.shape[1:] != self.moments.origin.shape:
            raise ValueError(f"an axis is as wide as the embeddings, got {self.axes.shape = }")

    @classmethod
    def fit(cls, normal: NormalSummary) -> Self:
        """Return the distance from the leading subspace through the mean."""
        moments = _with_covariance(normal, cls.name)
        values, vectors = eigh(moments.covariance)
        held = np.cumsum(np.maximum(values[::-1], 0.0))
        enough = held >= SUBSPACE_SHARE * held[-1]
        varies = held[-1] > least_variance(moments)
        num_axes = int(np.argmax(enough)) + 1 if varies else 0
        return cls(moments, np.ascontiguousarray(vectors.T[::-1][:num_axes]))

    def scores(self, observations: Observations) -> Numbers:
        """Return one score a row, shape (n,)."""
        axes = without_edges(self.axes)

        def of_block(rows: npt.NDArray[Any]) -> Numbers:
            centred = self.moments.centred(rows)
            return mean_square(centred - (centred @ axes.T) @ axes)

        return by_blocks(observations.embeddings, of_block)


def _with_covariance(normal: NormalSummary, name: str) -> Moments:
    """Return statistics of the embeddings that hold their covariance."""
    if not normal.moments.full:
        raise MissingStatisticsError(
            f"the distance {name!r} needs the covariance of normal embeddings, but the profile "
            "holds their variances alone. Build the profile again with this distance."
        )
    return normal.moments
