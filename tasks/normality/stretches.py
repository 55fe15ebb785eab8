"""Stretches of samples that hold, bridged where they lapse for a moment."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]  # one a sample, (S,)

LONGEST_LAPSE = 2  # samples; what lapses for longer has ended
LEAST_SHARE = 0.5  # of a stretch that must hold


def stretches(holds: Mask, may_lapse: Mask) -> Iterator[tuple[int, int]]:
    """Yield [start, end) of each stretch, in order; both its first and its last sample hold.

    Args:
        holds: The samples that hold.
        may_lapse: The samples that may be bridged.
    """
    places = np.flatnonzero(holds).tolist()
    start = 0
    for number, place in enumerate(places):
        following = places[number + 1] if number + 1 < len(places) else None
        if following is not None and _bridges(may_lapse[place + 1 : following]):
            continue
        first, end = places[start], place + 1
        if number + 1 - start >= LEAST_SHARE * (end - first):
            yield first, end
        start = number + 1


def trailing(mask: Mask) -> int:
    """Return how many samples hold at the end, without a break."""
    broken = np.flatnonzero(~mask)
    return len(mask) - (int(broken[-1]) + 1 if len(broken) else 0)


def _bridges(lapse: Mask) -> bool:
    """Whether the samples between two that hold do not end a stretch."""
    return len(lapse) <= LONGEST_LAPSE and bool(lapse.all())
