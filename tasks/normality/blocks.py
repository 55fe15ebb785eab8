"""Rows in blocks of one size, so that neither memory nor a row's result depends on their number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
# What kernels of BLAS take at once, 2 to 32, divides it: none sees an edge. Of so many rows of
# D = 768 a triangular solve takes 27 us a row, of 96 70; of 4096, mse is three times as slow.
BLOCK_ROWS = 384
EDGE_ROWS = 96  # a multiple of every kernel's width
CACHED_ROWS = 128  # of D = 768, so many as float64 stay in a core's cache while they are worked on


def by_blocks(rows: npt.NDArray[Any], compute: Callable[[npt.NDArray[Any]], Numbers]) -> Numbers:
    """Return what ``compute`` makes of every row.

    The last block is filled up with zeros: BLAS chooses how to add by the number of rows, so the
    last bits of a row's result would depend on how many rows stand beside it.

    Args:
        rows: Shape (n, ...).
        compute: Maps (BLOCK_ROWS, ...) to (BLOCK_ROWS, ...), each row by itself.
    """
    results = []
    for start in range(0, max(len(rows), 1), BLOCK_ROWS):
        part = rows[start : start + BLOCK_ROWS]
        block = np.zeros((BLOCK_ROWS, *rows.shape[1:]), dtype=rows.dtype)
        block[: len(part)] = part
        results.append(compute(block)[: len(part)])
    return np.concatenate(results)


def by_rows(
    rows: npt.NDArray[Any], compute: Callable[[npt.NDArray[Any], Numbers], Numbers]
) -> Numbers:
    """Return what ``compute`` makes of every row, shape (n,), where no BLAS is asked.

    Args:
        rows: Shape (n, D).
        compute: Maps (m, D), each row by itself, to (m,); its second argument is memory of the same
            shape, float64, to work in.
    """
    results = np.empty(len(rows))
    memory = np.empty((min(CACHED_ROWS, len(rows)), *rows.shape[1:]))
    for start in range(0, len(rows), CACHED_ROWS):
        part = rows[start : start + CACHED_ROWS]
        results[start : start + CACHED_ROWS] = compute(part, memory[: len(part)])
    return results


def without_edges(rows: Numbers) -> Numbers:
    """Return rows with rows of zeros after them, up to a number that no kernel of BLAS sees end.

    A product with so many of them has the same bits for a row wherever it stands in its block.

    Args:
        rows: Shape (q, D).
    """
    height = -(-len(rows) // EDGE_ROWS) * EDGE_ROWS
    return np.concatenate([rows, np.zeros((height - len(rows), rows.shape[1]))])
