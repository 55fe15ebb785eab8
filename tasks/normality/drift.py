"""Whether a camera's footage has moved away from its profile, which then is to be learned again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
STALE_RATIO = 2.0
STALE_VIDEOS = 3
STALE_NORMAL_VIDEOS = 3


@dataclass(frozen=True, slots=True)
class Drift:
    """How far footage lies from a profile, by how far the profile's own videos lie from each other.

    Attributes:
        ratio: Median distance of the footage's videos, as a multiple of the normal videos' highest.
        videos: The footage's videos, >= 1.
        stale: Whether the profile no longer describes them.
    """

    ratio: float
    videos: int
    stale: bool

    def __post_init__(self) -> None:
        if not (0 <= self.ratio < np.inf and self.videos >= 1):
            raise ValueError(f"a ratio is finite and of one video at least, got {self}")


def drift(profile_mean: Numbers, normal_distances: Numbers, means: Numbers) -> Drift | None:
    """Return how far one camera's footage lies from a profile; None where it cannot be known.

    A profile is stale where the median of at least 3 videos' distances is above twice the highest
    distance among at least 3 normal videos. Where nothing has changed, that is so in up to 1 % of
    draws of Gaussian means which differ in ten directions (3 normal videos and more), and in one
    direction in 15 % (3 normal videos), 3 % (6) and 1 % (10), measured; a mere ratio above 1 would
    be in 10 to 25 % of 3 normal videos.

    Args:
        profile_mean: Shape (D,).
        normal_distances: Of each normal video to the others, as ``distances_to_others`` says,
            shape (V,). One video has no others, and of copies of one video nothing is known.
        means: One a video of the footage, shape (n, D).
    """
    if not len(means) or not len(normal_distances) or not normal_distances.max() > 0:
        return None
    distances = np.square(means - profile_mean).mean(axis=1)
    ratio = float(np.median(distances) / normal_distances.max())
    enough = len(means) >= STALE_VIDEOS and len(normal_distances) >= STALE_NORMAL_VIDEOS
    return Drift(ratio, len(means), stale=enough and ratio > STALE_RATIO)


def distances_to_others(counts: npt.NDArray[np.floating], totals: Numbers) -> Numbers:
    """Return the mean squared error of each video's mean to the mean of all others.

    Args:
        counts: Frames of each video, > 0, shape (V,).
        totals: Sum of each video's embeddings over its frames, shape (V, D).

    Returns:
        Shape (V,); empty for one video, which has no others.
    """
    if len(counts) < 2:
        return np.zeros(0)
    means = totals / counts[:, np.newaxis]
    shifted = means - means[0]  # embeddings may be large and close to each other
    shares = counts / counts.sum()
    away = (shifted - shares @ shifted) / (1 - shares)[:, np.newaxis]
    distances: Numbers = np.square(away).mean(axis=1)
    return distances
