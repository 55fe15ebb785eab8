"""The ladder of distances, from the plainest to the most demanding."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.normality.distance import Distance
from tasks.normality.gaussian import Diagonal, Mahalanobis, MeanSquaredError, Residual
from tasks.normality.nearest import Nearest
from tasks.normality.patch_distance import Patches

DISTANCES: Mapping[str, type[Distance]] = {
    distance.name: distance
    for distance in (MeanSquaredError, Diagonal, Mahalanobis, Residual, Nearest, Patches)
}


def check_distance(name: str) -> None:
    """Make sure that there is a distance of that name.

    Raises:
        ValueError: There is none.
    """
    if name not in DISTANCES:
        raise ValueError(f"a distance is one of {', '.join(DISTANCES)}, got {name!r}")
