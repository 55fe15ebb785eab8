r"""How near a GPU comes to what bounds it: its own matrix rate, and the decoding of footage.

    python -m benchmarks.gpu_rate --json
    python -m benchmarks.gpu_rate --device cpu --shape seeded --matrices 256 --batch-size 2 \
        --batches 2 --ranked 6 --clips 2 --videos 2 --rounds 1 --json

The second command tries the benchmark itself where there is no GPU; its numbers mean nothing. The
weights are random: time does not depend on them, rankings do. Ratios are those of medians over
rounds in which both sides are measured one after the other. The encoder's stage is from pictures of
bytes in the host's memory to embeddings and sketches there, as the engine runs it. The flow is
``embed_clips`` in bfloat16 on 720p H.264; decoding is the fastest way of three to every frame in
RGB, on all cores.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import spearmanr
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.embed_rate import by_decord, by_pyav, on_one_thread, write_footage
from benchmarks.encoder_rate import random_checkpoint
from benchmarks.timing import wall_s
from flows.command_line.server import embedded_server
from flows.embed_clips import embed_clips
from flows.extract_clips import extract_clips
from tasks.encoder.batch_size import find_batch_size
from tasks.encoder.checkpoint import Checkpoint
from tasks.encoder.preprocessing import Picture
from tasks.encoder.seeded import save_seeded_checkpoint
from tasks.encoder.videomae import VideoEncoder, load_encoder
from tasks.engine import GPU_ENCODERS
from tasks.parameters import DEFAULT_PATCH_SKETCH, Archive, Encoding

SIZE = (1280, 720)
ENCODER_TARGET, RANKING_TARGET, FLOW_TARGET = 0.55, 0.999, 0.90


def wait_for(device: torch.device) -> None:
    """Wait until a device has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def matrix_rate(device: torch.device, sizes: Sequence[int], repeats: int) -> float:
    """Return the FLOP a second of products of square bfloat16 matrices, of the best size."""
    rates = []
    for size in sizes:
        left, right = torch.randn(2, size, size, device=device).to(torch.bfloat16)
        for _ in range(3):
            left @ right
        wait_for(device)
        start = time.perf_counter()
        for _ in range(repeats):
            left @ right
        wait_for(device)
        rates.append(repeats * 2 * size**3 / (time.perf_counter() - start))
    return max(rates)


def flop_a_clip(encoder: VideoEncoder) -> int:
    """Return the operations that the encoder takes for a clip, as torch counts them."""
    geometry = encoder.geometry
    shape = (1, geometry.clip_frames, geometry.channels, geometry.image_size, geometry.image_size)
    mask = torch.zeros((1, geometry.tubelets * geometry.patches), dtype=torch.bool)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        encoder.model.videomae(
            torch.zeros(shape, device=encoder.device), bool_masked_pos=mask.to(encoder.device)
        )
    return int(counter.get_total_flops())


def read_clips(encoder: VideoEncoder, footage: Path, number: int) -> list[list[Picture]]:
    """Return clips of footage as pictures, as many as there are up to a number."""
    frames = encoder.geometry.clip_frames
    with av.open(str(footage)) as container:
        decoded = islice(container.decode(video=0), number * frames)
        shown = (frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in decoded)
        pictures = [encoder.preprocessing.picture(frame) for frame in shown]
    whole = len(pictures) // frames * frames
    return [pictures[start : start + frames] for start in range(0, whole, frames)]


def clip_rate(encoder: VideoEncoder, clip: Sequence[Picture], batch: int, batches: int) -> float:
    """Return the clips a second of the encoder's stage, from host to host."""

    def encode(_: int) -> None:
        encoder.encode_and_sketch([clip] * batch, DEFAULT_PATCH_SKETCH, batch)

    with ThreadPoolExecutor(GPU_ENCODERS) as threads:
        return batches * batch / wall_s(lambda: list(threads.map(encode, range(batches))))


def scores(encoder: VideoEncoder, clips: Sequence[Sequence[Picture]]) -> npt.NDArray[np.float64]:
    """Return the anomaly scores of tubelets against their own mean."""
    rows = np.concatenate([encoder.encode([clip])[0] for clip in clips]).astype(np.float64)
    found: npt.NDArray[np.float64] = ((rows - rows.mean(axis=0)) ** 2).mean(axis=1)
    return found


def copies_of(video: Path, folder: Path, number: int) -> list[Path]:
    """Write a video again under other titles: another content each, the same frames."""
    paths = [folder / f"copy-{index}.mp4" for index in range(number)]
    for path in paths:
        with av.open(str(video)) as source, av.open(str(path), "w") as written:
            written.metadata["title"] = path.stem
            stream = written.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    written.mux(packet)
    return paths


@dataclass(frozen=True)
class Bench:
    """What is measured.

    Attributes:
        device: Where.
        checkpoint: The encoder.
        folder: Takes footage and warehouses.
        options: What was asked for.
    """

    device: torch.device
    checkpoint: Checkpoint
    folder: Path
    options: argparse.Namespace

    def encoder(self) -> dict[str, Any]:
        """Return the encoder's rate against the matrix rate, and how its scores rank."""
        plain = load_encoder(self.checkpoint, self.device.type)
        reduced = load_encoder(self.checkpoint, self.device.type, in_bfloat16=True)
        clips = read_clips(plain, self.options.footage, self.options.ranked)
        batch = self.options.batch_size or find_batch_size(reduced, DEFAULT_PATCH_SKETCH)
        flop = flop_a_clip(plain)
        encoders = {"bfloat16": reduced, "float32": plain}
        if self.options.compile:
            encoders["compiled"] = self._compiled()
        for encoder in encoders.values():
            clip_rate(encoder, clips[0], batch, GPU_ENCODERS)
        found: dict[str, list[float]] = {"matrix": [], **{name: [] for name in encoders}}
        for _ in range(self.options.rounds):
            found["matrix"].append(
                matrix_rate(self.device, self.options.matrices, self.options.batches)
            )
            for name, encoder in encoders.items():
                found[name].append(clip_rate(encoder, clips[0], batch, self.options.batches))
        median = {name: statistics.median(values) for name, values in found.items()}
        ranking = spearmanr(scores(plain, clips), scores(reduced, clips)).statistic
        return {
            "of_matrix_rate": round(median["bfloat16"] * flop / median["matrix"], 3),
            "of_matrix_rate_target": ENCODER_TARGET,
            "spearman": round(float(ranking), 6),
            "spearman_target": RANKING_TARGET,
            "ranked_tubelets": len(clips) * plain.geometry.tubelets,
            "clips_a_second": {name: round(median[name], 2) for name in encoders},
            "gflop_a_clip": round(flop / 1e9, 2),
            "matrix_tflop_a_second": round(median["matrix"] / 1e12, 3),
            "batch": batch,
        }

    def _compiled(self) -> VideoEncoder:
        """Return an encoder in bfloat16 of its own, as torch compiles it."""
        checkpoint, device = self.checkpoint, self.device.type
        encoder = load_encoder(checkpoint, device, "compiled", in_bfloat16=True)
        encoder.model.videomae.compile()
        return encoder

    def flow(self) -> dict[str, Any]:
        """Return the flow's rate against that of decoding alone."""
        # The processes that only decode would import this module again, and torch with it.
        main_module: Any = sys.modules["__main__"]
        main_module.__spec__, main_module.__file__ = None, None
        [video] = write_footage(self.options.footage, self.folder, 1, self.options.clips, SIZE)
        videos = copies_of(video, self.folder, self.options.videos)
        clips = len(videos) * self.options.clips
        self._embed(videos[:1], "first")  # loads what is loaded once
        found: dict[str, list[float]] = {}
        with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as processes:
            _decode(processes, videos)  # starts them
            for round_ in range(self.options.rounds):
                works: dict[str, Callable[[], float]] = {
                    "flow": partial(self._embed, videos, f"{round_}"),
                    "each_on_a_core": lambda: wall_s(lambda: _decode(processes, videos)),
                    "pyav": lambda: wall_s(lambda: by_pyav(videos)),
                    "decord": lambda: wall_s(lambda: by_decord(videos)),
                }
                for name, seconds in works.items():
                    found.setdefault(name, []).append(seconds())
        median = {name: statistics.median(values) for name, values in found.items()}
        decoding = min(seconds for name, seconds in median.items() if name != "flow")
        return {
            "of_decode_rate": round(decoding / median["flow"], 3),
            "of_decode_rate_target": FLOW_TARGET,
            "clips_a_second": round(clips / median["flow"], 2),
            "clips": clips,
            "seconds": {name: round(seconds, 3) for name, seconds in median.items()},
        }

    def _embed(self, videos: Sequence[Path], name: str) -> float:
        """Return the seconds of ``embed_clips`` into a warehouse of its own."""
        place, footage = str(self.folder / name), [str(path) for path in videos]
        encoding = Encoding(
            model=self.checkpoint.model,
            device=self.device.type,
            batch_size=self.options.batch_size,
            precision="bfloat16",
            preprocessing=self.options.preprocessing,
        )
        extract_clips(footage, place, encoding, Archive(settle_s=0))
        return wall_s(lambda: embed_clips(place, encoding, footage))


def _decode(processes: Executor, videos: Sequence[Path]) -> None:
    """Decode videos, each in a process of its own."""
    list(processes.map(on_one_thread, videos))


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Return both rows."""
    if options.shape == "base":
        checkpoint = random_checkpoint(options.config, folder / "model")
    else:
        checkpoint = Checkpoint(str(save_seeded_checkpoint(folder / "model")))
    device = torch.device(options.device)
    bench = Bench(device, checkpoint, folder, options)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return {
        "device": name,
        "cores": os.cpu_count(),
        "encoder": bench.encoder(),
        "flow": bench.flow(),
    }


def main() -> None:
    """Print the measurement; without a GPU say so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--shape", choices=("base", "seeded"), default="base")
    parser.add_argument("--config", type=Path, default=Path("../shared/videomae-base"))
    parser.add_argument("--footage", type=Path, default=Path("../shared/footage/highway-b.avi"))
    parser.add_argument("--preprocessing", choices=("processor", "fused"), default="fused")
    parser.add_argument("--batch-size", type=int, help="found by itself unless given")
    parser.add_argument("--batches", type=int, default=20, help="and products, a round")
    parser.add_argument("--matrices", type=int, nargs="+", default=[4096, 8192])
    parser.add_argument("--ranked", type=int, default=40, help="clips whose scores are ranked")
    parser.add_argument("--videos", type=int, default=32)
    parser.add_argument("--clips", type=int, default=40, help="in a video")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compile", action="store_true", help="also by torch.compile")
    parser.add_argument("--json", action="store_true", help="the only form there is")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit("there is no GPU here that CUDA knows: nothing was measured")
    with tempfile.TemporaryDirectory() as name, embedded_server():
        (Path(name) / "model").mkdir()
        result = measure(options, Path(name))
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
