"""Parts of eight clips, so that a short video has several; Dask's workers are told at start."""

from __future__ import annotations

from tasks.video import parts

ROWS_PER_PART = 64


def dask_setup(worker: object) -> None:
    """Take over; Dask calls this in a worker that preloads this module."""
    parts.ROWS_PER_PART = ROWS_PER_PART
