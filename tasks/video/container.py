"""Opening footage with PyAV, as what it is: a hostile file.

PyAV decides what a video holds: it decodes whatever FFmpeg decodes and tells which frames really
do. decord hands over frames faster, but repeats the last one where a header counts more.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tasks.video.errors import UnreadableVideoError
from tasks.video.search import printable

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.error import FFmpegError
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Demuxers that open further files or the network on the file's word, or paint text and stills.
REFUSED_FORMATS = frozenset(
    {"hls", "dash", "concat", "concatf", "imf", "sdp", "rtsp", "rtp", "lavfi", "tty", "image2"}
)
DEFAULT_STREAM_PIXELS = 5_000_000


@contextmanager
def open_stream(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Yield the open file and its main video stream.

    Raises:
        UnreadableVideoError: The file holds no video.
        OSError: It is not there, or not permitted.
    """
    import av

    with ExitStack() as stack:
        readable = stack.enter_context(path.open("rb"))
        # FFmpeg takes names as UTF-8; a file of another name is read through Python.
        named = printable(path) == str(path)
        source = str(path) if named else readable
        options = {"format_whitelist": _accepted_formats()}
        if named:
            options["protocol_whitelist"] = "file"
        # FFmpeg says why in its log; while frames are decoded that log could lock up its threads.
        av.logging.set_level(av.logging.ERROR)
        try:
            opened = av.open(source, metadata_errors="replace", container_options=options)
            container = stack.enter_context(cast("InputContainer", opened))
        # FFmpeg says "I/O error" and "not permitted" of files that contradict themselves, too.
        except (av.error.FFmpegError, ValueError) as error:
            raise UnreadableVideoError(_why_not_opened(path, error), str(error)) from error
        finally:
            av.logging.set_level(None)
        stream = main_stream(container)
        if stream is None:
            raise UnreadableVideoError("the file holds no video stream", container.format.name)
        if stream.codec_context is None:
            raise UnreadableVideoError("no decoder knows the video's codec", container.format.name)
        yield container, stream


def main_stream(container: InputContainer) -> VideoStream | None:
    """Return the video stream that people mean, by the rule of the ffmpeg command, or None.

    It is the one of the most pixels; one that is marked as the default goes before larger ones of
    up to five megapixels more. A cover picture is none.
    """
    from av.stream import Disposition

    def rank(stream: VideoStream) -> int:
        # A stream whose codec nothing knows has no size.
        pixels: int = getattr(stream, "width", 0) * getattr(stream, "height", 0)
        return pixels + DEFAULT_STREAM_PIXELS * bool(stream.disposition & Disposition.default)

    shown = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    return max(shown, key=rank, default=None)


def decode(
    container: InputContainer,
    stream: VideoStream,
    watch: Callable[[Packet[Any]], None] | None = None,
) -> Iterator[VideoFrame | FFmpegError]:
    """Yield each frame that decodes, in presentation order, and each error met between them.

    A damaged packet costs its own frames only; a file that breaks off gives what came before.

    Args:
        container: The open file.
        stream: Its video stream.
        watch: Called for each packet of the file, of whichever stream.

    Raises:
        MemoryError: Memory ran out.
        OSError: The disk does not give the file; what FFmpeg says of it counts as damage else.
    """
    import av

    # Frame threads conceal the damage of a file differently each time, and drop frames of it.
    stream.thread_type = "SLICE"
    packets: Iterator[Packet[Any]] = container.demux() if watch else container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.error.FFmpegError as error:
            _check_disk(Path(container.name))
            yield _survivable(error)
            yield from _frames_of(stream, None)
            return
        if watch:
            watch(packet)
        if packet.stream.index == stream.index:  # a draining packet has no index of its own
            yield from _frames_of(stream, packet)


def _frames_of(
    stream: VideoStream, packet: Packet[VideoStream] | None
) -> Iterator[VideoFrame | FFmpegError]:
    """Yield the frames that a packet completes, or the error it gives; None drains the decoder."""
    import av

    try:
        yield from stream.decode(packet)
    except av.error.FFmpegError as error:
        yield _survivable(error)


def _survivable(error: FFmpegError) -> FFmpegError:
    """Return an error that costs its own frames only.

    Raises:
        MemoryError: Memory ran out. Passed over, the video would have fewer frames at times.
    """
    if error.errno == errno.ENOMEM:
        raise MemoryError("the decoder ran out of memory") from error
    return error


def _check_disk(path: Path) -> None:
    """Read a file to its end.

    Raises:
        OSError: The disk does not give it. Taken for damage, the video would end there for ever.
    """
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 20):
            pass


def _why_not_opened(path: Path, error: Exception) -> str:
    """Return in plain words why a file is no video."""
    if not path.stat().st_size:
        return "the file is empty: not a video file"
    if "moov atom not found" in str(error):
        return "cut off before its index was written (it has no 'moov' atom), or no video file"
    return "not a video file, or its header is missing or damaged"


@cache
def _accepted_formats() -> str:
    """Return the demuxers that footage may be read with, as FFmpeg's own list."""
    import av

    names = {
        name
        for listed in av.formats_available
        for name in listed.split(",")
        if name not in REFUSED_FORMATS and not name.endswith("_pipe")
    }
    return ",".join(sorted(names))
