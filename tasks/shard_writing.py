"""One video's way from its file to committed shards: decoded, preprocessed, encoded, written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from storage.footage import Sighting
from storage.leases import Leases
from storage.shards import ShardKey, ShardRows, part_name, shards_of_video, write_shard
from storage.videos import VideoRecord, read_video
from storage.warehouse import Warehouse
from tasks.encoder.identity import EncoderIdentity
from tasks.encoder.videomae import Pixels, VideoEncoder, rounded
from tasks.footage_files import at_hand
from tasks.parameters import Encoding
from tasks.progress import advance
from tasks.selection import lies_as_seen
from tasks.video.assembly import assemble_clips, frames_needed
from tasks.video.clips import Clip
from tasks.video.decoding import VideoShape
from tasks.video.errors import FootageChangedError
from tasks.video.isolation import FootageProcess, IsolatedReader
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


@dataclass(frozen=True, slots=True, eq=False)
class ShardWriter:
    """Embeds videos and commits their shards.

    Attributes:
        warehouse: Where the shards go.
        encoder: The encoder, loaded.
        identity: Its identity.
        encoding: What was asked for: the batch size, the decoder.
        footage: The child process that opens the files.
        leases: Tells other runs that this one is at work.
    """

    warehouse: Warehouse
    encoder: VideoEncoder
    identity: EncoderIdentity
    encoding: Encoding
    footage: FootageProcess
    leases: Leases

    def write(
        self, sighting: Sighting, parts: PartPlan, wanted: Collection[int]
    ) -> Iterator[tuple[int, int, int]]:
        """Commit the missing shards of one video, reading it once.

        Yields the clips, the frames and the bytes of each.

        Args:
            sighting: Where the video lies.
            parts: Its parts.
            wanted: Those that are to be committed, unless they are there.

        Raises:
            FootageChangedError: The file is not the one that was probed.
            UnreadableVideoError: Reading it fails, or costs the child.
        """
        encoder_id, video_id = self.identity.encoder_id, sighting.video_id
        there = shards_of_video(self.warehouse, encoder_id, video_id)
        missing = [part for part in missing_parts(parts, there) if part in wanted]
        if not missing:
            return
        record = read_video(self.warehouse, video_id)
        with at_hand(sighting.path) as file:
            yield from self._write(sighting, parts, missing, record, file)

    def _write(
        self,
        sighting: Sighting,
        parts: PartPlan,
        missing: Sequence[int],
        record: VideoRecord,
        file: Path,
    ) -> Iterator[tuple[int, int, int]]:
        """Commit the missing shards of one video, from its file."""
        clips = [parts.plan.clip(index) for part in missing for index in parts.clips(part)]
        reader = IsolatedReader(self.footage, file, _shape_of(record), self.encoding.decoder)
        frames = reader.read(frames_needed(parts.plan, clips))
        pictures = ((index, self.encoder.preprocess(frame)) for index, frame in frames)
        assembled = assemble_clips(pictures, parts.plan, clips)
        for part in missing:
            count = len(parts.clips(part))
            rows = self._encode(islice(assembled, count), parts, record)
            key = ShardKey(self.identity.encoder_id, sighting.camera, sighting.video_id, part)
            lineage = self._lineage(key, parts, reader)
            yield count, rows.frames, write_shard(self.warehouse, key, rows, lineage)

    def _encode(
        self, clips: Iterable[tuple[Clip, list[Pixels]]], parts: PartPlan, record: VideoRecord
    ) -> ShardRows:
        """Encode the clips of one part and return its rows."""
        places, embeddings, sketches = [], [], []
        waiting = iter(clips)
        while batch := list(islice(waiting, self.encoding.batch_size)):
            encoded = self.encoder.encode_and_sketch(
                [pictures for _, pictures in batch], self.identity.patch_sketch
            )
            for index, (clip, _) in enumerate(batch):
                for tubelet, start, end in parts.plan.tubelet_spans(clip):
                    places.append((clip.index, tubelet, start, end))
                    embeddings.append(encoded.embeddings[index, tubelet])
                    if encoded.sketches is not None:
                        sketches.append(encoded.sketches[index, tubelet])
            advance(units=len(batch))
            self.leases.renew(record.video_id)
        numbers = np.array(places, dtype=np.int64)
        kept = rounded(np.stack(embeddings), self.identity.precision)
        patches = np.stack(sketches) if sketches else None
        return ShardRows(numbers, record.edges_s()[numbers[:, 2:]], kept, patches)

    def _lineage(self, key: ShardKey, parts: PartPlan, reader: IsolatedReader) -> dict[str, Any]:
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
            "encoder": self.identity.as_json(),
            "decoder": reader.decoder,
            "decoder_reason": reader.reason,
            "versions": {name: version(name) for name in VERSIONS_OF},
        }


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
