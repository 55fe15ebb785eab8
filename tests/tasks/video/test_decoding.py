from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from tasks.video.decoding import FrameReader, VideoShape
from tasks.video.errors import FootageChangedError, UnreadableVideoError
from tasks.video.probing import probe_video
from tasks.video.region import Region
from tests.footage import ROOT, shared, write_frames, write_video

FOLDERS = (
    "footage",
    "zoo/decord",
    "zoo/mathiasbynens-small",
    "zoo/moviepy",
    "zoo/mp4parse-rust",
    "zoo/streamio-ffmpeg",
    "zoo/torchcodec",
)
# Pixels of a video up to which all frames are compared, and those at a leap: to save time only.
ALL, LEAP = 100_000_000, 20_000_000
PEAK_OF_READING = """
import sys
from pathlib import Path
from tasks.video.decoding import FrameReader, VideoShape
path, frames = Path(sys.argv[1]), int(sys.argv[2])
reader = FrameReader(path, VideoShape(frames, 640, 360))
assert sum(1 for _ in reader.read(range(frames))) == frames
# Not ru_maxrss, which a child inherits from the process that started it.
status = Path("/proc/self/status").read_text().splitlines()
print(reader.decoder, next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""

Frame = npt.NDArray[np.uint8]


def shape_of(path: Path) -> VideoShape:
    probe = probe_video(path)
    return VideoShape(probe.num_frames, probe.width, probe.height, bool(probe.damage), probe.bits)


def readable(folder: str) -> Iterator[tuple[Path, VideoShape]]:
    """Yield what in a folder is a video that can be read."""
    for path in sorted(path for path in (shared() / folder).rglob("*") if path.is_file()):
        try:
            shape = shape_of(path)
        except UnreadableVideoError:
            continue
        yield path, shape


def decode(path: Path) -> Iterator[av.VideoFrame]:
    """PyAV by itself: every frame that decodes."""
    with av.open(str(path)) as container:
        stream = container.streams.best("video")
        assert isinstance(stream, av.VideoStream)
        for packet in container.demux(stream):
            try:
                yield from stream.decode(packet)
            except av.error.FFmpegError:
                continue


def upright(frame: av.VideoFrame) -> Frame:
    pixels: Frame = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90) % 4)
    return pixels


def distance(frame: Frame, reference: Frame | None) -> float:
    """Mean distance of two frames in grey levels."""
    if reference is None or frame.shape != reference.shape:
        return float("inf")
    if np.array_equal(frame, reference):
        return 0.0
    return float(np.abs(frame.astype(np.int16) - reference).mean())


def assert_reads_what_decodes(path: Path, shape: VideoShape) -> None:
    """Hold a reader of all frames, and one that leaps, against PyAV."""
    area, num_frames = shape.width * shape.height, shape.num_frames
    every, leap = set(range(num_frames)), set(range(0, min(num_frames, LEAP // area), 4))
    if num_frames * area > ALL:
        every -= set(range(100, num_frames - 50))
    readers = [(FrameReader(path, shape), wanted) for wanted in (every, leap)]
    reading = [(reader, wanted, reader.read(sorted(wanted))) for reader, wanted in readers]
    decoded = 0
    for index, reference in enumerate(decode(path)):
        decoded = index + 1
        asked = [(reader, frames) for reader, wanted, frames in reading if index in wanted]
        pixels = upright(reference) if asked else None
        for reader, frames in asked:
            position, frame = next(frames)
            assert position == index, path
            assert frame.dtype == np.uint8, path
            # Where the stream is damaged, FFmpeg fills in by what its threads have ready.
            limit = 2.0 if reader.decoder == "pyav" else 0
            assert shape.damaged or distance(frame, pixels) <= limit, f"{path}: {index}"
    assert decoded == num_frames, path
    assert [list(frames) for _, _, frames in reading] == [[], []]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_real_and_odd_file_is_read_as_pyav_decodes_it(folder: str) -> None:
    read = 0
    for path, shape in readable(folder):
        assert_reads_what_decodes(path, shape)
        read += 1
    assert read


def middle(shape: VideoShape) -> Region:
    """Return the middle of a frame, of such edges as preprocessing asks for."""
    edges = [
        edge
        for length in (shape.height, shape.width)
        for edge in (length // 4 // 64 * 64, min(-(-length * 3 // 4 // 64) * 64, length))
    ]
    return Region(*edges)


@pytest.mark.parametrize("folder", ["footage", "zoo/moviepy", "zoo/torchcodec"])
def test_a_region_has_the_pixels_that_it_has_in_the_whole(folder: str) -> None:
    smaller = 0
    for path, shape in readable(folder):
        region = middle(shape)
        wanted = range(0, min(shape.num_frames, LEAP // (shape.width * shape.height)), 4)
        if shape.damaged or not wanted:
            continue
        whole, part = (
            FrameReader(path, shape, "pyav", region=asked).read(wanted) for asked in (None, region)
        )
        for (index, frame), (position, pixels) in zip(whole, part, strict=True):
            assert position == index
            np.testing.assert_array_equal(pixels, region.of(frame), err_msg=f"{path}: {index}")
            smaller += pixels.size < frame.size
    assert smaller


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        ("avi", "mpeg4"),
        ("avi", "mpeg2video"),
        ("mp4", "libx264"),
        ("mkv", "libx264"),
        ("mov", "mpeg4"),
        ("ts", "libx264"),
        ("ts", "mpeg4"),
        ("mpg", "mpeg2video"),
        ("webm", "libvpx"),
        ("flv", "flv"),
        ("h264", "libx264"),
    ],
)
@pytest.mark.parametrize("frames", [1, 2, 16, 49])
def test_written_videos_are_read_as_pyav_decodes_them(
    tmp_path: Path, suffix: str, codec: str, frames: int
) -> None:
    path = write_video(tmp_path / f"video.{suffix}", frames, codec=codec)
    assert_reads_what_decodes(path, shape_of(path))


@pytest.mark.parametrize("indices", [[], [0], [29], [0, 29], [3, 4, 17], list(range(30))])
@pytest.mark.parametrize("suffix", ["avi", "gif"])
def test_exactly_the_frames_asked_for_come(tmp_path: Path, indices: list[int], suffix: str) -> None:
    pictures = [np.full((64, 96, 3), 8 * index, np.uint8) for index in range(30)]
    path = tmp_path / f"video.{suffix}"
    if suffix == "gif":
        path = shared() / "zoo/moviepy/media/pigs_in_a_polka.gif"
    else:
        write_frames(path, pictures)
    expected = [upright(frame) for index, frame in enumerate(decode(path)) if index in indices]
    found = list(FrameReader(path, shape_of(path)).read(np.array(indices, dtype=np.int64)))
    assert [index for index, _ in found] == indices
    for (_, frame), reference in zip(found, expected, strict=True):
        np.testing.assert_array_equal(frame, reference)


@pytest.mark.parametrize(
    ("name", "decoder", "reason"),
    [
        ("footage/highway-b.avi", "decord", ""),
        ("footage/raw-48x48.avi", "pyav", "frames of shape (48, 48, 4)"),
        ("zoo/decord/tests/test_data/video_90.mov", "decord", ""),
        ("zoo/decord/tests/test_data/corrupted.mp4", "pyav", "the file is damaged"),
        ("zoo/moviepy/media/bitmap.mp4", "pyav", "frames of shape (1, 1, 96)"),
        ("zoo/moviepy/media/no_duration.webm", "pyav", "decord"),
        ("zoo/mp4parse-rust/mp4parse/tests/tiny_av1.mp4", "pyav", "decord cannot read it"),
        ("zoo/streamio-ffmpeg/spec/fixtures/movies/weird_aspect.small.mpg", "pyav", "damaged"),
        ("zoo/torchcodec/test/resources/h264_10bits.mp4", "pyav", "10 bits"),
    ],
)
def test_the_decoder_is_named_and_why_it_was_not_decord(
    name: str, decoder: str, reason: str
) -> None:
    path = shared() / name
    reader = FrameReader(path, shape_of(path))
    next(reader.read([0]))
    assert reader.decoder == decoder
    assert reason in reader.reason
    assert bool(reason) is bool(reader.reason)


def test_pyav_can_be_asked_for_by_name() -> None:
    path = shared() / "footage/highway-b.avi"
    reader = FrameReader(path, shape_of(path), "pyav")
    next(reader.read([0]))
    assert (reader.decoder, reader.reason) == ("pyav", "PyAV was asked for")


def test_decord_alone_refuses_what_it_cannot_read() -> None:
    path = shared() / "zoo/moviepy/media/bitmap.mp4"
    with pytest.raises(UnreadableVideoError, match="decord cannot read it"):
        next(FrameReader(path, shape_of(path), "decord").read([0]))


def test_a_name_that_is_no_text_is_read_by_pyav(tmp_path: Path) -> None:
    path = write_video(tmp_path / "video.avi", 5).rename(tmp_path / "\udcff.avi")
    reader = FrameReader(path, shape_of(path))
    assert len(list(reader.read(range(5)))) == 5
    assert reader.reason == "the file's name is no valid UTF-8"


@pytest.mark.parametrize("suffix", ["avi", "mp4", "ts"])
@pytest.mark.parametrize("left", [29, 1])
def test_a_file_that_lost_frames_since_it_was_probed_has_changed(
    tmp_path: Path, suffix: str, left: int
) -> None:
    path = write_video(tmp_path / f"video.{suffix}", 30)
    shape = shape_of(path)
    write_video(path, left)
    with pytest.raises(FootageChangedError, match="run again"):
        list(FrameReader(path, shape).read(range(30)))


def test_a_file_that_is_gone_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(FrameReader(tmp_path / "gone.mp4", VideoShape(1, 96, 64)).read([0]))


def test_reading_a_video_ten_times_longer_needs_no_more_memory(tmp_path: Path) -> None:
    peaks = {}
    for frames, expected in ((200, "decord"), (800, "pyav"), (2000, "pyav")):
        path = tmp_path / f"{frames}.avi"
        write_noise(path, frames)
        assert path.stat().st_size > 20_000 * frames
        command = [sys.executable, "-c", PEAK_OF_READING, str(path), str(frames)]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
        )
        decoder, peak = done.stdout.split()
        assert decoder == expected
        peaks[frames] = int(peak)
    assert peaks[2000] <= 1.1 * peaks[200]
    assert peaks[2000] <= 1.1 * peaks[800]


def write_noise(path: Path, num_frames: int) -> None:
    """Write frames of noise, whose packets are large; ten packets over and over are quick."""
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuvj420p"
        stream.codec_context.options = {"qmin": "20", "qmax": "20"}
        packets = []
        for _ in range(10):
            noise = rng.integers(0, 256, (360, 640, 3), dtype=np.uint8)
            packets += stream.encode(av.VideoFrame.from_ndarray(noise, format="rgb24"))
        contents = [bytes(packet) for packet in packets + stream.encode(None)]
        for index in range(num_frames):
            packet = av.Packet(contents[index % len(contents)])
            packet.stream, packet.time_base = stream, stream.codec_context.time_base
            packet.pts = packet.dts = index
            packet.is_keyframe = True
            container.mux(packet)


def test_decord_is_not_asked_for_mpeg_streams_whose_frames_it_misplaces(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.ts", 50, codec="mpeg2video")
    probe = probe_video(path)
    shape = VideoShape(
        probe.num_frames, probe.width, probe.height, bits=probe.bits, container=probe.container
    )
    reader = FrameReader(path, shape)
    assert len(list(reader.read(range(50)))) == 50
    assert reader.decoder == "pyav"
    assert "misplaces" in reader.reason
