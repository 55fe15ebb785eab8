"""What is known of each video whatever it is called: its frames' times and how it was read."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from storage.errors import CorruptShardError, NotStoredError
from storage.parquet import (
    LINEAGE_KEY,
    check_schema,
    count_rows,
    read_lineage,
    read_table,
    reading,
    write_table,
)
from storage.warehouse import Warehouse

FOLDER = "videos"
NEEDED = ("end_time_s", "width", "height", "bits", "container", "damage")  # to embed a video
FOLDERS = (FOLDER, "signs")  # what is kept of a video, one file a video each
SCHEMA = pa.schema([pa.field("time_s", pa.float64(), nullable=False)])  # one row a frame


@dataclass(frozen=True, slots=True, eq=False)
class VideoRecord:
    """A probed video.

    Attributes:
        video_id: The video.
        times_s: When each frame is shown, seconds, shape (N,), float64.
        facts: What else the probe found: ``end_time_s``, ``width``, ``height``, ``damage`` …
    """

    video_id: str
    times_s: npt.NDArray[np.float64]
    facts: Mapping[str, Any]

    @property
    def num_frames(self) -> int:
        """N, the frames that decode."""
        return len(self.times_s)

    def edges_s(self) -> npt.NDArray[np.float64]:
        """Return when each frame starts and, last, when the video ends, shape (N + 1,)."""
        return np.append(self.times_s, self.facts["end_time_s"])


def write_video(warehouse: Warehouse, record: VideoRecord) -> None:
    """Commit what is known of a video."""
    lineage = {"video_id": record.video_id, **record.facts}
    schema = SCHEMA.with_metadata({LINEAGE_KEY: json.dumps(lineage)})
    table = pa.Table.from_arrays([pa.array(record.times_s)], schema=schema)
    with warehouse.commit_file(video_place(record.video_id)) as scratch:
        write_table(table, scratch)


def has_video(warehouse: Warehouse, video_id: str) -> bool:
    """Return whether a video has been probed."""
    return warehouse.exists(video_place(video_id))


def probed_videos(warehouse: Warehouse) -> set[str]:
    """Return the ids of all videos that have been probed."""
    return {PurePosixPath(place).stem for place in warehouse.files_below(FOLDER)}


def record_sizes(warehouse: Warehouse) -> dict[str, int]:
    """Return how many bytes all that was found out of each probed video takes."""
    sizes: defaultdict[str, int] = defaultdict(int)
    for folder in FOLDERS:
        for place, size_bytes in warehouse.sizes_below(folder).items():
            sizes[PurePosixPath(place).stem] += size_bytes
    return dict(sizes)


def creation_time(warehouse: Warehouse, video_id: str) -> str | None:
    """Return when a video's container says that it was made, ISO 8601, if it was probed.

    Raises:
        CorruptShardError: Its record is damaged.
    """
    if not has_video(warehouse, video_id):
        return None
    created_at: str | None = read_lineage(warehouse, video_place(video_id)).get("created_at")
    return created_at


def remove_record(warehouse: Warehouse, video_id: str) -> None:
    """Remove what was found out of a video; its record, which makes it a probed one, goes last."""
    for folder in reversed(FOLDERS):
        warehouse.remove(f"{folder}/{video_id}.parquet")


def count_frames(warehouse: Warehouse, video_id: str) -> int:
    """Return N of a video that has been probed.

    Raises:
        NotStoredError: It has not been probed.
    """
    try:
        return count_rows(warehouse, video_place(video_id))
    except FileNotFoundError:
        raise NotStoredError(f"the warehouse {warehouse.root} holds no video {video_id}") from None


def read_video(warehouse: Warehouse, video_id: str) -> VideoRecord:
    """Return what is known of a video.

    Raises:
        NotStoredError: It has not been probed.
        CorruptShardError: Its record is damaged.
    """
    place = warehouse.existing(
        video_place(video_id), f"video {video_id}: extract its footage first"
    )
    table = read_table(warehouse, place)
    check_schema(warehouse.uri(place), table.schema, SCHEMA)
    facts = read_lineage(warehouse, place)
    with reading(warehouse.uri(place)):
        return VideoRecord(facts.pop("video_id"), table.column("time_s").to_numpy(), facts)


def inspect_video(warehouse: Warehouse, place: str) -> VideoRecord:
    """Read a record and make sure that it is what its writer wrote to that place.

    Raises:
        CorruptShardError: It is not.
    """
    name, video_id = warehouse.uri(place), PurePosixPath(place).stem
    record = read_video(warehouse, video_id)
    with reading(name):
        edges_s = record.edges_s().astype(np.float64)
    if record.video_id != video_id:
        raise CorruptShardError(name, f"it is of the video {record.video_id!r}")
    if not record.num_frames:
        raise CorruptShardError(name, "it has no frame")
    if not np.isfinite(edges_s).all() or (np.diff(record.times_s) < 0).any():
        raise CorruptShardError(name, "the times of its frames do not ascend")
    missing = [fact for fact in NEEDED if fact not in record.facts]
    if missing:
        raise CorruptShardError(name, f"its footer does not say {', '.join(missing)}")
    return record


def video_place(video_id: str) -> str:
    """Return where the record of a video is kept."""
    return f"{FOLDER}/{video_id}.parquet"
