"""Count, mean and co-moments: a profile's statistics as values that add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
BLOCK_ROWS = 128


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Weight, sum and products of rows about a fixed origin, of one or of many vectors a row.

    ``merge`` is associative and commutative up to rounding, ``subtract`` undoes it, ``scaled``
    distributes over it, and a weight of 0 is its identity. Sums are kept about an origin that lies
    among the rows (shifted data: Chan, Golub and LeVeque, 1983, "Algorithms for computing the
    sample variance"): about 0, the products of embeddings around 1e6 would drown a variance of
    1e-6.

    Attributes:
        weight: Frames counted; a fraction where they were decayed.
        origin: Shape (..., D), float64.
        total: Weighted sum of ``row - origin``, shape (..., D), float64.
        products: Weighted sum of their products: (..., D, D), or (..., D) where only squares count.
    """

    weight: float
    origin: Numbers
    total: Numbers
    products: Numbers

    def __post_init__(self) -> None:
        shape = self.origin.shape
        if not shape or self.total.shape != shape:
            raise ValueError(f"origin and sum have one shape, got {shape} and {self.total.shape}")
        if self.products.shape not in (shape, (*shape, shape[-1])):
            raise ValueError(f"the products of {shape} have another shape: {self.products.shape}")
        if not (self.weight >= 0 and np.isfinite(self.weight)):
            raise ValueError(f"a weight is finite and >= 0, got {self.weight}")

    @classmethod
    def of(
        cls,
        rows: npt.NDArray[Any],
        weights: npt.NDArray[Any],
        *,
        full: bool,
        origin: Numbers | None = None,
    ) -> Moments:
        """Return the statistics of some rows.

        Args:
            rows: Shape (n, ..., D), n >= 1.
            weights: Frames that each row speaks for, shape (n,), >= 0.
            full: Keep the products of every two dimensions, not only the squares.
            origin: What to sum about, shape (..., D); the mean of the rows unless given.
        """
        if weights.shape != rows.shape[:1] or not len(rows):
            raise ValueError(f"{len(rows)} rows have {weights.shape} weights, at least one")
        across = weights.astype(np.float64).reshape(-1, *[1] * (rows.ndim - 1))
        if origin is None:
            origin = rows.mean(axis=0, dtype=np.float64)
        if not full:
            return cls(float(weights.sum()), origin, *_sums(rows, across, origin))
        numbers = rows.astype(np.float64)
        numbers -= origin
        # Not a matrix product: BLAS would add in an order that depends on its threads.
        total = (numbers * across).sum(axis=0)
        numbers *= np.sqrt(across)
        by_place = np.moveaxis(numbers, 0, -2)  # (..., n, D)
        products = np.swapaxes(by_place, -1, -2) @ by_place
        return cls(float(weights.sum()), origin, total, products)

    @property
    def full(self) -> bool:
        """Whether the products of every two dimensions are kept."""
        return self.products.ndim > self.origin.ndim

    @property
    def mean(self) -> Numbers:
        """Mean of the rows, shape (..., D).

        Raises:
            ValueError: There are no rows.
        """
        return self.origin + self._offset()

    @property
    def variance(self) -> Numbers:
        """Variance of each dimension, with the divisor n, shape (..., D), never negative."""
        squares = np.diagonal(self.products, axis1=-2, axis2=-1) if self.full else self.products
        spread = squares / self.weight - np.square(self._offset())
        return np.maximum(spread, 0.0)

    @property
    def covariance(self) -> Numbers:
        """Covariance with the divisor n, shape (..., D, D).

        Raises:
            ValueError: Only squares are kept.
        """
        if not self.full:
            raise ValueError("these statistics hold variances alone, no covariance")
        offset = self._offset()
        outer: Numbers = offset[..., :, np.newaxis] * offset[..., np.newaxis, :]
        spread: Numbers = self.products / self.weight - outer
        return spread

    def centred(self, rows: npt.NDArray[Any]) -> Numbers:
        """Return rows less the mean, float64; exact also where rows are large and close to it.

        Args:
            rows: Shape (n, ..., D).
        """
        numbers = rows.astype(np.float64, order="C")
        numbers -= self.origin
        numbers -= self._offset()
        return numbers

    def about(self, origin: Numbers) -> Moments:
        """Return the same statistics, summed about another origin."""
        shift = self.origin - origin
        total = self.total + self.weight * shift
        if self.full:
            mixed = self.total[..., :, np.newaxis] * shift[..., np.newaxis, :]
            moved = self.weight * shift[..., :, np.newaxis] * shift[..., np.newaxis, :]
            products = self.products + (mixed + np.swapaxes(mixed, -1, -2)) + moved
        else:
            products = self.products + 2 * self.total * shift + self.weight * np.square(shift)
        return Moments(self.weight, origin, total, products)

    def merge(self, other: Moments) -> Moments:
        """Return the statistics of both sets of rows."""
        return self._combined(other, 1.0) if self.weight else other

    def subtract(self, other: Moments) -> Moments:
        """Return the statistics without rows that are part of them."""
        return self._combined(other, -1.0)

    def scaled(self, factor: float) -> Moments:
        """Return the statistics of the same rows, each with ``factor`` times its weight."""
        return Moments(
            self.weight * factor, self.origin, self.total * factor, self.products * factor
        )

    def squares_only(self) -> Moments:
        """Return the statistics without the products of different dimensions."""
        if not self.full:
            return self
        squares = np.diagonal(self.products, axis1=-2, axis2=-1).copy()
        return Moments(self.weight, self.origin, self.total, squares)

    def _combined(self, other: Moments, sign: float) -> Moments:
        """Return these statistics plus or minus others of the same kind."""
        if self.products.shape != other.products.shape:
            raise ValueError(
                f"statistics of {self.products.shape} and {other.products.shape} do not add up"
            )
        there = other.about(self.origin)
        weight = self.weight + sign * there.weight
        # What rounding leaves of decayed frames that were all taken away is no frame, nor less.
        weight = weight if abs(weight) > 1e-12 * self.weight else 0.0
        return Moments(
            weight,
            self.origin,
            self.total + sign * there.total,
            self.products + sign * there.products,
        )

    def _offset(self) -> Numbers:
        """Return the mean less the origin."""
        if not self.weight:
            raise ValueError("the statistics of no frames have no mean")
        return self.total / self.weight


def _sums(rows: npt.NDArray[Any], across: Numbers, origin: Numbers) -> tuple[Numbers, Numbers]:
    """Return the weighted sums of ``row - origin`` and of its squares, block by block.

    A block stays in the processor's cache: five times as fast as all rows at once.
    """
    total, squares = np.zeros_like(origin), np.zeros_like(origin)
    for start in range(0, len(rows), BLOCK_ROWS):
        block = rows[start : start + BLOCK_ROWS].astype(np.float64)
        block -= origin
        weighted = block * across[start : start + BLOCK_ROWS]
        total += weighted.sum(axis=0)
        squares += np.multiply(block, weighted, out=block).sum(axis=0)
    return total, squares


def merged(parts: Iterable[Moments]) -> Moments:
    """Return the statistics of all parts together, at least one, added in the order given."""
    return reduce(Moments.merge, parts)
