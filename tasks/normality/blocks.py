"""Rows in blocks of one size, so that neither memory nor a row's result depends on their number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
BLOCK_ROWS = 96  # what kernels of BLAS take at once, 2 to 32, divides it: none sees an edge


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
