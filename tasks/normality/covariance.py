"""Covariances that can be solved with: shrunk, lifted off rounding and factored."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from tasks.normality.moments import Moments

Numbers = npt.NDArray[np.float64]
BLOCK_COLUMNS = 64


def least_variance(moments: Moments) -> float:
    """Return the variance that rounding alone gives: never 0, so it may be divided by.

    Differences below float64's rounding of the largest |mean| say nothing. This decides only where
    normal footage does not vary at all, as of a frozen camera; elsewhere it is lost in the sum.
    """
    largest = max(float(np.abs(moments.mean).max()), float(np.finfo(np.float32).tiny))
    return float((np.finfo(np.float64).eps * largest) ** 2)


def oas_covariance(moments: Moments) -> Numbers:
    """Return the covariance shrunk towards its mean variance, shape (D, D).

    Oracle approximating shrinkage (Chen, Wiesel, Eldar and Hero, 2010, "Shrinkage Algorithms for
    MMSE Covariance Estimation") with one sample a frame; equals ``sklearn.covariance.OAS``, which
    leaves out the paper's factor (1 - 2/D) as well, but needs no rows.
    """
    covariance = moments.covariance
    width = len(covariance)
    mean_variance = float(moments.variance.mean())
    mean_square = float(np.square(covariance).mean())
    apart = (moments.weight + 1) * (mean_square - mean_variance**2 / width)
    shrinkage = min((mean_square + mean_variance**2) / apart, 1.0) if apart > 0 else 1.0
    covariance *= 1 - shrinkage
    covariance.flat[:: width + 1] += shrinkage * mean_variance
    return covariance


def lower_factor(covariance: Numbers, least: float) -> Numbers:
    """Return the Cholesky factor of a covariance, lifted where it is singular.

    Rounding leaves it short of positive definite where normal footage does not vary, most of all
    after one video was taken out of many. Then the diagonal is raised, from ``least`` upwards, by
    the first power of 16 that suffices.

    Args:
        covariance: Shape (D, D), symmetric.
        least: The variance below which everything is rounding, > 0.

    Returns:
        Lower triangular, shape (D, D), the same bits with any number of threads.
    """
    lift = 0.0 if np.diagonal(covariance).min() > least else least
    while True:
        lifted = covariance.copy()
        lifted.flat[:: len(lifted) + 1] += lift
        try:
            return _factored(lifted)
        except LinAlgError:
            lift = max(lift * 16, least)


def lower_factors(covariances: Numbers, least: float) -> Numbers:
    """Return the Cholesky factors of many covariances, each as ``lower_factor`` returns it.

    Small ones of which none is singular take a thirtieth of the time when factored in one call.

    Args:
        covariances: Shape (P, K, K), symmetric.
        least: The variance below which everything is rounding, > 0.

    Returns:
        Lower triangular, shape (P, K, K).
    """
    lowest = np.diagonal(covariances, axis1=-2, axis2=-1).min()
    if covariances.shape[-1] <= BLOCK_COLUMNS and lowest > least:
        with suppress(LinAlgError):
            return np.linalg.cholesky(covariances).astype(np.float64, copy=False)
    return np.stack([lower_factor(covariance, least) for covariance in covariances])


def whitened(factor: Numbers, rows: Numbers) -> Numbers:
    """Return rows in coordinates of variance 1, shape (n, D): a triangular solve, no inverse."""
    solved: Numbers = solve_triangular(factor, rows.T, lower=True, check_finite=False).T
    return solved


def whitened_places(factors: Numbers, rows: Numbers) -> Numbers:
    """Return rows of many places in coordinates of variance 1, each place by its own factor.

    Substitution column by column, over all rows and places at once: every number is computed by
    itself, so it has the same bits whatever stands beside it.

    Args:
        factors: Lower triangular, shape (P, K, K).
        rows: Shape (n, P, K).

    Returns:
        Shape (K, n, P).
    """
    solved = np.ascontiguousarray(np.moveaxis(rows, -1, 0))
    for column in range(len(solved)):
        solved[column] /= factors[:, column, column]
        below = factors[:, column + 1 :, column].T[:, np.newaxis]
        solved[column + 1 :] -= solved[column] * below
    return solved


def _factored(matrix: Numbers) -> Numbers:
    """Return the Cholesky factor, by blocks of columns.

    LAPACK alone splits a large matrix by the number of threads, and so changes its last bits; it
    does not split a block, and a product or a triangular solve has the same bits either way.
    """
    lower = np.zeros_like(matrix)
    for start in range(0, len(matrix), BLOCK_COLUMNS):
        end = min(start + BLOCK_COLUMNS, len(matrix))
        known = lower[start:, :start]
        rest = matrix[start:, start:end] - known @ known[: end - start].T
        corner = cholesky(rest[: end - start], lower=True)
        lower[start:end, start:end] = corner
        lower[end:, start:end] = whitened(corner, rest[end - start :])
    return lower
