from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from tasks.video.errors import UnreadableVideoError
from tasks.video.probing import Probe, probe_video
from tests.footage import shared, write_video


def gives_a_frame(path: Path) -> bool:
    """Whether FFmpeg left to itself decodes anything of a file."""
    try:
        with av.open(str(path)) as container:
            return any(True for _ in container.decode(video=0))
    except (av.error.FFmpegError, IndexError):
        return False


@pytest.mark.parametrize(
    ("name", "frames", "size"),
    [
        ("highway-a.avi", 374, (640, 360)),
        ("highway-b.avi", 748, (320, 240)),
        ("road.avi", 1699, (320, 240)),
        ("car-detection.mp4", 377, (768, 432)),
        ("raw-48x48.avi", 51, (48, 48)),
    ],
)
def test_real_footage_has_the_frames_that_decode_whatever_its_header_says(
    name: str, frames: int, size: tuple[int, int]
) -> None:
    probe = probe_video(shared() / "footage" / name)
    assert (probe.num_frames, (probe.width, probe.height)) == (frames, size)
    assert probe.damage == {}


def test_every_odd_file_is_probed_or_refused_with_a_reason() -> None:
    zoo = shared() / "zoo"
    refused: dict[Path, str] = {}
    for path in sorted(path for path in zoo.rglob("*") if path.is_file()):
        try:
            probe = probe_video(path)
        except UnreadableVideoError as error:
            refused[path] = error.reason
        else:
            assert probe.num_frames == len(probe.times_s) >= 1, path
            assert min(probe.width, probe.height) >= 1, path
            assert probe.end_time_s > probe.times_s[-1], path
    assert [path.name for path in refused if gives_a_frame(path)] == ["LICENCE.txt"]
    assert len(refused) == 35
    assert all(refused.values())


@pytest.mark.parametrize(
    ("degrees", "turns", "size"),
    [(0, 0, (568, 320)), (90, 3, (320, 568)), (180, 2, (568, 320)), (270, 1, (320, 568))],
)
def test_a_rotated_video_has_the_size_that_it_is_shown_with(
    degrees: int, turns: int, size: tuple[int, int]
) -> None:
    probe = probe_video(shared() / f"zoo/decord/tests/test_data/video_{degrees}.mov")
    assert (probe.rotation, (probe.width, probe.height)) == (turns, size)


@pytest.mark.parametrize(
    ("name", "bits"),
    [("h264_10bits.mp4", 10), ("h265_10bits.mp4", 10), ("h265_video.mp4", 8)],
)
def test_the_bits_of_a_colour_are_counted(name: str, bits: int) -> None:
    assert probe_video(shared() / "zoo/torchcodec/test/resources" / name).bits == bits


@pytest.mark.parametrize(
    ("name", "frames"),
    [("decord/tests/test_data/corrupted.mp4", 49), ("mp4parse_capi/tests/no_timescale.mp4", 170)],
)
def test_damage_is_counted_and_the_frames_around_it_are_kept(name: str, frames: int) -> None:
    zoo = shared() / "zoo"
    probe = probe_video(zoo / ("" if name.startswith("decord") else "mp4parse-rust") / name)
    assert probe.num_frames == frames
    assert probe.damage
    assert all(words and count >= 1 for words, count in probe.damage.items())


@pytest.mark.parametrize(
    ("suffix", "codec", "first_s"),
    [
        ("avi", "mpeg4", 0.0),
        ("mp4", "libx264", 0.0),
        ("mkv", "libx264", 0.0),
        ("ts", "mpeg4", None),
        ("webm", "libvpx", 0.0),
    ],
)
@pytest.mark.parametrize("frames", [1, 2, 37])
def test_a_written_video_has_its_frames_size_and_times(
    tmp_path: Path, suffix: str, codec: str, first_s: float | None, frames: int
) -> None:
    probe = probe_video(write_video(tmp_path / f"video.{suffix}", frames, codec=codec))
    start_s = probe.times_s[0] if first_s is None else first_s
    # Matroska and WebM count in milliseconds.
    np.testing.assert_allclose(probe.times_s, start_s + np.arange(frames) / 25, atol=1e-3)
    assert probe.end_time_s == pytest.approx(start_s + frames / 25, abs=2e-3)
    assert (probe.width, probe.height, probe.rotation, probe.bits) == (96, 64, 0, 8)
    assert probe.damage == {}


@pytest.mark.parametrize(
    ("suffix", "codec"), [("ts", "mpeg4"), ("ts", "libx264"), ("avi", "mpeg4"), ("mkv", "libx264")]
)
def test_a_file_that_breaks_off_gives_the_frames_before(
    tmp_path: Path, suffix: str, codec: str
) -> None:
    path = write_video(tmp_path / f"video.{suffix}", 60, codec=codec)
    whole = probe_video(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    kept = probe_video(path)
    assert 10 <= kept.num_frames < whole.num_frames
    # Behind the last frame some are missing that are shown before it.
    shown = kept.num_frames - 1
    np.testing.assert_array_equal(kept.times_s[:shown], whole.times_s[:shown])


def test_recordings_that_were_joined_run_on_in_time(tmp_path: Path) -> None:
    path = write_video(tmp_path / "video.ts", 40)
    path.write_bytes(path.read_bytes() * 3)
    probe = probe_video(path)
    assert probe.num_frames == 120
    assert (np.diff(probe.times_s) > 0).all()


@pytest.mark.parametrize("name", ["empty.mp4", "empty.avi", "empty"])
def test_an_empty_file_is_unreadable(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(UnreadableVideoError, match="not a video file"):
        probe_video(tmp_path / name)


@pytest.mark.parametrize("times_s", [[], [0.0, 2.0, 1.0]])
def test_a_probe_holds_ascending_times_of_a_frame_at_least(times_s: list[float]) -> None:
    with pytest.raises(ValueError, match="its times ascend"):
        Probe(np.array(times_s), 1.0, 1, 1, 0, 8, "h264", "mp4", {})


@pytest.mark.parametrize("size", [(2048, 16), (16, 2048)])
def test_pictures_made_to_exhaust_memory_are_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    path = write_video(tmp_path / "thin.avi", 2, size=size)
    with pytest.raises(UnreadableVideoError, match=f"{size[0]}x{size[1]}"):
        probe_video(path)
