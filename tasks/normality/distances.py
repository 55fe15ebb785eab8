"""The ladder of distances, from the plainest to the most demanding."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tasks.normality.distance import Distance
from tasks.normality.gaussian import Diagonal, Mahalanobis, MeanSquaredError, Residual
from tasks.normality.nearest import Nearest
from tasks.normality.patch_distance import Patches

DISTANCES: Mapping[str, type[Distance]] = {
    distance.name: distance
    for distance in (MeanSquaredError, Diagonal, Mahalanobis, Residual, Nearest, Patches)
}


def mean_squared_error(
    embeddings: npt.NDArray[np.floating], mean: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return ``mean((embedding - mean) ** 2)`` over D for each row: the mission's anomaly score.

    Args:
        embeddings: Rows, shape (n, D).
        mean: The profile's mean, shape (D,).

    Returns:
        Scores, shape (n,), float64.
    """
    difference = embeddings.astype(np.float64, order="C") - mean
    scores: npt.NDArray[np.float64] = np.square(difference, out=difference).mean(axis=1)
    return scores


def check_distance(name: str) -> None:
    """Make sure that there is a distance of that name.

    Raises:
        ValueError: There is none.
    """
    if name not in DISTANCES:
        raise ValueError(f"a distance is one of {', '.join(DISTANCES)}, got {name!r}")
