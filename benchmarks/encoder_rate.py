"""Seconds a clip of the videomae-base shape takes, beside decoding the same frames.

    python -m benchmarks.encoder_rate --config ../shared/videomae-base --footage VIDEO --json

The weights are random: the time does not depend on them. Medians over interleaved rounds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers import VideoMAEConfig, VideoMAEForPreTraining

from benchmarks.timing import wall_s
from tasks.encoder.checkpoint import Checkpoint
from tasks.encoder.videomae import load_encoder
from tasks.video.decoding import FrameReader, VideoShape
from tasks.video.probing import probe_video


def random_checkpoint(config: Path, folder: Path) -> Checkpoint:
    """Save a checkpoint of a configuration with random weights."""
    torch.manual_seed(0)
    VideoMAEForPreTraining(VideoMAEConfig.from_pretrained(config)).save_pretrained(folder)
    shutil.copyfile(config / "preprocessor_config.json", folder / "preprocessor_config.json")
    return Checkpoint(str(folder))


def measure(config: Path, footage: Path, rounds: int) -> dict[str, float | int | str]:
    """Return the median seconds a clip of encoding, decoding and the other work around them."""
    with tempfile.TemporaryDirectory() as folder:
        encoder = load_encoder(random_checkpoint(config, Path(folder)), "auto")
    probe = probe_video(footage)
    shape = VideoShape(probe.num_frames, probe.width, probe.height, bool(probe.damage), probe.bits)
    clip_frames = encoder.geometry.clip_frames
    clips = probe.num_frames / clip_frames
    frames = [frame for _, frame in FrameReader(footage, shape).read(range(clip_frames))]
    pictures = [encoder.preprocess(frame) for frame in frames]
    everything = np.arange(probe.num_frames)
    work: dict[str, tuple[Callable[[], object], float]] = {
        "encode": (lambda: encoder.encode([pictures]), 1),
        "preprocess": (lambda: [encoder.preprocess(frame) for frame in frames], 1),
        "decode": (lambda: sum(1 for _ in FrameReader(footage, shape).read(everything)), clips),
        "probe": (lambda: probe_video(footage), clips),
        # What a worker that begins in the midst of a video pays for what lies before.
        "skip": (lambda: list(FrameReader(footage, shape, "pyav").read(everything[-1:])), clips),
    }
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, (piece, share) in work.items():
            times[name].append(wall_s(piece) / share)
    medians = {f"{name}_s_a_clip": statistics.median(values) for name, values in times.items()}
    return {
        **medians,
        "threads": torch.get_num_threads(),
        "device": str(encoder.device),
        "footage": f"{footage.name} {probe.width}x{probe.height} {probe.codec}",
    }


def main() -> None:
    """Print the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("../shared/videomae-base"))
    parser.add_argument("--footage", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="the only form there is")
    options = parser.parse_args()
    result = measure(options.config, options.footage, options.rounds)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
