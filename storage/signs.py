"""What was measured of each video's pictures while it was probed: one small file a video."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt
import pyarrow as pa

from storage.parquet import check_schema, read_table, rows_of, vector, vectors, write_table
from storage.warehouse import Warehouse

FOLDER = "signs"
THUMBNAIL = (18, 32)  # rows, columns
SCHEMA = pa.schema(
    [
        pa.field("frame_start", pa.int64(), nullable=False),
        pa.field("frame_end", pa.int64(), nullable=False),  # exclusive
        pa.field("time_start_s", pa.float64(), nullable=False),
        pa.field("time_end_s", pa.float64(), nullable=False),
        pa.field("fine", pa.float32(), nullable=False),
        pa.field("coarse", pa.float32(), nullable=False),
        pa.field("changed", pa.float32(), nullable=False),
        pa.field("thumbnail", vector(THUMBNAIL[0] * THUMBNAIL[1], pa.uint8()), nullable=False),
    ]
)
SCALARS = tuple(name for name in SCHEMA.names if name != "thumbnail")


def write_signs(warehouse: Warehouse, video_id: str, signs: Mapping[str, npt.NDArray[Any]]) -> None:
    """Commit the signs of a video.

    Args:
        warehouse: Where they go.
        video_id: The video.
        signs: Columns of the schema, each of shape (S,), and ``thumbnails``, (S, 18, 32) uint8.
    """
    columns = [pa.array(signs[name]) for name in SCALARS]
    thumbnails = vectors(signs["thumbnails"].reshape(-1, THUMBNAIL[0] * THUMBNAIL[1]), pa.uint8())
    table = pa.Table.from_arrays([*columns, thumbnails], schema=SCHEMA)
    with warehouse.commit_file(_place(video_id)) as scratch:
        write_table(table, scratch)


def read_signs(warehouse: Warehouse, video_id: str) -> dict[str, npt.NDArray[Any]] | None:
    """Return the signs of a video as they were given, or None where it has none.

    Raises:
        CorruptShardError: They are damaged.
    """
    place = _place(video_id)
    if not warehouse.exists(place):
        return None
    table = read_table(warehouse, place)
    check_schema(warehouse.uri(place), table.schema, SCHEMA)
    signs: dict[str, npt.NDArray[Any]] = {name: table.column(name).to_numpy() for name in SCALARS}
    signs["thumbnails"] = rows_of(table.column("thumbnail")).reshape(-1, *THUMBNAIL)
    return signs


def _place(video_id: str) -> str:
    """Return where the signs of a video are kept."""
    return f"{FOLDER}/{video_id}.parquet"
