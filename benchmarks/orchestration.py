"""What a run spends on anything but decoding, encoding and writing: many short videos.

    python -m benchmarks.orchestration --json
    python -m benchmarks.orchestration --videos 20 --json

The videos are real footage (--footage), each of other bytes, encoded by a small seeded checkpoint.
``outside`` is the share of the run's time in which no file was being probed or decoded, no clip
encoded and no shard written. Loading the checkpoint and starting Prefect's server are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from threading import Lock
from typing import Any
from unittest.mock import patch

import av

from flows.command_line.server import embedded_server
from flows.embed_clips import embed_clips
from flows.extract_clips import extract_clips
from tasks.encoder.seeded import save_seeded_checkpoint
from tasks.encoder.videomae import VideoEncoder
from tasks.parameters import Archive, Encoding
from tasks.shard_writing import VideoShards
from tasks.video.isolated_reader import IsolatedReader
from tasks.video.isolation import FootageProcess

SECONDS, FPS = 10, 25
SETTLED = Archive(settle_s=0)


def write_videos(source: Path, folder: Path, number: int) -> None:
    """Write videos of ten seconds that show the same and are other files."""
    first = folder / "first.mp4"
    with av.open(str(source)) as container, av.open(str(first), "w") as written:
        shown = container.streams.video[0]
        stream = written.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = shown.width, shown.height, "yuv420p"
        for index, frame in enumerate(container.decode(shown)):
            if index == SECONDS * FPS:
                break
            pixels = frame.to_ndarray(format="rgb24")
            written.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        written.mux(stream.encode(None))
    content = first.read_bytes()
    first.unlink()
    for index in range(number):
        # A box that players skip: MP4's "free".
        other = (16).to_bytes(4, "big") + b"free" + index.to_bytes(8, "big")
        (folder / f"{index:04}.mp4").write_bytes(content + other)


@dataclass
class Activity:
    """How long anything was going on, and how long each kind of work took."""

    busy_s: float = 0.0
    kinds_s: dict[str, float] = field(default_factory=dict)
    _going_on: int = 0
    _since: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def of(self, kind: str) -> Iterator[None]:
        """Count the time of a block."""
        begun = time.perf_counter()
        with self._lock:
            if not self._going_on:
                self._since = begun
            self._going_on += 1
        try:
            yield
        finally:
            end = time.perf_counter()
            with self._lock:
                self._going_on -= 1
                self.kinds_s[kind] = self.kinds_s.get(kind, 0.0) + end - begun
                if not self._going_on:
                    self.busy_s += end - self._since

    def call(self, kind: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function whose calls are counted."""

        @wraps(work)
        def counted(*arguments: Any, **named: Any) -> Any:
            with self.of(kind):
                return work(*arguments, **named)

        return counted

    def iterate(self, kind: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return a generator function whose steps are counted."""

        @wraps(work)
        def counted(*arguments: Any, **named: Any) -> Iterator[Any]:
            items = work(*arguments, **named)
            while True:
                with self.of(kind):
                    item = next(items, None)
                if item is None:
                    return
                yield item

        return counted


@contextmanager
def watched(activity: Activity) -> Iterator[None]:
    """Count what goes on within the block."""
    with ExitStack() as stack:
        for kind, owner, name, count in (
            ("probe", FootageProcess, "probe", activity.call),
            ("decode", IsolatedReader, "read_as", activity.iterate),
            ("encode", VideoEncoder, "encode_and_sketch", activity.call),
            ("write", VideoShards, "add", activity.call),
        ):
            stack.enter_context(patch.object(owner, name, count(kind, getattr(owner, name))))
        yield


def processor_s() -> float:
    """Return the processor-seconds of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Extract and embed the videos, and return where the time went."""
    model, footage = save_seeded_checkpoint(folder / "model"), folder / "footage"
    footage.mkdir()
    write_videos(options.footage, footage, options.videos)
    encoding, place = Encoding(model=str(model)), str(folder / "warehouse")
    first = [str(footage / "0000.mp4")]  # loads what is loaded once, Prefect's server too
    extract_clips(first, str(folder / "first"), encoding, SETTLED)
    embed_clips(str(folder / "first"), encoding, first)
    found = {}
    for name, work in (
        ("extract_clips", lambda: extract_clips([str(footage)], place, encoding, SETTLED)),
        ("embed_clips", lambda: embed_clips(place, encoding, [str(footage)])),
    ):
        activity, before, begun = Activity(), processor_s(), time.perf_counter()
        with watched(activity):
            work()
        run_s = time.perf_counter() - begun
        found[name] = {
            "run_s": round(run_s, 2),
            "outside_s": round(run_s - activity.busy_s, 2),
            "processor_s": round(processor_s() - before, 2),
            **{kind: round(seconds, 2) for kind, seconds in activity.kinds_s.items()},
        }
    whole = sum(part["run_s"] for part in found.values())
    outside = sum(part["outside_s"] for part in found.values())
    return {"outside": round(outside / whole, 3), "videos": options.videos, **found}


def main() -> None:
    """Print the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--footage", type=Path, default=Path("../shared/footage/highway-b.avi"))
    parser.add_argument("--videos", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="the only form there is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, embedded_server():
        result = measure(options, Path(name))
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
