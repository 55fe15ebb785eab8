"""Frame arithmetic: which frames a clip samples, and which frames a tubelet speaks for.

All intervals are half-open and all frames are 0-based. With N decoded frames, stride s and T
frames a clip, a clip spans T * s frames; see section 3 of the contract that the README quotes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an encoder samples a video.

    Attributes:
        clip_frames: T, the frames the encoder sees at once.
        tubelet_frames: u, the sampled frames that share an embedding.
        stride: s, every s-th frame is sampled.
    """

    clip_frames: int
    tubelet_frames: int
    stride: int = 1

    def __post_init__(self) -> None:
        if min(self.clip_frames, self.tubelet_frames, self.stride) < 1:
            raise ValueError(f"a sampling counts from 1, got {self}")
        if self.clip_frames % self.tubelet_frames:
            raise ValueError(
                f"a clip of {self.clip_frames} frames does not divide into tubelets of "
                f"{self.tubelet_frames}"
            )

    @property
    def span(self) -> int:
        """Frames of the video that one clip spans."""
        return self.clip_frames * self.stride

    @property
    def tubelet_span(self) -> int:
        """Frames of the video that one tubelet spans."""
        return self.tubelet_frames * self.stride

    @property
    def tubelets(self) -> int:
        """Tubelets of one clip."""
        return self.clip_frames // self.tubelet_frames


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip of a video: where it starts, and the frames that it alone speaks for.

    Attributes:
        index: Its place among the video's clips.
        start: Its first sampled frame.
        frame_start: First frame it speaks for; behind ``start`` only for the last clip.
        frame_end: End of the frames it speaks for.
    """

    index: int
    start: int
    frame_start: int
    frame_end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.frame_start < self.frame_end:
            raise ValueError(f"a clip speaks for frames at or behind its start, got {self}")


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """The clips of a video of ``num_frames`` decoded frames: every frame is in exactly one."""

    num_frames: int
    sampling: Sampling

    def __post_init__(self) -> None:
        if self.num_frames < 1:
            raise ValueError(f"a video has at least one frame, got {self.num_frames}")

    def __len__(self) -> int:
        return -(-self.num_frames // self.sampling.span)

    def clip(self, index: int) -> Clip:
        """Return one clip; the last one is drawn back so that it ends with the video."""
        span, total = self.sampling.span, self.num_frames
        covered = index * span
        return Clip(
            index=index,
            start=max(0, min(covered, total - span)),
            frame_start=covered,
            frame_end=min(covered + span, total),
        )

    def clips(self, first: int = 0, end: int | None = None) -> Iterator[Clip]:
        """Yield the clips of ``[first, end)``, in order."""
        return map(self.clip, range(first, len(self) if end is None else end))

    def samples(self, clip: Clip) -> npt.NDArray[np.int64]:
        """Return the frames that a clip samples, shape (T,), ascending; the last may repeat."""
        steps = np.arange(self.sampling.clip_frames, dtype=np.int64)
        return np.minimum(clip.start + steps * self.sampling.stride, self.num_frames - 1)

    def tubelet_spans(self, clip: Clip) -> Iterator[tuple[int, int, int]]:
        """Yield (tubelet, frame_start, frame_end) for the tubelets that speak for a frame."""
        width = self.sampling.tubelet_span
        for tubelet in range(self.sampling.tubelets):
            start = max(clip.start + tubelet * width, clip.frame_start)
            end = min(clip.start + (tubelet + 1) * width, clip.frame_end)
            if start < end:
                yield tubelet, start, end
