"""One video's shards held against its record and the plan of its clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from storage.errors import CorruptShardError
from storage.parquet import reading
from storage.shard_inspection import InspectedShard, ShardPlace, inspect_shard
from storage.shards import part_name
from storage.videos import VideoRecord, has_video, inspect_video, video_place
from storage.warehouse import Warehouse
from tasks.findings import Finding, damaged
from tasks.video.clips import ClipPlan, Sampling
from tasks.video.parts import PartPlan, rows_per_part


@dataclass(frozen=True, slots=True)
class VideoShards:
    """The shards of one video by one encoder.

    Attributes:
        video_id: The video.
        shards: Where they lie, in order; two cameras may have the same part.
        seen: Whether a file was seen that holds the video.
        quarantined: Whether the video is quarantined.
    """

    video_id: str
    shards: tuple[ShardPlace, ...]
    seen: bool
    quarantined: bool


def check_video_shards(warehouse: Warehouse, video: VideoShards) -> list[Finding]:
    """Return what is wrong with the shards of a video; one is in memory at a time."""
    record = _readable_record(warehouse, video.video_id)
    if record is None and not video.seen:
        what = "its video has no record that can be read, and no file is known that holds it"
        return [
            Finding(shard.place, "orphaned", what, "removes it", "repair") for shard in video.shards
        ]
    findings: list[Finding] = []
    first: dict[str, tuple[str, str]] = {}  # digest and place of each part, as readers choose it
    parts: PartPlan | None = None
    for shard in video.shards:
        try:
            inspected = inspect_shard(warehouse, shard)
            parts = _check_plan(warehouse.uri(shard.place), inspected, record)
        except CorruptShardError as error:
            findings.append(damaged(shard.place, error.what))
            continue
        digest, used = first.setdefault(shard.file, (inspected.digest, shard.place))
        if digest != inspected.digest:
            what = f"it differs from the same part of the same video at {used}, which is used"
            findings.append(Finding(shard.place, "damaged", what, "removes it", "repair"))
    if parts is not None and not video.quarantined:
        findings += _missing(video, parts)
    return findings


def _readable_record(warehouse: Warehouse, video_id: str) -> VideoRecord | None:
    """Return the record of a video, if there is one that can be read."""
    try:
        if has_video(warehouse, video_id):
            return inspect_video(warehouse, video_place(video_id))
    except CorruptShardError:
        pass
    return None


def _check_plan(name: str, shard: InspectedShard, record: VideoRecord | None) -> PartPlan:
    """Make sure that a shard holds what the plan has for its part, and return the plan.

    Raises:
        CorruptShardError: It holds other frames or other times.
    """
    lineage = shard.lineage
    with reading(name):
        encoder = lineage["encoder"]
        sampling = Sampling(encoder["clip_frames"], encoder["tubelet_frames"], encoder["stride"])
        rows = rows_per_part(encoder.get("patches", 0), encoder.get("patch_sketch", 0))
        parts = PartPlan(ClipPlan(lineage["frames"], sampling), rows)
        if record is not None and record.num_frames != lineage["frames"]:
            raise CorruptShardError(
                name, f"it is of {lineage['frames']} frames, the video has {record.num_frames}"
            )
        if not 0 <= lineage["part"] < lineage["parts"] == len(parts):
            raise CorruptShardError(
                name,
                f"it is part {lineage['part']} of {lineage['parts']}, "
                f"the plan has {len(parts)} parts",
            )
        planned = _planned_rows(parts, lineage["part"])
    if not np.array_equal(shard.rows, planned):
        raise CorruptShardError(
            name,
            f"its {len(shard.rows)} rows speak for {_span(shard.rows)}, "
            f"the plan has {len(planned)} rows for {_span(planned)}",
        )
    if record is not None:
        wrong = np.flatnonzero((shard.times_s != record.edges_s()[planned[:, 2:]]).any(axis=1))
        if len(wrong):
            raise CorruptShardError(
                name, f"the times of row {wrong[0]} are not those of the video's record"
            )
    return parts


def _planned_rows(parts: PartPlan, part: int) -> npt.NDArray[np.int64]:
    """Return (clip, tubelet, frame_start, frame_end) of the rows of a part, shape (n, 4)."""
    clips = parts.clips(part)
    rows = [
        (clip.index, *tubelet)
        for clip in parts.plan.clips(clips.start, clips.stop)
        for tubelet in parts.plan.tubelet_spans(clip)
    ]
    return np.array(rows, dtype=np.int64)


def _span(rows: npt.NDArray[np.int64]) -> str:
    """Return in words which frames rows speak for."""
    return f"frames {rows[0, 2]} to {rows[-1, 3] - 1}" if len(rows) else "no frame"


def _missing(video: VideoShards, parts: PartPlan) -> list[Finding]:
    """Return the parts of a video that has some, but not these."""
    there = {shard.file for shard in video.shards}
    folder = video.shards[0].place.rpartition("/")[0]
    what = f"the video has {len(there)} of its {len(parts)} parts"
    repair = "nothing: the next run of this encoder on the footage makes it"
    return [
        Finding(f"{folder}/{part_name(part)}", "missing", what, repair, "run")
        for part in range(len(parts))
        if part_name(part) not in there
    ]
