"""A small, untrained VideoMAE made from a seed, for where no trained checkpoint can be had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# 16 large patches: with few, something large in view moves the mean over patches far.
_SHAPE: dict[str, Any] = {
    "image_size": 128,
    "patch_size": 32,
    "num_frames": 16,
    "tubelet_size": 2,
    "hidden_size": 192,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 768,
    # At the usual 0.02 an untrained token says where its patch lies, hardly what it shows.
    "initializer_range": 0.15,
    "use_mean_pooling": False,  # as videomae-base: the encoder ends in a layer norm
    # The decoder is part of the checkpoint but never run.
    "decoder_hidden_size": 48,
    "decoder_num_hidden_layers": 1,
    "decoder_num_attention_heads": 3,
    "decoder_intermediate_size": 96,
}


def save_seeded_checkpoint(folder: Path, seed: int = 0, **config_overrides: Any) -> Path:
    """Save a small VideoMAE with random weights, and its preprocessing; return the folder.

    The model is **untrained**: it has seen no video. Its embeddings tell apart pictures that differ
    over a large area and little else, which is enough to show the pipeline at work and says nothing
    about what a trained checkpoint finds. The same seed gives the same files; torch's global random
    state is left as it was.

    Args:
        folder: Takes config.json, model.safetensors and preprocessor_config.json.
        seed: Decides the weights.
        config_overrides: Settings of ``VideoMAEConfig`` in place of this module's.
    """
    import torch
    from transformers import VideoMAEConfig, VideoMAEForPreTraining, VideoMAEImageProcessorPil
    from transformers.utils import logging

    settings = {**_SHAPE, **config_overrides}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = VideoMAEForPreTraining(VideoMAEConfig(**settings))
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    model.save_pretrained(folder)
    size = settings["image_size"]
    VideoMAEImageProcessorPil(
        size={"shortest_edge": size}, crop_size={"height": size, "width": size}
    ).save_pretrained(folder)
    return folder
