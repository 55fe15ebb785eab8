"""The distances of one scope, fitted together: what a tubelet is held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tasks.normality.distance import Distance
from tasks.normality.distances import DISTANCES
from tasks.normality.scopes import HourMeans
from tasks.normality.summary import NormalSummary, Observations

MISSION = "mse"  # always reported
# What looks at a picture's patches or at single embeddings knows nothing of an hour's mean.
WITHOUT_HOURS = ("knn", "patch")


@dataclass(frozen=True, slots=True, eq=False)
class Ladder:
    """Distances fitted to the normal footage of a scope.

    Attributes:
        distances: By name.
        hours: How the hours of the day differ, or None.
    """

    distances: Mapping[str, Distance]
    hours: HourMeans | None = None

    @classmethod
    def fit(
        cls, summary: NormalSummary, names: Sequence[str], hours: HourMeans | None = None
    ) -> Ladder:
        """Fit distances, each named once.

        Raises:
            DistanceUnavailableError: The summary does not hold what one of them needs.
        """
        return cls({name: DISTANCES[name].fit(summary) for name in names}, hours)

    def scores(
        self, observations: Observations, hours: npt.NDArray[np.int64] | None
    ) -> dict[str, npt.NDArray[np.float64]]:
        """Return the scores of tubelets by distance, each of shape (n,), float64.

        Args:
            observations: The tubelets.
            hours: Hour of the day of each, shape (n,), or None where it is not known.
        """
        moved = observations
        if self.hours is not None and hours is not None:
            moved = replace(
                observations, embeddings=self.hours.taken_from(observations.embeddings, hours)
            )
        return {
            name: distance.scores(observations if name in WITHOUT_HOURS else moved)
            for name, distance in self.distances.items()
        }
