"""Odd and hostile footage made on the spot, as archives hold it and as attackers make it."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

from tests.footage import moving_pattern, settled, write_video

FRAMES = 20
NAMES = ("-leading dash.avi", "new\nline.avi", "\"quotes\" and 'more'.avi", "🎥 emoji.avi")


def write_odd_footage(folder: Path) -> tuple[set[Path], set[Path]]:
    """Write every kind of odd file and return those that hold frames, and those that hold none."""
    folder.mkdir(parents=True)
    readable = {settled(make(folder)) for make in READABLE}
    readable |= {settled(_copy_named(folder, name)) for name in NAMES}
    return readable, {settled(make(folder)) for make in UNREADABLE}


def _mpeg2(folder: Path) -> Path:
    return write_video(folder / "mpeg2.mpg", FRAMES, codec="mpeg2video", seed=1)


def _raw_h264(folder: Path) -> Path:
    return _record(folder / "dump.h264", "libx264", "yuv420p", container="h264")


def _gray(folder: Path) -> Path:
    return _record(folder / "gray.avi", "ffv1", "gray")


def _deep(folder: Path) -> Path:
    return _record(folder / "ten bits.mkv", "ffv1", "yuv420p10le")


def _unusual_rate(folder: Path) -> Path:
    """Write footage whose frames are unevenly spaced."""
    path = folder / "uneven.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for index, pixels in enumerate(moving_pattern(FRAMES, (96, 64), seed=4)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = index**2
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _second_stream(folder: Path) -> Path:
    """Write a small picture stream in front of the real one."""
    path = folder / "two streams.mkv"
    with av.open(str(path), "w") as container:
        streams = []
        for size in ((32, 32), (96, 64)):
            stream = container.add_stream("mpeg4", rate=25)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            streams.append((stream, moving_pattern(FRAMES, size, seed=5)))
        for index in range(FRAMES):
            for stream, frames in streams:
                frame = av.VideoFrame.from_ndarray(frames[index], format="rgb24")
                container.mux(stream.encode(frame))
        for stream, _ in streams:
            container.mux(stream.encode(None))
    return path


def _cut_off(folder: Path) -> Path:
    content = write_video(folder / "cut off.avi", 3 * FRAMES, seed=6).read_bytes()
    (folder / "cut off.avi").write_bytes(content[: len(content) // 2])
    return folder / "cut off.avi"


def _huge_header(folder: Path) -> Path:
    """Write a small AVI whose header claims pictures of 60000x60000."""
    content = bytearray(_record(folder / "60000x60000.avi", "rawvideo", "bgr24").read_bytes())
    size = content.index(b"strf") + 8 + 4  # BITMAPINFOHEADER: its size, then width and height
    content[size : size + 8] = struct.pack("<ii", 60_000, 60_000)
    (folder / "60000x60000.avi").write_bytes(content)
    return folder / "60000x60000.avi"


def _huge_claim(folder: Path) -> Path:
    """Write an MP4 of one kilobyte whose only box claims to hold 4 GB."""
    path = folder / "4 GB in 1 kB.mp4"
    box = struct.pack(">I4sQ", 1, b"mdat", 4 << 30)
    path.write_bytes(struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + box + bytes(1000))
    return path


def _index_of_billions(folder: Path) -> Path:
    """Write an MP4 whose table of sample sizes claims four billion entries."""
    content = bytearray(write_video(folder / "billions.mp4", 3, seed=7).read_bytes())
    table = content.index(b"stsz") + 8
    content[table : table + 8] = struct.pack(">II", 0, 0xFFFF_FFFF)
    (folder / "billions.mp4").write_bytes(content)
    return folder / "billions.mp4"


def _letter(folder: Path) -> Path:
    (folder / "letter.avi").write_text("Dear Sir or Madam")
    return folder / "letter.avi"


def _nothing(folder: Path) -> Path:
    (folder / "nothing.mp4").touch()
    return folder / "nothing.mp4"


def _sound(folder: Path) -> Path:
    path = folder / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16_000)
        assert isinstance(stream, av.AudioStream)
        samples = np.zeros((1, 16_000), dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


READABLE: tuple[Callable[[Path], Path], ...] = (
    _mpeg2, _raw_h264, _gray, _deep, _unusual_rate, _second_stream, _cut_off
)  # fmt: skip
UNREADABLE: tuple[Callable[[Path], Path], ...] = (
    _huge_header, _huge_claim, _index_of_billions, _letter, _nothing, _sound
)  # fmt: skip


def _copy_named(folder: Path, name: str) -> Path:
    """Write a small video under a name that invites mistakes."""
    video = write_video(folder / "plain.avi", FRAMES, seed=NAMES.index(name) + 10)
    return Path(shutil.move(video, folder / name))


def _record(path: Path, codec: str, pixels: str, container: str | None = None) -> Path:
    """Encode the moving pattern with a codec and a pixel format."""
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 96, 64, pixels
        for frame in moving_pattern(FRAMES, (96, 64), seed=2):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format=pixels)
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    return path
