"""What the engine yields is what the encoder says of each clip, however clips come together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from tasks.clip_outcomes import ClipEncoded, ClipRepeated, VideoRead, VideoToRead
from tasks.encoder.checkpoint import Checkpoint
from tasks.encoder.errors import CheckpointUnusableError
from tasks.encoder.videomae import Encoded, VideoEncoder, load_encoder
from tasks.engine import GPU_ENCODERS, Engine
from tasks.video.clips import ClipPlan, Sampling
from tasks.video.decoding import FrameReader, VideoShape
from tasks.video.parts import PartPlan
from tests.checkpoints import save_shape
from tests.footage import moving_pattern, write_frames, write_video

FRAMES = (70, 16, 33)
Embeddings = dict[tuple[int, int], npt.NDArray[np.float32]]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> VideoEncoder:
    folder = save_shape("small", tmp_path_factory.mktemp("checkpoint") / "small")
    return load_encoder(Checkpoint(str(folder)), "cpu")


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[VideoToRead]:
    folder = tmp_path_factory.mktemp("videos")
    paths = [write_video(folder / f"{frames}.avi", frames, seed=frames) for frames in FRAMES]
    return [to_read(*each) for each in zip(range(len(FRAMES)), paths, FRAMES, strict=True)]


def to_read(number: int, path: Path, frames: int) -> VideoToRead:
    parts = PartPlan(ClipPlan(frames, Sampling(16, 2)), rows_per_part=16)
    shape = VideoShape(frames, 96, 64)
    return VideoToRead(number, str(path), shape, parts, tuple(range(len(parts))))


def run(
    encoder: Any, videos: list[VideoToRead], batch_size: int = 1, *, in_batches: bool = False
) -> Iterator[Any]:
    engine = Engine(encoder, 0, batch_size, in_batches, "auto")
    return engine.run(iter(videos), lambda: None)


def embeddings(outcomes: Iterator[Any]) -> Embeddings:
    return {
        (outcome.place.video, outcome.place.clip.index): outcome.embeddings
        for outcome in outcomes
        if isinstance(outcome, ClipEncoded)
    }


def assert_alike(some: Embeddings, others: Embeddings) -> None:
    assert some.keys() == others.keys()
    for key, value in some.items():
        np.testing.assert_allclose(value, others[key], rtol=1e-5, atol=1e-6)


@dataclass(frozen=True)
class Watched:
    """An encoder that notes how many clips it is given, and fails where it is told to."""

    real: VideoEncoder
    sizes: list[int]
    fail: Callable[[int], None] = lambda _: None
    shapes: list[int] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def encode_and_sketch(self, clips: Any, patch_sketch: int, fill_up: int) -> Encoded:
        assert len(clips) <= fill_up
        self.sizes.append(len(clips))
        self.shapes.append(fill_up)
        self.fail(fill_up)
        return self.real.encode_and_sketch(clips, patch_sketch, fill_up)


def test_every_clip_is_encoded_once_whatever_the_batches(
    encoder: VideoEncoder, videos: list[VideoToRead]
) -> None:
    outcomes = list(run(encoder, videos))
    assert sorted(o.clips for o in outcomes if isinstance(o, VideoRead)) == [1, 3, 5]
    alone = embeddings(iter(outcomes))
    assert len(alone) == sum(len(video.parts.plan) for video in videos)
    for batch_size in (2, 4, 8):
        watched = Watched(encoder, [])
        together = embeddings(run(watched, videos, batch_size, in_batches=True))
        assert_alike(together, alone)
        assert sum(watched.sizes) == len(alone)
        assert max(watched.sizes) == batch_size, "batches are filled across videos"
        assert set(watched.shapes) == {batch_size}, "short ones are filled up"


def test_the_embeddings_are_those_of_clips_encoded_by_hand(
    encoder: VideoEncoder, videos: list[VideoToRead]
) -> None:
    by_hand: Embeddings = {}
    for video in videos:
        plan = video.parts.plan
        frames = dict(FrameReader(Path(video.path), video.shape).read(range(plan.num_frames)))
        for clip in plan.clips():
            pictures = [encoder.preprocess(frames[index]) for index in plan.samples(clip)]
            by_hand[video.number, clip.index] = encoder.encode([pictures])[0]
    found = embeddings(run(encoder, videos))
    assert found.keys() == by_hand.keys()
    for key, value in by_hand.items():
        np.testing.assert_array_equal(found[key], value)


def test_out_of_memory_halves_the_batch_and_costs_no_clip(
    encoder: VideoEncoder, videos: list[VideoToRead], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(clips: int) -> None:
        if clips > 2:
            raise torch.OutOfMemoryError("a small card")

    watched = Watched(encoder, [], fail)
    found = embeddings(run(watched, videos, 8, in_batches=True))
    assert_alike(found, embeddings(run(encoder, videos)))
    tried = sorted(set(watched.shapes), reverse=True)
    assert tried == [8, 4, 2]
    assert watched.shapes.count(8) <= GPU_ENCODERS, "what did not fit is not tried again"
    fitting = zip(watched.sizes, watched.shapes, strict=True)
    assert sum(size for size, shape in fitting if shape == 2) == len(found)
    assert "from now on 2 clips" in caplog.text


def test_what_does_not_fit_even_alone_ends_the_run(
    encoder: VideoEncoder, videos: list[VideoToRead]
) -> None:
    def fail(_: int) -> None:
        raise torch.OutOfMemoryError("no card")

    with pytest.raises(torch.OutOfMemoryError):
        list(run(Watched(encoder, [], fail), videos, 4, in_batches=True))


def test_an_encoder_that_fails_ends_the_run_and_leaves_no_thread_waiting(
    encoder: VideoEncoder, videos: list[VideoToRead]
) -> None:
    def fail(_: int) -> None:
        raise CheckpointUnusableError("no numbers")

    with pytest.raises(CheckpointUnusableError):
        list(run(Watched(encoder, [], fail), videos))


def test_a_run_that_nobody_follows_to_its_end_stops(
    encoder: VideoEncoder, videos: list[VideoToRead]
) -> None:
    outcomes = run(encoder, videos)
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]


def test_a_video_that_cannot_be_read_costs_no_other(
    encoder: VideoEncoder, videos: list[VideoToRead], tmp_path: Path
) -> None:
    (tmp_path / "broken.avi").write_bytes(b"no video")
    broken = replace(videos[1], path=str(tmp_path / "broken.avi"))
    outcomes = list(run(encoder, [videos[0], broken, videos[2]]))
    ends = {end.video: end for end in outcomes if isinstance(end, VideoRead)}
    assert ends[1].error is not None
    assert (ends[0].error, ends[2].error) == (None, None)
    assert {video for video, _ in embeddings(iter(outcomes))} == {0, 2}


def test_a_clip_that_shows_what_the_one_before_showed_is_not_encoded(
    encoder: VideoEncoder, tmp_path: Path
) -> None:
    [still] = moving_pattern(1, (96, 64), seed=0)
    path = write_frames(tmp_path / "stuck.avi", [still] * 70, codec="ffv1")
    watched = Watched(encoder, [])
    outcomes = list(run(watched, [to_read(0, path, 70)]))
    repeated = [
        (outcome.place.part, outcome.place.clip.index, outcome.earlier)
        for outcome in outcomes
        if isinstance(outcome, ClipRepeated)
    ]
    # Two clips a part: a part hangs on no other, so the first of each is encoded.
    assert repeated == [(0, 1, 0), (1, 3, 2)]
    assert sum(watched.sizes) == 3
