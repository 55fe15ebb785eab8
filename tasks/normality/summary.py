"""What is known of normal footage, and what is held against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.normality.moments import Moments


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Tubelets to be scored.

    Attributes:
        embeddings: Shape (n, D).
        patches: Their patch sketches, shape (n, P, K), or None where none are kept.
    """

    embeddings: npt.NDArray[Any]
    patches: npt.NDArray[Any] | None = None

    def __post_init__(self) -> None:
        if self.embeddings.ndim != 2:
            raise ValueError(f"embeddings are rows, got {self.embeddings.shape = }")
        if self.patches is not None and self.patches.shape[:1] != self.embeddings.shape[:1]:
            raise ValueError(f"{len(self.embeddings)} rows have {len(self.patches)} sketches")

    def __len__(self) -> int:
        return len(self.embeddings)


@dataclass(frozen=True, slots=True, eq=False)
class NormalSummary:
    """All that a distance may learn from.

    Attributes:
        moments: Of the embeddings, (D,).
        patches: Of the patch sketches, (P, K), or None.
        coreset: Chosen normal embeddings, shape (m, D), or None.
    """

    moments: Moments
    patches: Moments | None = None
    coreset: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class NormalStatistics:
    """Sums over normal footage: of a video, of a camera, of all.

    ``merge`` is associative and commutative up to rounding, and ``subtract`` undoes it.

    Attributes:
        moments: Of the embeddings, (D,).
        patches: Of the patch sketches, (P, K), or None where none are wanted.
        hours: Of the embeddings of each hour of the day, squares alone.
    """

    moments: Moments
    patches: Moments | None = None
    hours: Mapping[int, Moments] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        observations: Observations,
        weights: npt.NDArray[Any],
        hours: npt.NDArray[np.int64] | None,
        *,
        full: bool,
        origin: npt.NDArray[np.float64] | None = None,
    ) -> NormalStatistics:
        """Return the statistics of some tubelets.

        Args:
            observations: The tubelets, at least one; their sketches count if they are there.
            weights: Frames that each speaks for, shape (n,).
            hours: Hour of the day of each, shape (n,), or None.
            full: Keep the products of every two dimensions of the embeddings.
            origin: What to sum the embeddings about, shape (D,), unless about themselves: sums
                about one origin are merged in less time.
        """
        rows, patches = observations.embeddings, observations.patches
        found = {} if hours is None else {int(hour): hours == hour for hour in np.unique(hours)}
        return cls(
            Moments.of(rows, weights, full=full, origin=origin),
            None if patches is None else Moments.of(patches, weights, full=True),
            {
                hour: Moments.of(rows[mine], weights[mine], full=False)
                for hour, mine in found.items()
            },
        )

    def merge(self, other: NormalStatistics) -> NormalStatistics:
        """Return the statistics of both."""
        hours = dict(self.hours)
        for hour, more in other.hours.items():
            hours[hour] = hours[hour].merge(more) if hour in hours else more
        patches = self.patches
        if patches is not None and other.patches is not None:
            patches = patches.merge(other.patches)
        return NormalStatistics(self.moments.merge(other.moments), patches, hours)

    def subtract(self, other: NormalStatistics) -> NormalStatistics:
        """Return the statistics without those of footage that is part of them."""
        hours = {
            hour: own.subtract(other.hours[hour]) if hour in other.hours else own
            for hour, own in self.hours.items()
        }
        patches = self.patches
        if patches is not None and other.patches is not None:
            patches = patches.subtract(other.patches)
        return NormalStatistics(self.moments.subtract(other.moments), patches, hours)

    def without_hours(self) -> NormalStatistics:
        """Return the statistics of the whole day alone."""
        return replace(self, hours={})

    def scaled(self, factor: float) -> NormalStatistics:
        """Return the statistics of the same footage, each frame with ``factor`` its weight."""
        return NormalStatistics(
            self.moments.scaled(factor),
            None if self.patches is None else self.patches.scaled(factor),
            {hour: own.scaled(factor) for hour, own in self.hours.items()},
        )
