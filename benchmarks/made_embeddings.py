"""Warehouses of made embeddings, as large as no footage at hand: what scores and profiles cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from storage.footage import Sighting, record_sighting
from storage.shards import ShardKey, ShardRows, write_shard
from storage.videos import VideoRecord, write_video
from storage.warehouse import Warehouse

FPS, PART_ROWS, DIRECTIONS = 25, 4096, 32


def encoder_id(stride: int) -> str:
    """Return the encoder that they are said to come from."""
    return f"videomae-t16u2s{stride}-0123456789ab"


@dataclass(frozen=True, slots=True)
class MadeVideos:
    """Videos whose embeddings vary mostly in few directions, the same for all.

    Attributes:
        warehouse: Where they are written.
        width: D.
        stride: Frames from one that is sampled to the next; a row speaks for two of those.
    """

    warehouse: Warehouse
    width: int
    stride: int

    @property
    def frames_a_row(self) -> int:
        """Frames that a row speaks for."""
        return 2 * self.stride

    def write(self, number: int, rows: int, camera: str) -> str:
        """Write one video, and what extraction would have found out of it; return its id."""
        video = f"{number:032x}"
        starts = np.arange(rows) * self.frames_a_row
        edges = np.stack([starts, starts + self.frames_a_row], axis=1)
        frames = int(edges[-1, 1])
        self._write_shards(video, camera, edges)
        facts = {"end_time_s": frames / FPS, "width": 96, "height": 64, "damage": {}}
        write_video(self.warehouse, VideoRecord(video, np.arange(frames) / FPS, facts))
        path = f"/in/{camera}/{number:06}.mp4"
        record_sighting(self.warehouse, Sighting(path, camera, video, 7, 7))
        return video

    def _write_shards(self, video: str, camera: str, edges: npt.NDArray[np.int64]) -> None:
        random = np.random.default_rng(int(video, 16))
        axes = np.random.default_rng(0).normal(size=(DIRECTIONS, self.width)).astype(np.float32)
        rows = len(edges)
        clips = np.stack([np.arange(rows) // 8, np.arange(rows) % 8], axis=1)
        lineage = {
            "video_id": video, "camera": camera, "frames": int(edges[-1, 1]),
            "encoder_id": encoder_id(self.stride), "encoder": {"width": self.width},
            "parts": -(-rows // PART_ROWS), "decoder": "pyav", "decoder_reason": None,
        }  # fmt: skip
        for part, first in enumerate(range(0, rows, PART_ROWS)):
            own = slice(first, first + PART_ROWS)
            height = len(edges[own])
            embeddings = random.normal(size=(height, DIRECTIONS)).astype(np.float32) @ axes
            embeddings += random.standard_normal((height, self.width), dtype=np.float32)
            shard = ShardRows(np.hstack([clips, edges])[own], (edges / FPS)[own], embeddings)
            key = ShardKey(encoder_id(self.stride), camera, video, part)
            write_shard(self.warehouse, key, shard, {**lineage, "part": part})
