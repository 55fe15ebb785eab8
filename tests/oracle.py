"""CONTRACT sections 2 and 3 read literally, one frame at a time; imports nothing of the product."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoImageProcessor, VideoMAEForPreTraining

Frame = npt.NDArray[np.uint8]  # (H, W, 3)
Embeddings = npt.NDArray[np.float32]  # (N, D), one row a frame
Scores = npt.NDArray[np.float64]  # (N,)


def decode(path: Path) -> list[Frame]:
    """Return every frame that decodes; how many the header promises is never asked."""
    with av.open(str(path)) as container:
        stream = container.streams.best("video")
        assert isinstance(stream, av.VideoStream)
        found: list[Any] = [f.to_ndarray(format="rgb24") for f in container.decode(stream)]
        return found


@dataclass(frozen=True)
class Place:
    """Where one frame's embedding comes from."""

    clip_index: int
    clip_start: int
    tubelet_index: int


def clip_starts(num_frames: int, span: int) -> list[int]:
    """Section 3: 0, span, 2 span, … while they fit, and one more for what is left over."""
    if num_frames < span:
        return [0]
    starts = []
    start = 0
    while start + span <= num_frames:
        starts.append(start)
        start += span
    if start < num_frames:
        starts.append(num_frames - span)
    return starts


def places(num_frames: int, stride: int, clip_frames: int, tubelet_frames: int) -> list[Place]:
    """Return each frame's place: the first clip that reaches it speaks for it."""
    span = clip_frames * stride
    starts = clip_starts(num_frames, span)
    found = []
    for frame in range(num_frames):
        clip_index = next(i for i, a in enumerate(starts) if a <= frame < a + span)
        start = starts[clip_index]
        tubelet_index = (frame - start) // (tubelet_frames * stride)
        found.append(Place(clip_index, start, tubelet_index))
    return found


class Encoder:
    """A checkpoint folder, read with transformers alone."""

    def __init__(self, checkpoint: Path) -> None:
        # Any, because transformers leaves methods of both untyped.
        processors: Any = AutoImageProcessor
        models: Any = VideoMAEForPreTraining
        self.processor: Any = processors.from_pretrained(checkpoint, backend="pil")
        self.model: Any = models.from_pretrained(checkpoint).eval()
        config = self.model.config
        self.clip_frames: int = config.num_frames
        self.tubelet_frames: int = config.tubelet_size
        self.num_tubelets = self.clip_frames // self.tubelet_frames
        self.num_patches: int = (config.image_size // config.patch_size) ** 2
        self.width: int = config.hidden_size

    def tubelets(self, frames: list[Frame]) -> Embeddings:
        """Return the embedding of each tubelet of one clip, shape (T // u, D)."""
        assert len(frames) == self.clip_frames
        pixel_values = self.processor(
            frames, input_data_format="channels_last", return_tensors="pt"
        ).pixel_values
        seq_length = self.num_tubelets * self.num_patches
        mask = torch.zeros((1, seq_length), dtype=torch.bool)
        with torch.no_grad():
            tokens = self.model.videomae(pixel_values, bool_masked_pos=mask).last_hidden_state
        assert tokens.shape == (1, seq_length, self.width)
        # The patches of one tubelet are neighbours: time is the slowest axis of the sequence.
        rows = [
            tokens[0, t * self.num_patches : (t + 1) * self.num_patches].mean(dim=0).numpy()
            for t in range(self.num_tubelets)
        ]
        return np.stack(rows)

    def places(self, num_frames: int, stride: int) -> list[Place]:
        """Return the place of each of a video's frames."""
        return places(num_frames, stride, self.clip_frames, self.tubelet_frames)

    def embed(self, frames: list[Frame], stride: int) -> Embeddings:
        """Return one embedding a frame, shape (N, D), float32."""
        last = len(frames) - 1
        of_clip: dict[int, Embeddings] = {}
        rows = []
        for place in self.places(len(frames), stride):
            start = place.clip_start
            if start not in of_clip:
                samples = [min(start + k * stride, last) for k in range(self.clip_frames)]
                of_clip[start] = self.tubelets([frames[i] for i in samples])
            rows.append(of_clip[start][place.tubelet_index])
        return np.stack(rows)


def profile_mean(videos: list[Embeddings]) -> npt.NDArray[np.float64]:
    """Return the mean over all frames of all videos, shape (D,)."""
    mean: npt.NDArray[np.float64] = np.concatenate(videos).astype(np.float64).mean(axis=0)
    return mean


def scores(embeddings: Embeddings, mean: npt.NDArray[np.float64]) -> Scores:
    """Return the anomaly score of each frame."""
    return np.array([np.mean((row.astype(np.float64) - mean) ** 2) for row in embeddings])


def threshold(normal: list[Embeddings], quantile: float = 0.999) -> float:
    """Return the quantile of the normal scores, each video scored by a profile of the others."""
    held_out = []
    for index, video in enumerate(normal):
        others = normal[:index] + normal[index + 1 :]
        held_out.append(scores(video, profile_mean(others or [video])))
    return float(np.quantile(np.concatenate(held_out), quantile))
