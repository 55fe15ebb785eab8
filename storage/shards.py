"""Embedding shards: one Parquet file a part of a video, one row a tubelet."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from typing import Any
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from storage.parquet import (
    LINEAGE_KEY,
    read_lineage,
    reading,
    vectors,
    write_table,
)
from storage.parquet import vector as vector_type
from storage.warehouse import Warehouse

FOLDER = "embeddings"
SCHEMA_VERSION = 1
FLOAT32 = pa.float32()
_SHARD = re.compile(r"/camera=[^/]*/video=(?P<video>[^/]*)/part-[^/]*\.parquet$")
_FOLDER = re.compile(rf"{FOLDER}/encoder=[^/]*/camera=[^/]*/video=(?P<video>[^/]*)")
NAME_BYTES = 180  # of a camera in a folder's name; file systems take 255


def shard_schema(width: int, number: pa.DataType = FLOAT32, sketch: int = 0) -> pa.Schema:
    """Return the schema of a shard.

    Args:
        width: D, numbers of an embedding.
        number: Their kind.
        sketch: P * K, numbers of all patches of a row; 0 for shards without patch sketches.
    """
    patches = pa.field("patches", vector_type(sketch, pa.float16()), nullable=False)
    return pa.schema(
        [
            pa.field("video_id", pa.string(), nullable=False),
            pa.field("camera", pa.string(), nullable=False),
            pa.field("clip_index", pa.int64(), nullable=False),
            pa.field("tubelet_index", pa.int64(), nullable=False),
            pa.field("frame_start", pa.int64(), nullable=False),
            pa.field("frame_end", pa.int64(), nullable=False),  # exclusive
            pa.field("time_start_s", pa.float64(), nullable=False),
            pa.field("time_end_s", pa.float64(), nullable=False),
            pa.field("embedding", vector_type(width, number), nullable=False),
            *([patches] if sketch else []),
        ]
    )


@dataclass(frozen=True, slots=True)
class ShardKey:
    """What a shard holds: one part of one video, as one encoder sees it."""

    encoder_id: str
    camera: str
    video_id: str
    part: int

    @property
    def place(self) -> str:
        """Where the shard lies in the warehouse."""
        return (
            f"{FOLDER}/encoder={self.encoder_id}/camera={folder_name(self.camera)}"
            f"/video={self.video_id}/{part_name(self.part)}"
        )


@dataclass(frozen=True, slots=True)
class ShardFolder:
    """The folder that holds what one encoder has made of one video.

    Attributes:
        place: Where it lies in the warehouse.
        shards: Parts that it holds.
        size_bytes: What they take.
    """

    place: str
    shards: int
    size_bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class ShardRows:
    """The rows of a shard, in order.

    Attributes:
        places: (clip, tubelet, frame_start, frame_end) of each row, shape (n, 4), int64.
        times_s: (start, end) of each row in seconds, shape (n, 2), float64.
        embeddings: Shape (n, D), float32 or float16.
        patches: The patch sketch of each row, shape (n, P, K), float16, or None.
    """

    places: npt.NDArray[np.int64]
    times_s: npt.NDArray[np.float64]
    embeddings: npt.NDArray[np.float32] | npt.NDArray[np.float16]
    patches: npt.NDArray[np.float16] | None = None

    def __post_init__(self) -> None:
        if not len(self.places) == len(self.times_s) == len(self.embeddings) > 0:
            raise ValueError("a shard has as many places as times and embeddings, at least one")
        if self.patches is not None:
            height, patches, numbers = self.patches.shape
            if height != len(self.places) or not patches * numbers:
                raise ValueError(
                    f"a shard has a patch sketch for each of its {len(self.places)} rows, "
                    f"got {self.patches.shape}"
                )

    @property
    def frames(self) -> int:
        """Frames that the rows speak for."""
        return int((self.places[:, 3] - self.places[:, 2]).sum())


def write_shard(
    warehouse: Warehouse, key: ShardKey, rows: ShardRows, lineage: Mapping[str, Any]
) -> int:
    """Commit a shard and return its size in bytes.

    The lineage must hold ``parts``, the number of the video's shards, and with patch sketches the
    encoder's ``patches`` (P) and ``patch_sketch`` (K).
    """
    height, width = rows.embeddings.shape
    number = pa.from_numpy_dtype(rows.embeddings.dtype)
    metadata = {LINEAGE_KEY: json.dumps({"schema_version": SCHEMA_VERSION, **lineage})}
    columns = [
        pa.array([key.video_id]).take(pa.array(np.zeros(height, dtype=np.int64))),
        pa.array([key.camera]).take(pa.array(np.zeros(height, dtype=np.int64))),
        *(pa.array(rows.places[:, column]) for column in range(4)),
        *(pa.array(rows.times_s[:, column]) for column in range(2)),
        vectors(rows.embeddings, number),
    ]
    sketch = 0
    if rows.patches is not None:
        flat = rows.patches.reshape(height, -1)
        sketch = flat.shape[1]
        columns.append(vectors(flat, pa.float16()))
    schema = shard_schema(width, number, sketch).with_metadata(metadata)
    table = pa.Table.from_arrays(columns, schema=schema)
    with warehouse.commit_file(key.place) as scratch:
        write_table(table, scratch)
        return scratch.stat().st_size


def sketch_shape(lineage: Mapping[str, Any]) -> tuple[int, int]:
    """Return P and K of the patch sketches of a shard; K is 0 where it has none."""
    encoder = lineage.get("encoder", {})
    return int(encoder.get("patches", 0)), int(encoder.get("patch_sketch", 0))


def index_shards(warehouse: Warehouse, encoder_id: str) -> dict[str, list[str]]:
    """Return where each video's committed shards are under one encoder, in the order of parts."""
    shards: defaultdict[str, list[str]] = defaultdict(list)
    for place in warehouse.files_below(f"{FOLDER}/encoder={encoder_id}"):
        if match := _SHARD.search(place):
            shards[match["video"]].append(place)
    return {video: _parts_in_order(places) for video, places in shards.items()}


def shard_folders(warehouse: Warehouse) -> dict[str, list[ShardFolder]]:
    """Return the folders that hold each video's shards, whichever encoder's and camera's."""
    sizes: defaultdict[str, list[int]] = defaultdict(list)
    for place, size_bytes in warehouse.sizes_below(FOLDER).items():
        sizes[place.rpartition("/")[0]].append(size_bytes)
    folders: defaultdict[str, list[ShardFolder]] = defaultdict(list)
    for place, found in sizes.items():
        if match := _FOLDER.fullmatch(place):
            folders[match["video"]].append(ShardFolder(place, len(found), sum(found)))
    return dict(folders)


def shards_of_video(warehouse: Warehouse, encoder_id: str, video_id: str) -> list[str]:
    """Return where a video's committed shards are, whichever camera's they are, in order."""
    encoder = f"{FOLDER}/encoder={encoder_id}"
    folders = [f"{encoder}/{name}/video={video_id}" for name in warehouse.folders_in(encoder)]
    found = chain.from_iterable(warehouse.each(warehouse.files_below, folders))
    return _parts_in_order(place for place in found if _SHARD.search(place))


def part_name(part: int) -> str:
    """Return the name of the file that holds a part."""
    return f"part-{part:05d}.parquet"


def is_complete(warehouse: Warehouse, shards: Sequence[str]) -> bool:
    """Return whether all parts of a video are there."""
    if not shards:
        return False
    lineage = read_lineage(warehouse, shards[0])
    with reading(warehouse.uri(shards[0])):
        return len(shards) == int(lineage["parts"])


def encoders_in(warehouse: Warehouse) -> list[str]:
    """Return the ids of the encoders that have shards."""
    names = warehouse.folders_in(FOLDER)
    return [name.removeprefix("encoder=") for name in names if name.startswith("encoder=")]


def folder_name(camera: str) -> str:
    """Return a camera's name as a folder's: what a path cannot hold is written as %XX."""
    name = quote(camera, safe=" ")
    if len(name) <= NAME_BYTES:
        return name
    start = re.sub("%.?$", "", name[:NAME_BYTES])  # no half escape at its end
    return f"{start}-{sha256(camera.encode()).hexdigest()[:12]}"


def _parts_in_order(shards: Iterable[str]) -> list[str]:
    """Return one shard a part: two runs at once may have put it under two cameras."""
    parts = {place.rpartition("/")[2]: place for place in sorted(shards, reverse=True)}
    return [parts[name] for name in sorted(parts)]
