"""Whether two thumbnails show the same view, whatever the light and whoever passes.

Compared is the relief: how each part differs from its surroundings, relative to how much parts
there differ at all. Lamps, shadows, exposure and night change it little, another view wholly.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Thumbnails = npt.NDArray[np.uint8]  # (S, h, w)
Reliefs = npt.NDArray[np.float32]  # (S, h, w)

RADIUS = 2  # parts; of the surroundings
NOISE = 2.0  # luma; differences much smaller are not the view's
BLOCK = 4096  # thumbnails at once, some 10 MB

# Likeness of one camera's medians: 0.75 to 0.99 within its videos, 0.69 to 0.95 between Avenue's
# videos; under lamps, shadows and infra-red, painted in: 0.23 to 0.97. Of a view shifted by 15 %
# or more: -0.12 to 0.44; turned by 15 degrees: -0.07 to 0.19; of another camera: -0.13 to 0.31.
SAME = 0.7
ALIKE = 0.45
UNLIKE = 0.25
# A shifted view is found elsewhere, more alike there by 0.21 to 0.94. Under painted light the view
# is most alike in its place: of 160 cases, one was more alike elsewhere, by 0.07.
BETTER_ELSEWHERE = 0.1
LEAST_OVERLAP = 0.5


def structure(thumbnails: Thumbnails) -> npt.NDArray[np.float32]:
    """Return how much there is to see: the deviation of parts from their surroundings, (S,)."""
    blocks = [
        np.sqrt(np.square(_deviations(thumbnails[start : start + BLOCK])).mean(axis=(1, 2)))
        for start in range(0, len(thumbnails), BLOCK)
    ]
    return np.concatenate([np.zeros(0, np.float32), *blocks])


def likeness(thumbnails: Thumbnails, views: Thumbnails) -> npt.NDArray[np.float32]:
    """Return how alike the relief of each thumbnail is to that of the view most like it.

    Args:
        thumbnails: Shape (S, h, w).
        views: Shape (V, h, w), V >= 1.

    Returns:
        Cosines, shape (S,).
    """
    return _highest_cosines(thumbnails, views, reliefs)


def light_likeness(thumbnails: Thumbnails, views: Thumbnails) -> npt.NDArray[np.float32]:
    """Return the same of light and dark, which fine detail has no part in."""
    return _highest_cosines(thumbnails, views, _light)


def shows_another_view(thumbnail: npt.NDArray[np.uint8], view: npt.NDArray[np.uint8]) -> bool:
    """Whether a thumbnail shows something else than a view, or the view from elsewhere.

    Thumbnails are medians over some time, free of what passes.
    """
    here, there = reliefs(np.stack([thumbnail, view]))
    found = _correlation(here, there)
    if found >= SAME or found < UNLIKE:
        return found < UNLIKE
    height, width = here.shape
    near, far = [found], [UNLIKE]
    for down in range(1 - height, height):
        for right in range(1 - width, width):
            if (1 - abs(down) / height) * (1 - abs(right) / width) < LEAST_OVERLAP:
                continue
            distance = max(abs(down), abs(right))
            if distance != 2:  # neither in place nor elsewhere
                alike = _correlation(_overlap(here, down, right), _overlap(there, -down, -right))
                (near if distance < 2 else far).append(alike)
    return max(far) > max(near) + BETTER_ELSEWHERE


def median_view(thumbnails: Thumbnails) -> npt.NDArray[np.uint8]:
    """Return the view without what passes: the median of at most 256 thumbnails, shape (h, w)."""
    chosen = np.linspace(0, len(thumbnails) - 1, min(len(thumbnails), 256)).round().astype(int)
    view: npt.NDArray[np.uint8] = np.median(thumbnails[chosen], axis=0).round().astype(np.uint8)
    return view


def reliefs(thumbnails: Thumbnails) -> Reliefs:
    """Return the relief of each thumbnail."""
    deviations = _deviations(thumbnails)
    spread = np.sqrt(_means_around(np.square(deviations))) + np.float32(NOISE)
    return np.asarray(deviations / spread, dtype=np.float32)


def _deviations(thumbnails: Thumbnails) -> Reliefs:
    """Return how each part differs from the mean of its surroundings."""
    luma = thumbnails.astype(np.float32)
    return luma - _means_around(luma)


def _means_around(values: Reliefs) -> Reliefs:
    """Return the mean of each part's surroundings, itself included."""
    side = 2 * RADIUS + 1
    padding = (RADIUS, RADIUS)
    rows = np.pad(values, ((0, 0), padding, (0, 0)), mode="reflect")
    columns = sum(rows[:, step : step + values.shape[1]] for step in range(side))
    padded = np.pad(columns, ((0, 0), (0, 0), padding), mode="reflect")
    total = sum(padded[:, :, step : step + values.shape[2]] for step in range(side))
    return np.asarray(total / np.float32(side * side), dtype=np.float32)


def _light(thumbnails: Thumbnails) -> Reliefs:
    """Return how each part differs from the mean of all."""
    luma = thumbnails.astype(np.float32)
    return np.asarray(luma - luma.mean(axis=(1, 2), keepdims=True), dtype=np.float32)


def _highest_cosines(
    thumbnails: Thumbnails, views: Thumbnails, features: Callable[[Thumbnails], Reliefs]
) -> npt.NDArray[np.float32]:
    """Return the cosine between each thumbnail's features and those of the view most like it."""
    known = _unit(features(views))
    blocks = [
        # Not a matrix product: BLAS would add in an order that depends on its threads.
        np.einsum("shw,vhw->sv", _unit(features(thumbnails[start : start + BLOCK])), known)
        for start in range(0, len(thumbnails), BLOCK)
    ]
    cosines: npt.NDArray[np.float32] = np.concatenate(
        [np.zeros((0, len(views)), np.float32), *blocks]
    ).max(axis=1)
    return cosines


def _unit(values: Reliefs) -> Reliefs:
    """Return features scaled to a length of 1, or 0 where there are none."""
    lengths = np.sqrt(np.square(values).sum(axis=(1, 2), keepdims=True))
    return np.asarray(np.divide(values, lengths, out=np.zeros_like(values), where=lengths > 0))


def _overlap(relief: Reliefs, rows: int, columns: int) -> Reliefs:
    """Return what is left of a relief when it is moved against another."""
    height, width = relief.shape
    return relief[max(0, rows) : height + min(0, rows), max(0, columns) : width + min(0, columns)]


def _correlation(one: Reliefs, other: Reliefs) -> float:
    """Return the cosine between two reliefs, 0 where either is empty."""
    length = np.sqrt(np.square(one).sum() * np.square(other).sum())
    return float((one * other).sum() / length) if length else 0.0
