"""How many clips a GPU encodes at once: what fills it, as far as its memory goes."""

from __future__ import annotations

from functools import cache

import numpy as np

from tasks.encoder.videomae import VideoEncoder

# Of the videomae-base shape that is 50,000 rows in every product of matrices.
MOST = 32
# The rest is for what else uses the GPU, as a second worker, and for what allocators waste.
SHARE = 0.5


@cache
def find_batch_size(encoder: VideoEncoder, patch_sketch: int) -> int:
    """Return how many clips are encoded at once where nobody says; found once a process.

    It hangs on the GPU and the model, not on what else uses the GPU just now: the last bits of
    embeddings hang on it.

    Raises:
        CheckpointUnusableError: The weights give no finite numbers.
    """
    if encoder.device.type != "cuda":
        return MOST
    clip_bytes, room_bytes = _cuda_memory(encoder, patch_sketch)
    return clips_that_fit(clip_bytes, room_bytes)


def clips_that_fit(clip_bytes: int, room_bytes: int, most: int = MOST) -> int:
    """Return the largest power of two of clips that fit, from 1 to ``most``.

    Args:
        clip_bytes: What a clip takes.
        room_bytes: What there is; less than nothing where the model alone takes more.
        most: A power of two.
    """
    fitting = max(1, min(most, room_bytes // max(1, clip_bytes)))
    return 1 << (fitting.bit_length() - 1)


def _cuda_memory(encoder: VideoEncoder, patch_sketch: int) -> tuple[int, int]:
    """Return the bytes that a clip takes at its peak, and those that clips may take."""
    import torch

    geometry, device = encoder.geometry, encoder.device
    size = geometry.image_size
    clip = np.zeros((geometry.clip_frames, size, size, geometry.channels), np.uint8)
    encoder.encode_and_sketch([clip], patch_sketch)  # libraries take their workspaces
    model_bytes = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    encoder.encode_and_sketch([clip], patch_sketch)
    clip_bytes = torch.cuda.max_memory_allocated(device) - model_bytes
    total_bytes = torch.cuda.get_device_properties(device).total_memory
    return clip_bytes, int(total_bytes * SHARE) - model_bytes
