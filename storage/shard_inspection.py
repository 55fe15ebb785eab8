"""Whether a shard is what its writer wrote, by all that the shard itself and its place say."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from storage.errors import CorruptShardError
from storage.parquet import LINEAGE_KEY, check_schema, read_table, reading, rows_of
from storage.shards import FOLDER, folder_name, part_name, shard_schema, sketch_shape
from storage.warehouse import Warehouse

_PLACE = re.compile(
    rf"{FOLDER}/encoder=(?P<encoder_id>[^/]+)/camera=(?P<camera_folder>[^/]*)"
    r"/video=(?P<video_id>[^/]+)/(?P<file>part-\d{5,}\.parquet)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class ShardPlace:
    """What a shard's place says that it holds."""

    place: str
    encoder_id: str
    camera_folder: str
    video_id: str
    file: str

    @classmethod
    def of(cls, place: str) -> ShardPlace | None:
        """Return what a place says, or None where no shard lies."""
        match = _PLACE.fullmatch(place)
        return cls(place, **match.groupdict()) if match else None


@dataclass(frozen=True, slots=True, eq=False)
class InspectedShard:
    """A shard that is sound in itself.

    Attributes:
        lineage: What its footer says.
        rows: (clip, tubelet, frame_start, frame_end) of each row, shape (n, 4), int64.
        times_s: (start, end) of each row in seconds, shape (n, 2), float64.
        digest: Of all that it says but its camera.
    """

    lineage: Mapping[str, Any]
    rows: npt.NDArray[np.int64]
    times_s: npt.NDArray[np.float64]
    digest: str


def inspect_shard(warehouse: Warehouse, shard: ShardPlace) -> InspectedShard:
    """Read all of a shard and make sure that it is what its writer wrote to that place.

    Raises:
        CorruptShardError: It is not; the message says what is there, and what should be.
    """
    name = warehouse.uri(shard.place)
    table = read_table(warehouse, shard.place)  # every column, so that every page is checked
    with reading(name):
        lineage: dict[str, Any] = json.loads(table.schema.metadata[LINEAGE_KEY])
        check_schema(name, table.schema, _expected_schema(lineage))
        _check_place(name, shard, lineage, table)
        rows = np.stack([table.column(index).to_numpy() for index in range(2, 6)], axis=1)
        times_s = np.stack([table.column(index).to_numpy() for index in range(6, 8)], axis=1)
        vectors = {
            column: _vectors(name, table, column)
            for column in ("embedding", "patches")
            if column in table.column_names
        }
    _check_order(name, rows)
    digest = sha256(rows.tobytes() + times_s.tobytes())
    for column, values in vectors.items():
        unusable = np.flatnonzero(~np.isfinite(values).all(axis=1))
        if len(unusable):
            raise CorruptShardError(
                name, f"the {column} of row {unusable[0]} holds numbers that are not finite"
            )
        digest.update(np.ascontiguousarray(values).data)
    return InspectedShard(lineage, rows, times_s, digest.hexdigest())


def _expected_schema(lineage: Mapping[str, Any]) -> pa.Schema:
    """Return the schema of a shard by what its footer says of its encoder."""
    width = int(lineage["encoder"]["width"])
    half = lineage["encoder"].get("precision") == "float16"
    patches, numbers = sketch_shape(lineage)
    return shard_schema(width, pa.float16() if half else pa.float32(), patches * numbers)


def _vectors(name: str, table: pa.Table, column: str) -> npt.NDArray[Any]:
    """Return a column of vectors as rows, shape (n, D)."""
    if pc.list_flatten(table.column(column)).null_count:
        raise CorruptShardError(name, f"the numbers of its {column} hold nulls")
    return rows_of(table.column(column))


def _check_place(name: str, shard: ShardPlace, lineage: Mapping[str, Any], table: pa.Table) -> None:
    """Make sure that the footer and the columns name what the place names."""
    said = {
        "encoder_id": (lineage["encoder_id"], shard.encoder_id),
        "camera": (folder_name(lineage["camera"]), shard.camera_folder),
        "video_id": (lineage["video_id"], shard.video_id),
        "part": (part_name(lineage["part"]), shard.file),
    }
    for word, (inside, outside) in said.items():
        if inside != outside:
            raise CorruptShardError(
                name, f"its footer says {word} {inside!r}, but it lies at that of {outside!r}"
            )
    for column in ("video_id", "camera"):
        values = table.column(column).unique().to_pylist()
        if values != [lineage[column]]:
            raise CorruptShardError(
                name, f"its rows are of {column} {values!r}, its footer says {lineage[column]!r}"
            )


def _check_order(name: str, rows: npt.NDArray[np.int64]) -> None:
    """Make sure that clips, tubelets and frames ascend, and that no frame is left out between."""
    clip, tubelet, start, end = rows.T
    ascends = (np.diff(clip) > 0) | ((np.diff(clip) == 0) & (np.diff(tubelet) > 0))
    wrong = np.flatnonzero(~(ascends & (start[1:] == end[:-1])))
    if len(wrong):
        row = int(wrong[0]) + 1
        raise CorruptShardError(
            name,
            f"its rows are out of order: row {row} is (clip, tubelet, frames) "
            f"{tuple(rows[row].tolist())}, after {tuple(rows[row - 1].tolist())}",
        )
    if (start >= end).any():
        raise CorruptShardError(name, "it has a row that speaks for no frame")
