"""How often scores beyond all that were seen are to be expected: a generalised Pareto tail.

Peaks over threshold (Coles 2001, chapter 4; Siffer et al. 2017), fitted by probability-weighted
moments, which with 10 to 50 peaks are steadier than maximum likelihood (Hosking and Wallis 1987).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.normality.series import Floats

LEAST_PEAKS = 5  # from which a tail is fitted
# So few peaks know the shape to 0.2 at best; unbounded, that error would decide the threshold. In
# simulation (Gaussian, exponential, rare bursts) -0.2 to 0.2 came nearest to the rate asked for;
# up to 0.5 it was half of it or less where there were bursts, up to 0.1 twice.
SHAPES = (-0.2, 0.2)
REPLICATES = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Tail:
    """Excess over a base level: survival is ``(1 + shape x / scale) ** (-1 / shape)``.

    Attributes:
        base: The level that peaks exceed.
        scale: Above 0.
        shape: 0 is the exponential tail; below, scores end at ``base - scale / shape``.
        peaks: How many it was fitted to.
    """

    base: float
    scale: float
    shape: float
    peaks: int

    def __post_init__(self) -> None:
        if not self.scale > 0 or not SHAPES[0] <= self.shape <= SHAPES[1]:
            raise ValueError(f"a tail has a positive scale and a shape in {SHAPES}, got {self}")

    @classmethod
    def fitted(cls, peaks: Floats, base: float) -> Tail | None:
        """Fit the tail of peaks above a base, or return None where they are too few or all equal.

        Args:
            peaks: One an event, shape (n,), all above the base.
            base: The level that events exceed.
        """
        if len(peaks) < LEAST_PEAKS or np.ptp(peaks) == 0:
            return None
        scale, shape = _fit(np.sort(peaks - base)[np.newaxis])
        return cls(base, float(scale[0]), float(shape[0]), len(peaks)) if scale[0] > 0 else None

    def level(self, share: float) -> float:
        """Return the score that this share of the peaks exceeds."""
        return self.base + float(_quantile(self.scale, self.shape, share))

    def share(self, score: float) -> float:
        """Return the share of the peaks that exceed a score of at least the base."""
        excess = (score - self.base) / self.scale
        if abs(self.shape) < 1e-9:
            return float(np.exp(-excess))
        return float(max(1 + self.shape * excess, 0.0) ** (-1 / self.shape))

    def interval(self, share: float, seed: int = 0) -> tuple[float, float]:
        """Return the 95 % confidence interval of `level`: a parametric bootstrap of the fit.

        The number of peaks is drawn too, so that the rate is as uncertain as it is.
        """
        random = np.random.default_rng(seed)
        counts = np.maximum(random.poisson(self.peaks, REPLICATES), LEAST_PEAKS)
        levels = np.empty(REPLICATES)
        for count in np.unique(counts):
            rows = np.flatnonzero(counts == count)
            draws = _quantile(self.scale, self.shape, random.random((len(rows), count)))
            scale, shape = _fit(np.sort(draws, axis=1))
            levels[rows] = _quantile(scale, shape, min(share * self.peaks / count, 1.0))
        outside = (1 - CONFIDENCE) / 2
        low, high = np.quantile(levels, [outside, 1 - outside])
        return self.base + float(low), self.base + float(high)


def _fit(excess: Floats) -> tuple[Floats, Floats]:
    """Return scale and bounded shape of each row of ascending excesses, shape (r, n), n >= 2."""
    n = excess.shape[1]
    first = excess.mean(axis=1)
    second = (excess * (n - 1 - np.arange(n))).mean(axis=1) / (n - 1)
    # E[x] and E[x (1 - F(x))]; at a ratio of 4 the tail is exponential
    spread = first - 2 * second
    with np.errstate(divide="ignore", invalid="ignore"):
        shape = np.where(spread > 0, 2 - first / spread, SHAPES[0])
    shape = np.clip(shape, *SHAPES)
    return first * (1 - shape), shape


def _quantile(
    scale: npt.ArrayLike, shape: npt.ArrayLike, share: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Return the excess that a share (0, 1] of the tail exceeds."""
    shape, surprise = np.asarray(shape), -np.log(np.maximum(share, 1e-300))
    flat = np.abs(shape) < 1e-9
    bent = np.expm1(shape * surprise) / np.where(flat, 1.0, shape)
    return np.asarray(scale) * np.where(flat, surprise, bent)
