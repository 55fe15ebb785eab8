"""Clips put together from frames as they come by, each frame read once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tasks.video.clips import Clip, ClipPlan

Picture = TypeVar("Picture")


def frames_needed(plan: ClipPlan, clips: Sequence[Clip]) -> npt.NDArray[np.int64]:
    """Return the frames that the clips sample, ascending and distinct, shape (n,)."""
    return np.unique(np.concatenate([plan.samples(clip) for clip in clips]))


def assemble_clips(
    pictures: Iterable[tuple[int, Picture]], plan: ClipPlan, clips: Sequence[Clip]
) -> Iterator[tuple[Clip, list[Picture]]]:
    """Yield each clip with its T pictures, in order.

    The last clip starts before the one in front of it ends, so the pictures of two clips at most
    are held, however long the video is.

    Args:
        pictures: (frame, picture) for every frame of ``frames_needed``, ascending.
        plan: The video's plan.
        clips: Consecutive clips of the plan.
    """
    held: dict[int, Picture] = {}
    arriving = iter(pictures)
    for clip in clips:
        samples = plan.samples(clip).tolist()
        for frame in [frame for frame in held if frame < samples[0]]:
            del held[frame]
        while samples[-1] not in held:
            frame, picture = next(arriving)
            held[frame] = picture
        yield clip, [held[frame] for frame in samples]
    for _ in arriving:  # to its end: a reader that is left before has its child ended
        pass
