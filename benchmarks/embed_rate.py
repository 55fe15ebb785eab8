"""How near ``embed_clips`` comes to the encoder's limit, or the decoder's, on 1080p H.264.

    python -m benchmarks.embed_rate --json                     # the shape of videomae-base
    python -m benchmarks.embed_rate --shape seeded --json      # a small one: decoding is the cost

The footage is real (--footage, scaled up, with a little noise), the weights are random: time does
not depend on them. Each round runs the flow, a plain script by the mission's words, the bare
encoder and the decoders one after the other; ratios are those of medians over rounds. Loading a
checkpoint and starting Prefect's server are left out on both sides. Core-seconds are those of the
processors (of this process and of its children), each piece of work by itself.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal, get_args

import av
import numpy as np
import torch

from benchmarks.encoder_rate import random_checkpoint
from benchmarks.timing import core_s, wall_s
from flows.command_line.server import embedded_server
from flows.embed_clips import embed_clips
from flows.extract_clips import extract_clips
from tasks.encoder.checkpoint import Checkpoint
from tasks.encoder.device import one_thread_each, threads_of_torch
from tasks.encoder.seeded import save_seeded_checkpoint
from tasks.encoder.videomae import VideoEncoder, load_encoder
from tasks.parameters import Archive, Encoding
from tasks.video.decoding import FrameReader, VideoShape
from tasks.video.region import Region

WIDTH, HEIGHT, FPS, CLIP_FRAMES = 1920, 1080, 25, 16
Way = Literal["processor", "fused"]


def write_footage(
    source: Path, folder: Path, videos: int, clips: int, size: tuple[int, int] = (WIDTH, HEIGHT)
) -> list[Path]:
    """Write H.264 of so many clips each: the source's frames, again and again, and noise."""
    width, height = size
    rng = np.random.default_rng(0)
    paths = [folder / f"{number}.mp4" for number in range(videos)]
    frames = again_and_again(source)
    for path in paths:
        with av.open(str(path), "w") as written:
            stream = written.add_stream("libx264", rate=FPS)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for frame in islice(frames, clips * CLIP_FRAMES):
                large = frame.reformat(width, height, "rgb24").to_ndarray().astype(np.int16)
                large += rng.integers(-3, 4, (height, width, 1), dtype=np.int16)
                pixels = large.clip(0, 255).astype(np.uint8)
                written.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            written.mux(stream.encode(None))
    return paths


def again_and_again(source: Path) -> Iterator[av.VideoFrame]:
    """Yield the frames of a video, and when it ends those from its first on."""
    while True:
        with av.open(str(source)) as container:
            yield from container.decode(video=0)


def by_plain_script(model: Any, processor: Any, paths: Sequence[Path]) -> None:
    """Embed as the mission's words have it: a frame, a clip at a time, by the whole model."""
    import decord

    mask = torch.zeros((1, model.config.num_frames // 2 * _patches(model)), dtype=torch.bool)
    for path in paths:
        reader = decord.VideoReader(str(path))
        for start in range(0, len(reader) - CLIP_FRAMES + 1, CLIP_FRAMES):
            frames = [reader[start + index].asnumpy() for index in range(CLIP_FRAMES)]
            pixels = processor([frames], input_data_format="channels_last", return_tensors="pt")
            with torch.inference_mode():
                tokens = model.videomae(pixels["pixel_values"], bool_masked_pos=mask)
                # The model itself refuses to run its decoder where nothing is masked.
                seen = model.encoder_to_decoder(tokens.last_hidden_state)
                model.decoder(seen + model.position_embeddings.to(seen), 0)


def _patches(model: Any) -> int:
    return int((model.config.image_size // model.config.patch_size) ** 2)


def by_bare_encoder(encoder: VideoEncoder, clips: int) -> None:
    """Encode clips that are in memory, as many at once as there are cores."""
    geometry = encoder.geometry
    size = (geometry.clip_frames, geometry.channels, geometry.image_size, geometry.image_size)
    clip = np.random.default_rng(0).standard_normal(size, dtype=np.float32)
    cores = threads_of_torch()
    with one_thread_each(apply=True), ThreadPoolExecutor(cores) as threads:
        list(threads.map(lambda _: encoder.encode([clip]), range(clips)))


def by_pyav(paths: Sequence[Path]) -> None:
    """Decode every frame to RGB, on all cores."""
    for path in paths:
        with av.open(str(path)) as container:
            container.streams.video[0].thread_type = "AUTO"
            for frame in container.decode(video=0):
                frame.to_ndarray(format="rgb24")


def on_one_thread(path: Path) -> None:
    """Decode every frame of a video to RGB, by PyAV on one thread."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            frame.to_ndarray(format="rgb24")


def by_decord(paths: Sequence[Path]) -> None:
    """Decode every frame to RGB, on all cores."""
    import decord

    for path in paths:
        reader = decord.VideoReader(str(path), num_threads=0)
        for _ in range(len(reader)):
            reader.next().asnumpy()


@dataclass(frozen=True)
class Bench:
    """What is measured.

    Attributes:
        paths: Footage.
        clips: Clips in it.
        checkpoint: The encoder.
        folder: Takes warehouses.
    """

    paths: Sequence[Path]
    clips: int
    checkpoint: Checkpoint
    folder: Path

    def flow(self, way: Way, name: str) -> float:
        """Return the seconds of ``embed_clips`` into a warehouse of its own."""
        place, footage = str(self.folder / name), [str(path) for path in self.paths]
        encoding = Encoding(model=self.checkpoint.model, preprocessing=way)
        extract_clips(footage, place, encoding, Archive(settle_s=0))
        return wall_s(lambda: embed_clips(place, encoding, footage))

    def rounds(self, number: int) -> dict[str, list[float]]:
        """Return the seconds of each way to do the work, in each round."""
        encoders = {
            way: load_encoder(self.checkpoint, "cpu", preprocessing=way) for way in get_args(Way)
        }
        encoder = encoders["processor"]
        processor, model = self.checkpoint.processor(), self.checkpoint.weights()
        self.flow("processor", "first")  # loads what is loaded once
        self.flow("fused", "first fused")
        found: dict[str, list[float]] = {}
        encode_core: list[float] = []

        def bare() -> None:
            encode_core.append(core_s(lambda: by_bare_encoder(encoder, self.clips)))

        for round_ in range(number):
            works: dict[str, Callable[[], float]] = {
                "flow": partial(self.flow, "processor", f"processor {round_}"),
                "flow_fused": partial(self.flow, "fused", f"fused {round_}"),
                "plain": lambda: wall_s(lambda: by_plain_script(model, processor, self.paths)),
                "bare": lambda: wall_s(bare),
                "pyav": lambda: wall_s(lambda: by_pyav(self.paths)),
                "decord": lambda: wall_s(lambda: by_decord(self.paths)),
                "decode_core": lambda: core_s(lambda: self.read(encoder)),
                "preprocess_core": lambda: core_s(lambda: self.preprocess(encoders["processor"])),
                "fused_core": lambda: core_s(lambda: self.preprocess(encoders["fused"])),
            }
            for name, seconds in works.items():
                found.setdefault(name, []).append(seconds())
            found.setdefault("encode_core", []).append(encode_core.pop())
        return found

    def read(self, encoder: VideoEncoder) -> None:
        """Decode the footage as the product does, one thread a video, what the encoder sees."""
        region = Region(*encoder.preprocessing.seen(HEIGHT, WIDTH))
        for path in self.paths:
            frames = self.clips // len(self.paths) * CLIP_FRAMES
            shape = VideoShape(frames, WIDTH, HEIGHT)
            for _ in FrameReader(path, shape, region=region).read(range(frames)):
                pass

    def preprocess(self, encoder: VideoEncoder) -> None:
        """Preprocess as many frames as the footage has."""
        frame = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        preprocessing = encoder.preprocessing
        with one_thread_each(apply=True):
            for _ in range(self.clips):
                pictures = [preprocessing.picture(frame) for _ in range(CLIP_FRAMES)]
                preprocessing.pixels(pictures, torch.device("cpu"))


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Return the ratios of the table, and the seconds a clip behind them."""
    if options.shape == "base":
        checkpoint = random_checkpoint(options.config, folder / "model")
    else:
        checkpoint = Checkpoint(str(save_seeded_checkpoint(folder / "model")))
    paths = write_footage(options.footage, folder, options.videos, options.clips)
    clips = options.videos * options.clips
    found = Bench(paths, clips, checkpoint, folder).rounds(options.rounds)
    a_clip = {name: statistics.median(values) / clips for name, values in found.items()}
    cores = threads_of_torch()
    decoding = a_clip["encode_core"] + a_clip["decode_core"]
    decoder = min(a_clip["pyav"], a_clip["decord"])
    ratios = {
        "packed": (decoding + a_clip["preprocess_core"]) / cores / a_clip["flow"],
        "packed_fused": (decoding + a_clip["fused_core"]) / cores / a_clip["flow_fused"],
        "bare_encoder": a_clip["bare"] / a_clip["flow"],
        "bare_encoder_fused": a_clip["bare"] / a_clip["flow_fused"],
        "plain_script": a_clip["plain"] / a_clip["flow"],
        "plain_script_fused": a_clip["plain"] / a_clip["flow_fused"],
        "decoder": decoder / a_clip["flow"],
        "decoder_fused": decoder / a_clip["flow_fused"],
    }
    return {
        "ratios": {name: round(ratio, 3) for name, ratio in ratios.items()},
        "seconds_a_clip": {name: round(value, 4) for name, value in a_clip.items()},
        "cores": cores,
        "clips": clips,
        "load_at_end": os.getloadavg()[0],
    }


def main() -> None:
    """Print the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=("base", "seeded"), default="base")
    parser.add_argument("--config", type=Path, default=Path("../shared/videomae-base"))
    parser.add_argument("--footage", type=Path, default=Path("../shared/footage/highway-b.avi"))
    parser.add_argument("--videos", type=int, default=2)
    parser.add_argument("--clips", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="the only form there is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, embedded_server():
        (Path(name) / "model").mkdir()
        result = measure(options, Path(name))
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
