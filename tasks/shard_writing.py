"""One video's way from its file to committed shards: decoded, preprocessed, encoded, written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from storage.footage import Sighting
from storage.shards import ShardKey, ShardRows, shards_of_video, write_shard
from storage.videos import VideoRecord, read_video
from storage.warehouse import Warehouse
from tasks.encoder.identity import EncoderIdentity
from tasks.encoder.videomae import Pixels, VideoEncoder
from tasks.progress import advance
from tasks.video.assembly import assemble_clips, frames_needed
from tasks.video.clips import Clip
from tasks.video.decoding import FrameReader, VideoShape
from tasks.video.errors import FootageChangedError
from tasks.video.identity import FileStamp
from tasks.video.parts import PartPlan
from tasks.video.search import printable

VERSIONS_OF = ("nightjar", "torch", "transformers", "av", "decord")


def path_to_read(sightings: Sequence[Sighting]) -> Sighting:
    """Return the first sighting whose file is there as it was seen.

    Raises:
        FootageChangedError: None is.
    """
    for sighting in sightings:
        path = Path(sighting.path)
        seen = FileStamp(sighting.size_bytes, sighting.modified_ns)
        if path.exists() and FileStamp.of(path) == seen:
            return sighting
    raise FootageChangedError(
        f"{printable(sightings[0].path)!r} is gone or changed since it was extracted: run again"
    )


def missing_parts(parts: PartPlan, shards: Sequence[Path]) -> list[int]:
    """Return the parts of a video that have no shard."""
    there = {shard.name for shard in shards}
    return [part for part in range(len(parts)) if f"part-{part:05d}.parquet" not in there]


def write_shards(
    warehouse: Warehouse,
    encoder: VideoEncoder,
    batch_size: int,
    identity: EncoderIdentity,
    sighting: Sighting,
    parts: PartPlan,
) -> Iterator[int]:
    """Commit the missing shards of one video, reading it once; yield the clips of each.

    Raises:
        FootageChangedError: The file is not the one that was probed.
    """
    record = read_video(warehouse, sighting.video_id)
    there = shards_of_video(warehouse, identity.encoder_id, sighting.video_id)
    missing = missing_parts(parts, there)
    plan = parts.plan
    clips = [plan.clip(index) for part in missing for index in parts.clips(part)]
    if not clips:
        return
    reader = FrameReader(Path(sighting.path), _shape_of(record))
    frames = reader.read(frames_needed(plan, clips))
    pictures = ((index, encoder.preprocess(frame)) for index, frame in frames)
    assembled = assemble_clips(pictures, plan, clips)
    for part in missing:
        count = len(parts.clips(part))
        rows = _encode(islice(assembled, count), parts, record, encoder, batch_size)
        key = ShardKey(identity.encoder_id, sighting.camera, sighting.video_id, part)
        write_shard(warehouse, key, rows, _lineage(key, identity, parts, reader))
        yield count


def _encode(
    clips: Iterable[tuple[Clip, list[Pixels]]],
    parts: PartPlan,
    record: VideoRecord,
    encoder: VideoEncoder,
    batch_size: int,
) -> ShardRows:
    """Encode the clips of one part and return its rows."""
    places, embeddings = [], []
    waiting = iter(clips)
    while batch := list(islice(waiting, batch_size)):
        encoded = encoder.encode([pictures for _, pictures in batch])
        for (clip, _), tubelets in zip(batch, encoded, strict=True):
            for tubelet, start, end in parts.plan.tubelet_spans(clip):
                places.append((clip.index, tubelet, start, end))
                embeddings.append(tubelets[tubelet])
        advance(units=len(batch))
    numbers = np.array(places, dtype=np.int64)
    return ShardRows(numbers, record.edges_s()[numbers[:, 2:]], np.stack(embeddings))


def _shape_of(record: VideoRecord) -> VideoShape:
    """Return what a reader must find in the file."""
    facts = record.facts
    return VideoShape(
        num_frames=record.num_frames,
        width=facts["width"],
        height=facts["height"],
        damaged=bool(facts["damage"]),
        bits=facts["bits"],
    )


def _lineage(
    key: ShardKey, identity: EncoderIdentity, parts: PartPlan, reader: FrameReader
) -> dict[str, Any]:
    """Return where a shard comes from: what decided its bytes, and no path and no time."""
    clips = parts.clips(key.part)
    return {
        "video_id": key.video_id,
        "camera": key.camera,
        "frames": parts.plan.num_frames,
        "part": key.part,
        "parts": len(parts),
        "clips": [clips.start, clips.stop],
        "encoder_id": key.encoder_id,
        "encoder": identity.as_json(),
        "decoder": reader.decoder,
        "decoder_reason": reader.reason,
        "versions": {name: version(name) for name in VERSIONS_OF},
    }
