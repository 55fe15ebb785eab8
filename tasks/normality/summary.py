"""What is known of normal footage, and what is held against it."""

from __future__ import annotations

from dataclasses import dataclass
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
