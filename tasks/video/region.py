"""The part of each frame that somebody looks at: the rest need not become pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Region:
    """Rows and columns of an upright frame, half-open.

    Attributes:
        top: First row.
        bottom: Row after the last one.
        left: First column.
        right: Column after the last one.
    """

    top: int
    bottom: int
    left: int
    right: int

    def __post_init__(self) -> None:
        if not (0 <= self.top < self.bottom and 0 <= self.left < self.right):
            raise ValueError(f"a region has rows and columns, got {self}")

    def of(self, frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return that part of a frame, (H, W, C), without copying it."""
        return frame[self.top : self.bottom, self.left : self.right]
