"""How far an embedding lies from the profile. Each distance is one function of this room."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


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
