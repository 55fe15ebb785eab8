"""One video's clips become committed shards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np

from storage.footage import Sighting
from storage.shards import ShardKey, ShardRows, part_name, shards_of_video, write_shard
from storage.videos import VideoRecord, read_video
from storage.warehouse import Warehouse
from tasks.clip_outcomes import ClipEncoded, ClipRepeated, VideoToRead
from tasks.embedding_jobs import Embedded, EmbeddingJob
from tasks.encoder.identity import EncoderIdentity
from tasks.encoder.videomae import rounded
from tasks.selection import lies_as_seen
from tasks.video.decoding import VideoShape
from tasks.video.errors import FootageChangedError
from tasks.video.parts import PartPlan
from tasks.video.search import printable

VERSIONS_OF = ("nightjar", "torch", "transformers", "av", "decord")


def path_to_read(sightings: Sequence[Sighting]) -> Sighting:
    """Return the first sighting whose file is there as it was seen.

    Raises:
        FootageChangedError: None is.
    """
    for sighting in sightings:
        if lies_as_seen(sighting):
            return sighting
    raise FootageChangedError(
        f"{printable(sightings[0].path)!r} is gone or changed since it was extracted: run again"
    )


def missing_parts(parts: PartPlan, shards: Sequence[str]) -> list[int]:
    """Return the parts of a video that have no shard."""
    there = {shard.rpartition("/")[2] for shard in shards}
    return [part for part in range(len(parts)) if part_name(part) not in there]


@dataclass(slots=True, eq=False)
class VideoShards:
    """The shards of one video, each committed when the last of its clips is there.

    Attributes:
        warehouse: Where the shards go.
        identity: The encoder.
        sighting: The video, and where it lies.
        record: What is known of it.
        parts: Its parts.
        missing: Those that are to be committed, ascending.
    """

    warehouse: Warehouse
    identity: EncoderIdentity
    sighting: Sighting
    record: VideoRecord
    parts: PartPlan
    missing: tuple[int, ...]
    _clips: dict[int, dict[int, ClipEncoded | ClipRepeated]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, warehouse: Warehouse, identity: EncoderIdentity, job: EmbeddingJob, parts: PartPlan
    ) -> VideoShards:
        """Return the shards that a video lacks, of those that are wanted.

        Raises:
            FootageChangedError: Its file is gone or changed.
        """
        there = shards_of_video(warehouse, identity.encoder_id, job.video_id)
        missing = tuple(part for part in missing_parts(parts, there) if part in job.parts)
        sighting = path_to_read(job.sightings)
        record = read_video(warehouse, job.video_id)
        return cls(warehouse, identity, sighting, record, parts, missing)

    def to_read(self, number: int) -> VideoToRead:
        """Return what the engine is to do."""
        shape = _shape_of(self.record)
        return VideoToRead(number, self.sighting.path, shape, self.parts, self.missing)

    def add(self, outcome: ClipEncoded | ClipRepeated) -> Embedded:
        """Take a clip, and commit its part if it is whole now; return what was committed."""
        place = outcome.place
        clips = self._clips.setdefault(place.part, {})
        clips[place.clip.index] = outcome
        wanted = self.parts.clips(place.part)
        if len(clips) < len(wanted):
            return Embedded()
        del self._clips[place.part]
        key = ShardKey(
            self.identity.encoder_id, self.sighting.camera, self.sighting.video_id, place.part
        )
        outcomes = [clips[index] for index in wanted]
        rows, lineage = self._rows(outcomes), self._lineage(key, outcomes)
        size_bytes = write_shard(self.warehouse, key, rows, lineage)
        return Embedded(len(wanted), bytes=size_bytes, frames=rows.frames)

    def _rows(self, outcomes: Sequence[ClipEncoded | ClipRepeated]) -> ShardRows:
        """Return the rows of a part's clips."""
        places, embeddings, sketches = [], [], []
        encoded = {
            outcome.place.clip.index: outcome
            for outcome in outcomes
            if isinstance(outcome, ClipEncoded)
        }
        for outcome in outcomes:
            clip = outcome.place.clip
            source = encoded[outcome.earlier if isinstance(outcome, ClipRepeated) else clip.index]
            for tubelet, start, end in self.parts.plan.tubelet_spans(clip):
                places.append((clip.index, tubelet, start, end))
                embeddings.append(source.embeddings[tubelet])
                if source.sketches is not None:
                    sketches.append(source.sketches[tubelet])
        numbers = np.array(places, dtype=np.int64)
        kept = rounded(np.stack(embeddings), self.identity.precision)
        patches = np.stack(sketches) if sketches else None
        return ShardRows(numbers, self.record.edges_s()[numbers[:, 2:]], kept, patches)

    def _lineage(
        self, key: ShardKey, outcomes: Sequence[ClipEncoded | ClipRepeated]
    ) -> dict[str, Any]:
        """Return where a shard comes from: what decided its bytes, and no path and no time."""
        clips, last = self.parts.clips(key.part), outcomes[-1].place
        return {
            "video_id": key.video_id,
            "camera": key.camera,
            "frames": self.parts.plan.num_frames,
            "part": key.part,
            "parts": len(self.parts),
            "clips": [clips.start, clips.stop],
            "encoder_id": key.encoder_id,
            "encoder": self.identity.as_json(),
            "decoder": last.decoder,
            "decoder_reason": last.reason,
            "versions": dict(_versions()),
            **({"static": self._static(outcomes)} if self.identity.skip_static else {}),
        }

    def _static(self, outcomes: Sequence[ClipEncoded | ClipRepeated]) -> dict[str, Any]:
        """Return how many clips an earlier one stands for, and what that costs where it was seen.

        The cost is the mean squared difference between a row's own embedding and the other's.
        """
        repeated = sum(isinstance(outcome, ClipRepeated) for outcome in outcomes)
        encoded = {
            outcome.place.clip.index: outcome.embeddings.astype(np.float64)
            for outcome in outcomes
            if isinstance(outcome, ClipEncoded)
        }
        checked = [
            encoded[outcome.place.clip.index] - encoded[outcome.place.looks_like]
            for outcome in outcomes
            if outcome.place.looks_like is not None
        ]
        costs = [float((off**2).mean(axis=-1).max()) for off in checked]
        return {"repeated": repeated, "checked": len(costs), "largest": max(costs, default=0.0)}


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    """Return the versions of what decides a shard's bytes; each takes milliseconds to look up."""
    return tuple((name, version(name)) for name in VERSIONS_OF)


def _shape_of(record: VideoRecord) -> VideoShape:
    """Return what a reader must find in the file."""
    facts = record.facts
    return VideoShape(
        num_frames=record.num_frames,
        width=facts["width"],
        height=facts["height"],
        damaged=bool(facts["damage"]),
        bits=facts["bits"],
        container=facts["container"],
    )
