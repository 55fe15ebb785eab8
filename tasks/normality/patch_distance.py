"""Distance of what each place of the picture shows from what it shows normally."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from tasks.normality.blocks import by_blocks
from tasks.normality.covariance import least_variance, lower_factors, whitened_places
from tasks.normality.distance import Need
from tasks.normality.errors import MissingStatisticsError
from tasks.normality.moments import Moments
from tasks.normality.summary import NormalSummary, Observations

Numbers = npt.NDArray[np.float64]
PLACE_SHARE = 0.05  # of a position's mean variance, added to its diagonal
HIGHEST_PLACES = 10


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """Squared Mahalanobis distance / K of the patches' sketches, each position by its own measure.

    As PaDiM (Defard et al., 2021, "PaDiM: a Patch Distribution Modeling Framework for Anomaly
    Detection and Localization"), with 5 % of a position's mean variance added to its diagonal. A
    row's score is the mean of its 10 highest positions: what is odd is small in view.

    Attributes:
        moments: Of the sketches of normal footage, (P, K).
        factors: Cholesky factors of the positions' covariances, shape (P, K, K), lower.
    """

    name: ClassVar[str] = "patch"
    needs: ClassVar[Need] = "patches"
    moments: Moments
    factors: Numbers

    def __post_init__(self) -> None:
        if self.factors.shape != (*self.moments.origin.shape, self.moments.origin.shape[-1]):
            raise ValueError(f"positions and factors do not match: {self.factors.shape = }")

    @classmethod
    def fit(cls, normal: NormalSummary) -> Self:
        """Return the distance from each position's mean."""
        moments = normal.patches
        if moments is None or not moments.full:
            raise MissingStatisticsError(_no_sketch("statistics of the profile", cls.name))
        least = least_variance(moments)
        covariance = moments.covariance
        lift = PLACE_SHARE * moments.variance.mean(axis=-1) + least
        covariance += lift[:, np.newaxis, np.newaxis] * np.eye(covariance.shape[-1])
        return cls(moments, lower_factors(covariance, least))

    def scores(self, observations: Observations) -> Numbers:
        """Return one score a row, shape (n,)."""
        heat = self.heat(observations)
        others = max(heat.shape[1] - HIGHEST_PLACES, 0)
        highest: Numbers = np.partition(heat, others, axis=1)[:, others:].mean(axis=1)
        return highest

    def heat(self, observations: Observations) -> Numbers:
        """Return one value a row and position, shape (n, P).

        Raises:
            MissingStatisticsError: The rows have no sketches, or of another shape.
        """
        sketches = observations.patches
        if sketches is None:
            raise MissingStatisticsError(_no_sketch("shards", self.name))
        if sketches.shape[1:] != self.moments.origin.shape:
            raise MissingStatisticsError(
                f"the profile knows patch sketches of {self.moments.origin.shape} (P, K), but the "
                f"shards hold {sketches.shape[1:]}. Embed both with the same --patch-sketch K."
            )
        return by_blocks(sketches, self._of)

    def _of(self, rows: npt.NDArray[Any]) -> Numbers:
        """Return the values of a block."""
        solved = whitened_places(self.factors, self.moments.centred(rows))
        values: Numbers = np.square(solved, out=solved).mean(axis=0)
        return values


def _no_sketch(where: str, name: str) -> str:
    """Return what is missing, and the remedy."""
    return (
        f"the distance {name!r} needs patch sketches, but the {where} hold none. "
        "Embed with --patch-sketch K, and build the profile from those shards."
    )
