from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import VideoMAEForPreTraining, VideoMAEImageProcessorPil

from tasks.encoder.seeded import save_seeded_checkpoint

TINY = {
    "image_size": 32,
    "patch_size": 16,
    "hidden_size": 24,
    "intermediate_size": 48,
    "num_hidden_layers": 1,
}


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    first = files_of(save_seeded_checkpoint(tmp_path / "a", 3, **TINY))
    torch.rand(5)
    assert files_of(save_seeded_checkpoint(tmp_path / "b", 3, **TINY)) == first
    assert set(first) >= {"config.json", "model.safetensors", "preprocessor_config.json"}


def test_another_seed_gives_other_weights_of_the_same_shape(tmp_path: Path) -> None:
    first = files_of(save_seeded_checkpoint(tmp_path / "a", 0, **TINY))
    other = files_of(save_seeded_checkpoint(tmp_path / "b", 1, **TINY))
    assert first.pop("model.safetensors") != other.pop("model.safetensors")
    assert first == other


def test_leaves_the_global_random_state_alone(tmp_path: Path) -> None:
    before = torch.random.get_rng_state()
    save_seeded_checkpoint(tmp_path, 7, **TINY)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("overrides", [{}, TINY], ids=["default", "tiny"])
def test_reads_back_as_an_encoder_whose_preprocessing_fits(
    tmp_path: Path, overrides: dict[str, int]
) -> None:
    folder = save_seeded_checkpoint(tmp_path, **overrides)
    read: Any = VideoMAEForPreTraining.from_pretrained  # its type knows no loading info
    model, loading = read(folder, output_loading_info=True)
    processor = VideoMAEImageProcessorPil.from_pretrained(folder)
    config = model.config
    assert not loading["missing_keys"]
    assert not loading["unexpected_keys"]

    frames = list(np.zeros((config.num_frames, 60, 80, 3), np.uint8))
    pixels = processor(frames, return_tensors="pt", input_data_format="channels_last").pixel_values
    assert pixels.shape == (1, 16, 3, config.image_size, config.image_size)

    patches = (config.image_size // config.patch_size) ** 2
    tokens = config.num_frames // config.tubelet_size * patches
    with torch.no_grad():
        hidden = model.videomae(
            pixels, bool_masked_pos=torch.zeros((1, tokens), dtype=torch.bool)
        ).last_hidden_state
    assert hidden.shape == (1, tokens, config.hidden_size)
    assert torch.isfinite(hidden).all()


def test_an_override_reaches_the_configuration(tmp_path: Path) -> None:
    folder = save_seeded_checkpoint(tmp_path, **TINY, num_frames=8, tubelet_size=4)
    config = VideoMAEForPreTraining.from_pretrained(folder).config
    assert (config.num_frames, config.tubelet_size) == (8, 4)
