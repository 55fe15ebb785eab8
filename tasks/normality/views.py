"""Whether two thumbnails show the same view, whatever the light and whoever passes.

Compared is the relief: how each part differs from its surroundings, relative to how much parts
there differ at all. Lamps, shadows, exposure and night change it little, another view wholly.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

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
    here, there = reliefs(np.stack([thumbnail, view])).astype(np.float64)
    alike = _shifted_likeness(here, there)
    if alike[0, 0] >= SAME or alike[0, 0] < UNLIKE:
        return bool(alike[0, 0] < UNLIKE)
    distance, overlap = _shifts(*here.shape)
    # Two parts off is neither in place nor elsewhere.
    elsewhere = alike[(distance > 2) & (overlap >= LEAST_OVERLAP)].max()
    return bool(elsewhere > alike[distance < 2].max() + BETTER_ELSEWHERE)


def median_view(thumbnails: Thumbnails) -> npt.NDArray[np.uint8]:
    """Return the view without what passes: the median of at most 256 thumbnails, shape (h, w)."""
    chosen = np.linspace(0, len(thumbnails) - 1, min(len(thumbnails), 256)).round().astype(int)
    median: npt.NDArray[np.uint8] = np.median(thumbnails[chosen], axis=0).round().astype(np.uint8)
    return median


def reliefs(thumbnails: Thumbnails) -> Reliefs:
    """Return the relief of each thumbnail."""
    deviations = _deviations(thumbnails)
    usual = np.sqrt(_means_around(np.square(deviations)), dtype=np.float32)
    return np.divide(deviations, usual + np.float32(NOISE), dtype=np.float32)


def _deviations(thumbnails: Thumbnails) -> Reliefs:
    """Return how each part differs from the mean of its surroundings."""
    luma = thumbnails.astype(np.float32)
    deviations: Reliefs = luma - _means_around(luma)
    return deviations


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
    light: Reliefs = luma - luma.mean(axis=(1, 2), keepdims=True)
    return light


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
    cosines = np.concatenate([np.zeros((0, len(views)), np.float32), *blocks])
    highest: npt.NDArray[np.float32] = cosines.max(axis=1)
    return highest


def _unit(values: Reliefs) -> Reliefs:
    """Return features scaled to a length of 1, or 0 where there are none."""
    lengths = np.sqrt(np.square(values).sum(axis=(1, 2), keepdims=True))
    unit: Reliefs = np.divide(values, lengths, out=np.zeros_like(values), where=lengths > 0)
    return unit


def _shifted_likeness(
    here: npt.NDArray[np.float64], there: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the cosine between what two reliefs share, for each shift of one against the other.

    Returns:
        Shape (2 h, 2 w); negative shifts count from the end, as with NumPy's Fourier transforms.
    """
    shape = tuple(2 * side for side in here.shape)

    def sums(
        one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Return the sums of products at each shift."""
        product = np.fft.rfft2(one, shape) * np.conj(np.fft.rfft2(other, shape))
        return np.fft.irfft2(product, shape)

    everywhere = np.ones_like(here)
    lengths = sums(here**2, everywhere) * sums(everywhere, there**2)
    return sums(here, there) / np.sqrt(np.maximum(lengths, np.finfo(np.float32).eps))


@cache
def _shifts(height: int, width: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return how many parts each shift is away, and the share that two reliefs have in common."""
    down, right = (
        np.abs(np.fft.fftfreq(2 * side, 1 / (2 * side))).astype(np.int64)
        for side in (height, width)
    )
    common = (1 - down[:, np.newaxis] / height) * (1 - right / width)
    return np.maximum(down[:, np.newaxis], right), common
