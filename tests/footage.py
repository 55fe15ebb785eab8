"""Footage for tests: small videos written here, and the real ones of the shared folder."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

ROOT = Path(__file__).resolve().parents[1]


def shared() -> Path:
    """Return the shared folder; without it the test is skipped, or failed where CI must have it."""
    folder = Path(os.environ.get("NIGHTJAR_SHARED", ROOT / ".." / "shared")).resolve()
    if not (folder / "footage").is_dir():
        reason = f"real footage is absent: no {folder / 'footage'} (set NIGHTJAR_SHARED)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


def write_frames(
    path: Path,
    frames: Sequence[npt.NDArray[np.uint8]],
    *,
    fps: int = 25,
    codec: str = "mpeg4",
) -> Path:
    """Encode frames of shape (H, W, 3) and return ``path``, whose suffix picks the container."""
    height, width, _ = frames[0].shape
    path.parent.mkdir(parents=True, exist_ok=True)
    # The same frames must give the same bytes, or a video's id changes from run to run: x264's
    # mbtree differed in 20 of 150 encodings of one clip, Matroska's ids are random, threads vary.
    options = {"x264-params": "mbtree=0"} if codec == "libx264" else {}
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(codec, rate=fps, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = 1
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return settled(path)


def settled(path: Path) -> Path:
    """Make a file an hour old, as those of an archive are, and return its path."""
    hour_ago = time.time_ns() - 3600 * 10**9
    os.utime(path, ns=(hour_ago, hour_ago))
    return path


def write_video(
    path: Path,
    num_frames: int,
    *,
    size: tuple[int, int] = (96, 64),
    fps: int = 25,
    codec: str = "mpeg4",
    seed: int = 0,
) -> Path:
    """Write a seeded moving pattern of (width, height) ``size`` in which no two frames agree."""
    return write_frames(path, moving_pattern(num_frames, size, seed), fps=fps, codec=codec)


def moving_pattern(
    num_frames: int, size: tuple[int, int], seed: int
) -> list[npt.NDArray[np.uint8]]:
    """Return frames of a bright block that crosses drifting coloured bands."""
    width, height = size
    rng = np.random.default_rng(seed)
    period, phase, speed = rng.uniform(9, 40, 3), rng.uniform(0, 6, 3), rng.uniform(0.1, 0.5, 3)
    y, x = np.mgrid[0:height, 0:width, 0:1][:2]
    step_x, step_y = rng.integers(2, 7, 2)
    frames = []
    for index in range(num_frames):
        bands = 110 + 90 * np.sin((x + 2 * y) / period + phase + index * speed)
        left, top = index * step_x % (width - 8), index * step_y % (height - 8)
        bands[top : top + 8, left : left + 8] = rng.integers(0, 256, 3)
        frames.append(bands.clip(0, 255).astype(np.uint8))
    return frames
