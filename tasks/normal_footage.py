"""Normal footage: its shards, frame by frame that counts, become what a profile says."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from storage.parquet import read_lineage
from storage.profiles import ProfileContent
from storage.shards import read_shard
from storage.warehouse import Warehouse
from tasks.health import NormalHealth, judge_normal, kept
from tasks.normality.distances import mean_squared_error
from tasks.normality.moments import StreamingMean, merged

logger = logging.getLogger(__name__)
Rows = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]  # embeddings, and frames of each


@dataclass(frozen=True, slots=True)
class NormalVideo:
    """A normal video, the camera that recorded it, and its shards."""

    video_id: str
    camera: str
    shards: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class NormalFootage:
    """Normal videos whose frames are counted where their camera was well.

    Attributes:
        warehouse: Where they are embedded.
        videos: In the order of their ids; each has a frame that counts.
        sums: Statistics of each.
        health: What is left out, and why.
    """

    warehouse: Warehouse
    videos: Sequence[NormalVideo]
    sums: Sequence[StreamingMean]
    health: NormalHealth

    @classmethod
    def of(
        cls, warehouse: Warehouse, videos: Sequence[NormalVideo], keep_unhealthy: bool
    ) -> NormalFootage:
        """Sum up videos; where no camera was ever well, all of their frames count."""
        health = judge_normal(warehouse, {video.video_id: video.camera for video in videos})
        if keep_unhealthy:
            health = NormalHealth(health.references, {})
        sums = [_sum_of(warehouse, video, health) for video in videos]
        if not any(part.count for part in sums):
            logger.warning("no camera of the normal footage was well at any time: all of it counts")
            return cls.of(warehouse, videos, keep_unhealthy=True)
        counting = [(video, part) for video, part in zip(videos, sums, strict=True) if part.count]
        chosen, counted = zip(*counting, strict=True)
        return cls(warehouse, chosen, counted, health)

    def content(self) -> ProfileContent:
        """Return what the profile says.

        Each video is scored against the profile of the others, so that the scores are what unseen
        normal footage would have; a single video is scored against itself.
        """
        lineage = read_lineage(self.warehouse, self.videos[0].shards[0])
        profile = merged(self.sums, len(self.sums[0].total))
        scores, owners, weights = [], [], []
        for number, (video, own) in enumerate(zip(self.videos, self.sums, strict=True)):
            others = profile.subtract(own) if len(self.videos) > 1 else profile
            for embeddings, frames in rows_of(self.warehouse, video, self.health):
                scores.append(mean_squared_error(embeddings, others.mean))
                owners.append(np.full(len(frames), number))
                weights.append(frames)
        return ProfileContent(
            encoder_id=lineage["encoder_id"],
            encoder=lineage["encoder"],
            mean=profile.mean,
            video_ids=[video.video_id for video in self.videos],
            cameras=[video.camera for video in self.videos],
            frames=np.array([part.count for part in self.sums], dtype=np.int64),
            totals=np.stack([part.total for part in self.sums]),
            scores=np.concatenate(scores),
            score_videos=np.concatenate(owners),
            score_weights=np.concatenate(weights),
            references={camera: kept(item) for camera, item in self.health.references.items()},
            left_out=self.health.as_json(),
        )


def rows_of(warehouse: Warehouse, video: NormalVideo, health: NormalHealth) -> Iterator[Rows]:
    """Yield the embeddings of a video that speak for frames that count, part by part."""
    for shard in video.shards:
        rows = read_shard(warehouse, shard)
        frames = health.weights(video.video_id, rows)
        counts = frames > 0
        yield rows.embeddings[counts], frames[counts]


def _sum_of(warehouse: Warehouse, video: NormalVideo, health: NormalHealth) -> StreamingMean:
    """Return the statistics of one video, read part by part."""
    parts = [StreamingMean.of(*rows) for rows in rows_of(warehouse, video, health)]
    return merged(parts, len(parts[0].total))
