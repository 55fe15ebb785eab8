"""Shorter ways to what the checkpoint's processor does: the same bits, or a grey level off."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from transformers import VideoMAEImageProcessorPil

from tasks.encoder.errors import CheckpointUnusableError
from tasks.encoder.geometry import Geometry
from tasks.encoder.preprocessing import Fit, Frame, Preprocessing
from tests import oracle
from tests.footage import shared

SIZE = 32
GEOMETRY = Geometry(16, 2, SIZE, 8, 3, 48)
PLAIN: dict[str, Any] = {
    "size": {"shortest_edge": SIZE},
    "crop_size": {"height": SIZE, "width": SIZE},
}
SHORT: dict[str, dict[str, Any]] = {
    "as videomae-base": {},
    "to a larger size first": {"size": {"shortest_edge": SIZE + 9}},
    "to a fixed size": {"size": {"height": SIZE + 3, "width": SIZE}},
    "other colours": {"image_mean": [0.1, 0.2, 0.3], "image_std": [1.0, 2.0, 3.0]},
    "no normalising": {"do_normalize": False},
    "no rescaling": {"do_rescale": False},
}
LONG: dict[str, dict[str, Any]] = {
    "bicubic": {"resample": 3},
    "no cropping": {"do_center_crop": False, "size": {"height": SIZE, "width": SIZE}},
    "a crop beyond the picture": {"size": {"height": SIZE - 4, "width": SIZE}},
}


def frame_of(height: int, width: int, seed: int = 1) -> Frame:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def processed(processor: Any, frame: Frame) -> Any:
    batch = processor([[frame]], input_data_format="channels_last", return_tensors="np")
    return batch["pixel_values"][0][0]


@pytest.mark.parametrize("settings", [*SHORT.values(), *LONG.values()], ids=[*SHORT, *LONG])
@pytest.mark.parametrize("size", [(48, 64), (108, 60), (SIZE, SIZE), (7, 50)])
def test_pixels_are_the_processors_to_the_last_bit(
    settings: dict[str, Any], size: tuple[int, int]
) -> None:
    processor = VideoMAEImageProcessorPil(**{**PLAIN, **settings})
    preprocessing = Preprocessing(processor, GEOMETRY)
    frame = frame_of(*size)
    picture = preprocessing.picture(frame)
    short = any(settings is known for known in SHORT.values())
    assert picture.dtype == (np.uint8 if short else np.float32)
    pixels = preprocessing.pixels([picture], torch.device("cpu"))
    np.testing.assert_array_equal(pixels[0], processed(processor, frame))


def test_a_processor_that_is_not_what_its_settings_say_is_asked_itself() -> None:
    class Odd(VideoMAEImageProcessorPil):
        def resize(self, image: Any, *arguments: Any, **more: Any) -> Any:
            return super().resize(image[:, ::-1], *arguments, **more)

    preprocessing = Preprocessing(Odd(**PLAIN), GEOMETRY)
    frame = frame_of(48, 64)
    pixels = preprocessing.pixels([preprocessing.picture(frame)], torch.device("cpu"))
    np.testing.assert_array_equal(pixels[0], processed(Odd(**PLAIN), frame))


def test_fused_pixels_are_a_grey_level_off_at_most() -> None:
    plain = Preprocessing(VideoMAEImageProcessorPil(**PLAIN), GEOMETRY)
    fused = Preprocessing(VideoMAEImageProcessorPil(**PLAIN), GEOMETRY, fused=True)
    for size in ((1080, 1920), (48, 64), (108, 60)):
        frame = frame_of(*size)
        off = plain.picture(frame).astype(int) - fused.picture(frame).astype(int)
        assert np.abs(off).max() <= 1


def test_fused_is_refused_where_the_processor_does_something_else() -> None:
    processor = VideoMAEImageProcessorPil(**{**PLAIN, "resample": 3})
    with pytest.raises(CheckpointUnusableError, match="--preprocessing processor"):
        Preprocessing(processor, GEOMETRY, fused=True).picture(frame_of(48, 64))


@pytest.mark.parametrize("name", ["highway-a.avi", "car-detection.mp4"])
def test_fused_pixels_of_real_footage_are_hardly_ever_off(name: str) -> None:
    frames = oracle.decode(shared() / "footage" / name)[100:116]
    plain, fused = (
        Preprocessing(VideoMAEImageProcessorPil(), Geometry(16, 2, 224, 16, 3, 768), fused=way)
        for way in (False, True)
    )
    off = [np.abs(plain.picture(f).astype(int) - fused.picture(f).astype(int)) for f in frames]
    assert np.max(off) == 1, "two ways were taken"
    assert np.mean(off) < 0.01


def test_a_fit_is_a_crop_of_the_middle() -> None:
    assert Fit(3, 5, 0, 1, 3).crop(frame_of(3, 5)).shape == (3, 3, 3)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("settings", [*SHORT.values(), *LONG.values()], ids=[*SHORT, *LONG])
@pytest.mark.parametrize("size", [(480, 640), (200, 1111), (999, 70), (SIZE, 300), (64, 64)])
def test_a_picture_hangs_on_nothing_but_what_is_said_to_be_seen(
    settings: dict[str, Any], size: tuple[int, int], fused: bool
) -> None:
    processor = VideoMAEImageProcessorPil(**{**PLAIN, **settings})
    preprocessing = Preprocessing(processor, GEOMETRY, fused)
    if fused and any(settings is known for known in LONG.values()):
        pytest.skip("refused")
    frame, other = frame_of(*size), frame_of(*size, seed=2)
    top, bottom, left, right = preprocessing.seen(*size)
    other[top:bottom, left:right] = frame[top:bottom, left:right]
    np.testing.assert_array_equal(preprocessing.picture(other), preprocessing.picture(frame))


@pytest.mark.parametrize(
    ("size", "seen"),
    [
        ((1080, 1920), (0, 1080, 384, 1536)),
        ((1920, 1080), (384, 1536, 0, 1080)),
        ((720, 1280), (0, 720, 256, 1024)),
        ((224, 224), (0, 224, 0, 224)),
    ],
)
def test_of_a_wide_or_high_frame_the_middle_is_seen(
    size: tuple[int, int], seen: tuple[int, int, int, int]
) -> None:
    preprocessing = Preprocessing(VideoMAEImageProcessorPil(), Geometry(16, 2, 224, 16, 3, 768))
    assert preprocessing.seen(*size) == seen
