"""VideoMAE checkpoints for tests: the real architecture, seeded weights, saved as the hub does."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import VideoMAEConfig, VideoMAEForPreTraining, VideoMAEImageProcessorPil

# A wide initializer_range, or random weights would tell frames apart by their position alone.
SHAPES: dict[str, dict[str, Any]] = {
    "small": {
        "image_size": 64,
        "patch_size": 16,
        "num_frames": 16,
        "tubelet_size": 2,
        "hidden_size": 48,
        "num_attention_heads": 4,
        "intermediate_size": 96,
    },
    # Slow enough that a test can break in: some 0.2 s a clip on two cores.
    "slow": {
        "image_size": 224,
        "patch_size": 16,
        "num_frames": 16,
        "tubelet_size": 2,
        "hidden_size": 384,
        "num_attention_heads": 6,
        "intermediate_size": 1536,
    },
    # Nothing here equals videomae-base, so a number that was hard-coded shows.
    "odd": {
        "image_size": 112,
        "patch_size": 14,
        "num_frames": 16,
        "tubelet_size": 4,
        "hidden_size": 60,
        "num_attention_heads": 5,
        "intermediate_size": 90,
    },
}


def save_shape(shape: str, folder: Path, *, seed: int = 0) -> Path:
    """Save a tiny seeded checkpoint of a named shape and return its folder."""
    config = VideoMAEConfig(
        **SHAPES[shape],
        num_hidden_layers=2,
        decoder_num_hidden_layers=1,
        decoder_hidden_size=24,
        decoder_num_attention_heads=2,
        decoder_intermediate_size=48,
        initializer_range=0.2,
        use_mean_pooling=False,
    )
    size: int = SHAPES[shape]["image_size"]
    _seeded(config, seed).save_pretrained(folder)
    VideoMAEImageProcessorPil(
        size={"shortest_edge": size}, crop_size={"height": size, "width": size}
    ).save_pretrained(folder)
    return folder


def save_base(shared: Path, folder: Path, *, seed: int = 0) -> Path:
    """Save the full videomae-base architecture with random weights and return its folder."""
    source = shared / "videomae-base"
    _seeded(VideoMAEConfig.from_pretrained(source), seed).save_pretrained(folder)
    # Byte for byte, because the hub still serves this old form and the product must read it.
    shutil.copyfile(source / "preprocessor_config.json", folder / "preprocessor_config.json")
    return folder


def _seeded(config: VideoMAEConfig, seed: int) -> VideoMAEForPreTraining:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return VideoMAEForPreTraining(config)
