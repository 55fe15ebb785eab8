"""Stillness: whether a clip shows anything that an earlier one did not.

A block of pixels has moved when its mean grey level, over the block, is off by more than so much
from where it was at the same place of the earlier clip. The mean over a block holds the noise of a
sensor down: of 16 x 16 pixels a sixteenth is left. What grows slowly cannot creep by: a clip is
held against the last one that was encoded, not against the last one that was let by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.encoder.preprocessing import Picture

# Of a part's clips that look like another, the first is encoded all the same, and from there on
# every so many-th: in all of its stretches, so that short ones have a share in it.
CHECKED = 16


@dataclass(frozen=True, slots=True, eq=False)
class _Encoded:
    """The last clip that was encoded, of which later ones may be repetitions."""

    part: int
    clip: int
    pictures: Sequence[Picture]
    blocks: npt.NDArray[np.float32] | None


@dataclass(slots=True, eq=False)
class Repetitions:
    """Finds the clips of a video that show what an earlier one of their part shows.

    A part hangs on nothing but itself, so that it is the same wherever a run begins.

    Attributes:
        most: Grey levels by which a block may be off; at 0 only the same bits are a repetition.
        side: Rows and columns of a block, pixels.
    """

    most: float
    side: int
    _last: _Encoded | None = None
    _still: int = 0

    def find(self, part: int, clip: int, pictures: Sequence[Picture]) -> Repetition | None:
        """Return the earlier clip that one looks like, or None if it is a new one."""
        last = self._last if self._last is not None and self._last.part == part else None
        if last is not None and all(map(np.array_equal, pictures, last.pictures)):
            return Repetition(last.clip, is_checked=False)
        blocks = self._blocks(pictures)
        still = last is not None and self._is_still(blocks, last.blocks)
        if last is None:
            self._still = 0
        if last is None or not still:
            self._last = _Encoded(part, clip, pictures, blocks)
            return None
        checked = self._still % CHECKED == 0
        self._still += 1
        if checked:
            self._last = _Encoded(part, clip, pictures, blocks)
        return Repetition(last.clip, checked)

    def _blocks(self, pictures: Sequence[Picture]) -> npt.NDArray[np.float32] | None:
        """Return the blocks of pictures of bytes; others have no grey levels."""
        if not self.most or pictures[0].dtype != np.uint8:
            return None
        return block_means(np.stack(pictures), self.side)

    def _is_still(
        self, blocks: npt.NDArray[np.float32] | None, before: npt.NDArray[np.float32] | None
    ) -> bool:
        if blocks is None or before is None:
            return False
        return float(np.abs(blocks - before).max()) <= self.most


@dataclass(frozen=True, slots=True)
class Repetition:
    """What a clip that looks like an earlier one is.

    Attributes:
        earlier: The clip that it looks like.
        is_checked: Whether it is encoded all the same, to see what taking the other's would cost.
    """

    earlier: int
    is_checked: bool


def block_means(pictures: npt.NDArray[Any], side: int) -> npt.NDArray[np.float32]:
    """Return the means over blocks of side x side pixels.

    Args:
        pictures: Shape (T, h, w, C).
        side: A divisor of h and w.

    Returns:
        Shape (T, h / side, w / side, C).
    """
    number, height, width, colours = pictures.shape
    blocks = pictures.reshape(number, height // side, side, width // side, side, colours)
    means: npt.NDArray[np.float32] = blocks.mean(axis=(2, 4), dtype=np.float32)
    return means
