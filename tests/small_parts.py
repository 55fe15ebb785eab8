"""Parts of eight clips, so that a short video has several; Dask's workers load it first."""

from __future__ import annotations

from tasks.video import parts

ROWS_PER_PART = 64
parts.ROWS_PER_PART = ROWS_PER_PART
