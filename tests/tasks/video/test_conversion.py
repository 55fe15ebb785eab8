from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
import pytest

from tasks.video.conversion import CROPPED_FORMATS, Conversion
from tasks.video.region import Region

Frame = npt.NDArray[np.uint8]
REGIONS = [
    Region(0, 128, 64, 192),
    Region(64, 130, 0, 64),
    Region(0, 130, 128, 301),  # to an odd edge
    Region(64, 128, 64, 301),
    Region(0, 130, 0, 301),
]


def frame_of(
    height: int = 130, width: int = 301, form: str = "yuv420p", seed: int = 0
) -> av.VideoFrame:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    frame = av.VideoFrame.from_ndarray(noise, format="rgb24").reformat(format=form)
    frame.time_base = Fraction(1, 25)
    return frame


def whole(frame: av.VideoFrame, size: tuple[int, int] = (301, 130)) -> Frame:
    conversion = Conversion(size=size)
    return conversion.pixels(frame)


@pytest.mark.parametrize("region", REGIONS, ids=str)
@pytest.mark.parametrize("form", [*sorted(CROPPED_FORMATS), "nv12", "yuv444p", "yuv410p", "gray"])
def test_a_region_has_the_pixels_that_it_has_in_the_whole(form: str, region: Region) -> None:
    conversion = Conversion(region)
    for seed in range(3):
        frame = frame_of(form=form, seed=seed)
        conversion.see(frame)
        np.testing.assert_array_equal(conversion.pixels(frame), region.of(whole(frame)))


def test_frames_of_another_size_or_format_are_brought_to_the_first_ones() -> None:
    region = REGIONS[0]
    conversion = Conversion(region)
    frames = [frame_of(), frame_of(66, 150), frame_of(form="yuvj420p"), frame_of(form="rgb24")]
    for frame in [*frames, *frames]:
        conversion.see(frame)
        np.testing.assert_array_equal(conversion.pixels(frame), region.of(whole(frame)))


def test_a_region_has_rows_and_columns() -> None:
    with pytest.raises(ValueError, match="rows and columns"):
        Region(3, 3, 0, 1)
