"""Normal footage: its shards, frame by frame that counts."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from storage.feedback import anomalies_by_video
from storage.parquet import read_lineage
from storage.profile_lineage import ProfileVideo
from storage.shard_inspection import ShardPlace
from storage.shard_reading import first_moment_s, stream_shard
from storage.warehouse import Warehouse
from tasks.health import judge_normal
from tasks.normality.errors import NoNormalFootageError
from tasks.normality.references import CameraReference
from tasks.normality.scopes import hours_of
from tasks.normality.spans import Span, frames_within, without
from tasks.normality.summary import Observations

logger = logging.getLogger(__name__)
ANOMALY = "anomaly"  # beside the ailments of a camera, why frames of normal footage do not count


@dataclass(frozen=True, slots=True)
class NormalVideo:
    """A normal video and its shards."""

    known: ProfileVideo
    shards: tuple[str, ...]

    @property
    def video_id(self) -> str:
        """The video."""
        return self.known.video_id

    @property
    def encoder_id(self) -> str:
        """The encoder that has made the shards."""
        place = ShardPlace.of(self.shards[0])
        assert place
        return place.encoder_id


@dataclass(frozen=True, slots=True)
class NormalPart:
    """A part of a normal video: what can be read by itself.

    Attributes:
        video: The video.
        shard: The part's shard.
        begin: When the video was recorded, with a zone, or None.
        first_s: The video's first moment, in seconds, where ``begin`` is known.
    """

    video: NormalVideo
    shard: str
    begin: datetime | None
    first_s: float


@dataclass(frozen=True, slots=True, eq=False)
class NormalRows:
    """Tubelets of one normal video, each with a frame that counts.

    Attributes:
        observations: What is scored.
        frames: Frames of each that count, shape (n,), int64.
        places: (frame_start, frame_end) of each, shape (n, 2), int64.
        times_s: (start, end) of each, shape (n, 2), float64.
        hours: Hour of the day of each, shape (n,), or None where it is not known or not wanted.
    """

    observations: Observations
    frames: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    times_s: npt.NDArray[np.float64]
    hours: npt.NDArray[np.int64] | None


@dataclass(frozen=True, slots=True, eq=False)
class NormalFootage:
    """Normal videos, and which of their frames count.

    Attributes:
        warehouse: Where they are embedded.
        videos: In the order of their ids; each has a frame that counts.
        spans: The frames of each video that count, by its id.
        references: What each camera shows when it is well.
        left_out: The intervals that do not count, and why, as a lineage lists them.
    """

    warehouse: Warehouse
    videos: Sequence[NormalVideo]
    spans: Mapping[str, Sequence[Span]]
    references: Mapping[str, CameraReference]
    left_out: Sequence[Mapping[str, Any]]

    @classmethod
    def of(
        cls, warehouse: Warehouse, videos: Sequence[NormalVideo], keep_unhealthy: bool
    ) -> NormalFootage:
        """Leave out confirmed anomalies, and what a camera showed while it was not well.

        Where no camera was ever well, all that is no anomaly counts.

        Raises:
            NoNormalFootageError: All of it is an anomaly.
        """
        health = judge_normal(warehouse, {video.video_id: video.known.camera for video in videos})
        unwell = [] if keep_unhealthy else health.as_json()
        anomalies = anomalies_by_video(warehouse)
        left_out = [
            *unwell,
            *(
                {
                    "video_id": video.video_id,
                    "kind": ANOMALY,
                    "frame_start": start,
                    "frame_end": end,
                }
                for video in videos
                for start, end in anomalies.get(video.video_id, ())
            ),
        ]
        holes: defaultdict[str, list[Span]] = defaultdict(list)
        for hole in left_out:
            holes[hole["video_id"]].append((hole["frame_start"], hole["frame_end"]))
        lengths = warehouse.each(lambda video: _num_frames(warehouse, video), videos)
        spans = {
            video.video_id: without(video.known.spans or ((0, length),), holes[video.video_id])
            for video, length in zip(videos, lengths, strict=True)
        }
        counting = [video for video in videos if spans[video.video_id]]
        if not counting and unwell:
            logger.warning("no camera of the normal footage was well at any time: all of it counts")
            return cls.of(warehouse, videos, keep_unhealthy=True)
        if not counting:
            raise NoNormalFootageError(
                f"people have called every frame of these {len(videos)} normal videos an anomaly: "
                "give other footage, or say with 'nightjar feedback' what is normal after all"
            )
        return cls(warehouse, counting, spans, health.references, left_out)

    def parts_of(self, video: NormalVideo, hours: bool) -> list[NormalPart]:
        """Return the parts of a video, in order.

        Args:
            video: The video.
            hours: Find out of which hour of the day its rows are.
        """
        recorded_at = video.known.recorded_at if hours else None
        begin = datetime.fromisoformat(recorded_at) if recorded_at else None
        first_s = first_moment_s(self.warehouse, video.shards[0]) if begin else 0.0
        return [NormalPart(video, shard, begin, first_s) for shard in video.shards]

    def rows_of(self, part: NormalPart, patches: bool) -> Iterator[NormalRows]:
        """Yield the tubelets of a part that speak for frames that count, piece by piece.

        Args:
            part: The part.
            patches: Read their patch sketches too.
        """
        spans = self.spans[part.video.video_id]
        for rows in stream_shard(self.warehouse, part.shard, patches=patches):
            frames = frames_within(rows.frame_start, rows.frame_end, spans)
            if not frames.any():
                continue
            # A mask copies all embeddings: most often all of them count.
            counts = slice(None) if frames.all() else frames > 0
            times_s = rows.times_s[counts]
            yield NormalRows(
                Observations(
                    rows.embeddings[counts],
                    None if rows.patches is None else rows.patches[counts],
                ),
                frames[counts],
                np.stack([rows.frame_start, rows.frame_end], axis=1)[counts],
                times_s,
                hours_of(part.begin, times_s[:, 0] - part.first_s),
            )


def _num_frames(warehouse: Warehouse, video: NormalVideo) -> int:
    """Return N of a video that is embedded."""
    return int(read_lineage(warehouse, video.shards[0])["frames"])
