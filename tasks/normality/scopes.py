"""Which normal footage an embedding is held against: all of it, its camera's, or its hour's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tasks.normality.moments import Moments

By = Literal["all", "camera", "hour-of-day"]
ALL = "all"
# Frames of the camera's own mean that every hour is mixed with: ten minutes at 25 frames a second.
HOUR_PRIOR_FRAMES = 15_000


def camera_scope(camera: str) -> str:
    """Return the name of a camera's own scope."""
    return f"camera:{camera}"


def scopes_of(camera: str, by: By) -> tuple[str, ...]:
    """Return the scopes that footage of a camera is summed up in, the most specific last."""
    return (ALL,) if by == "all" else (ALL, camera_scope(camera))


def hours_of(
    recorded_at: datetime | None, seconds: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64] | None:
    """Return the hour of the day, on the site's clock, of moments of a video.

    Args:
        recorded_at: When the video begins, with the site's zone, or None.
        seconds: Since then, shape (n,).

    Returns:
        0 to 23, shape (n,), or None where nobody knows when the video was recorded.
    """
    if recorded_at is None:
        return None
    midnight = recorded_at.replace(hour=0, minute=0, second=0, microsecond=0)
    since_s = (recorded_at - midnight).total_seconds() + seconds
    hours: npt.NDArray[np.int64] = (since_s // 3600).astype(np.int64) % 24
    return hours


@dataclass(frozen=True, slots=True, eq=False)
class HourMeans:
    """How far the mean of each hour of the day lies from its camera's.

    An hour's mean is smoothed towards the camera's: with n frames of its own it is
    ``(n * own + n0 * camera) / (n + n0)``, n0 = ``HOUR_PRIOR_FRAMES``. An hour without footage has
    the camera's. The spread around the mean is the camera's at every hour.

    Attributes:
        shifts: Shape (24, D), float64.
    """

    shifts: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.shifts.ndim != 2 or len(self.shifts) != 24:
            raise ValueError(f"a day has 24 hours, got {self.shifts.shape = }")

    @classmethod
    def of(cls, camera: Moments, hours: Mapping[int, Moments]) -> HourMeans:
        """Return the means of the hours that a camera's footage is of."""
        shifts = np.zeros((24, *camera.origin.shape))
        for hour, own in hours.items():
            if own.weight:
                share = own.weight / (own.weight + HOUR_PRIOR_FRAMES)
                shifts[hour] = share * (own.mean - camera.mean)
        return cls(shifts)

    def taken_from(
        self, embeddings: npt.NDArray[Any], hours: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """Return embeddings as they would be if every hour had the camera's mean.

        Args:
            embeddings: Shape (n, D).
            hours: Hour of each, shape (n,).
        """
        moved: npt.NDArray[np.float64] = embeddings - self.shifts[hours]
        return moved
