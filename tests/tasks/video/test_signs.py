"""Signs are measured of every kind of picture, cover every frame, and are the same each time."""

from pathlib import Path

import av
import numpy as np
import pytest

from tasks.video.probing import probe_video
from tasks.video.signs import THUMBNAIL, Signs
from tests.footage import moving_pattern, shared, write_frames, write_video


def signs_of(path: Path) -> Signs:
    return probe_video(path).signs


@pytest.mark.parametrize("frames", [1, 2, 30, 130])
@pytest.mark.parametrize("size", [(96, 64), (640, 480)])
def test_samples_speak_for_every_frame_once(
    tmp_path: Path, frames: int, size: tuple[int, int]
) -> None:
    probe = probe_video(write_video(tmp_path / "a.avi", frames, size=size))
    signs = probe.signs
    assert (signs.frame_start[0], signs.frame_end[-1]) == (0, frames)
    assert np.array_equal(signs.frame_start[1:], signs.frame_end[:-1])
    assert signs.time_end_s[-1] == probe.end_time_s
    assert len(signs.frame_start) <= 1 + frames / 8, "rarely enough to cost little"


def test_the_same_file_gives_the_same_signs(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", 120)
    first, again = signs_of(path), signs_of(path)
    for name in first.__dataclass_fields__:
        assert np.array_equal(getattr(first, name), getattr(again, name)), name


@pytest.mark.parametrize("pixels", ["yuv420p10le", "gray", "rgb24", "yuyv422", "gray16le", "bgr0"])
def test_pictures_of_every_format_are_measured_alike(tmp_path: Path, pixels: str) -> None:
    frames = moving_pattern(3, (96, 64), seed=0)
    codec = "rawvideo" if pixels in ("yuyv422", "rgb24") else "ffv1"
    path = tmp_path / "a.nut"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 96, 64, pixels
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format=pixels)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    luma = frames[0].astype(float) @ [0.299, 0.587, 0.114]
    thumbnail = signs_of(path).thumbnails[0].astype(float)
    assert thumbnail.shape == THUMBNAIL
    assert abs(thumbnail.mean() - luma.mean()) < 25, "up to the range of its luma"


def test_odd_sizes_and_real_files_are_measured(tmp_path: Path) -> None:
    for size in ((2, 2), (34, 2), (2, 34)):
        assert len(signs_of(write_frames(tmp_path / "a.avi", [_gray(size)] * 3)).frame_start)
    zoo = shared() / "zoo"
    for name in ("moviepy/media/chaplin.mp4", "torchcodec/test/resources/h265_10bits.mp4"):
        assert signs_of(zoo / name).fine.max() > 0


def _gray(size: tuple[int, int]) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    return np.full((size[1], size[0], 3), 90, dtype=np.uint8)
