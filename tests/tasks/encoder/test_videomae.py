from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from safetensors.torch import load_file, save_file
from scipy.stats import spearmanr

from tasks.encoder.checkpoint import Checkpoint
from tasks.encoder.errors import CheckpointUnusableError
from tasks.encoder.preprocessing import Picture, Pixels
from tasks.encoder.sketch import projection
from tasks.encoder.videomae import VideoEncoder, load_encoder, rounded
from tests import checkpoints, oracle
from tests.footage import moving_pattern

SHAPES = ("small", "odd")
SIZES = {  # (width, height)
    "one pixel": (1, 1),
    "three rows": (64, 3),
    "four by four": (4, 4),
    "one column": (1, 50),
    "portrait": (120, 160),
    "4:3": (160, 120),
    "16:9": (192, 108),
    "as the encoder wants it": (64, 64),
}


@dataclass(frozen=True)
class Call:
    """One forward pass of the encoder."""

    pixel_values: torch.Tensor
    mask: torch.Tensor
    gradients: bool


class Bench:
    """Saves each checkpoint once and reads it with the product and with the oracle."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.saved = cache(lambda shape: checkpoints.save_shape(shape, folder / shape))
        self.oracle = cache(lambda shape: oracle.Encoder(self.saved(shape)))

    def encoder(self, shape: str) -> VideoEncoder:
        return load_encoder(Checkpoint(str(self.saved(shape))), "cpu")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("videomae"))


@pytest.fixture
def calls(bench: Bench) -> Iterator[list[Call]]:
    """How the encoder's forward pass is called; the decoder must not run at all."""
    model = bench.encoder("small").model
    seen: list[Call] = []

    def note(_module: object, args: tuple[torch.Tensor], options: dict[str, torch.Tensor]) -> None:
        seen.append(Call(args[0], options["bool_masked_pos"], torch.is_grad_enabled()))

    def refuse(*_: object) -> None:
        pytest.fail("the decoder was run")

    hooks = [
        model.videomae.register_forward_pre_hook(note, with_kwargs=True),
        model.decoder.register_forward_pre_hook(refuse),
        model.encoder_to_decoder.register_forward_pre_hook(refuse),
    ]
    yield seen
    for hook in hooks:
        hook.remove()


def noise(num_frames: int, size: tuple[int, int], seed: int = 0) -> list[npt.NDArray[np.uint8]]:
    width, height = size
    rng = np.random.default_rng(seed)
    return list(rng.integers(0, 256, (num_frames, height, width, 3), dtype=np.uint8))


def some_clips(encoder: VideoEncoder, number: int) -> list[list[Pixels]]:
    frames = encoder.geometry.clip_frames
    pixels = [
        encoder.preprocess(frame) for frame in moving_pattern(number * frames, (96, 64), seed=3)
    ]
    return [pixels[start : start + frames] for start in range(0, len(pixels), frames)]


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("shape", SHAPES)
def test_frames_by_themselves_become_the_pixels_that_the_processor_makes_of_the_clip(
    bench: Bench, shape: str, size: tuple[int, int]
) -> None:
    frames = noise(16, size)
    encoder = bench.encoder(shape)
    of_clip = bench.oracle(shape).processor(
        frames, input_data_format="channels_last", return_tensors="np"
    )["pixel_values"][0]
    one_by_one = np.stack([encoder.preprocess(frame) for frame in frames])
    assert one_by_one.dtype == np.float32
    np.testing.assert_array_equal(one_by_one, of_clip)


@pytest.mark.parametrize("size", [(96, 64), (64, 3)])
@pytest.mark.parametrize("shape", SHAPES)
def test_embeddings_are_those_of_plain_transformers(
    bench: Bench, shape: str, size: tuple[int, int]
) -> None:
    frames = noise(16, size, seed=7)
    encoder, truth = bench.encoder(shape), bench.oracle(shape)
    [embeddings] = encoder.encode([[encoder.preprocess(frame) for frame in frames]])
    assert embeddings.dtype == np.float32
    assert embeddings.shape == (truth.num_tubelets, truth.width)
    np.testing.assert_allclose(embeddings, truth.tubelets(frames), rtol=0, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_clip_has_the_same_embeddings_alone_and_among_others(bench: Bench, shape: str) -> None:
    encoder = bench.encoder(shape)
    clips = some_clips(encoder, 5)
    together = encoder.encode(clips)
    alone = np.concatenate([encoder.encode([clip]) for clip in clips])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)
    assert not np.allclose(alone[0], alone[1], rtol=1e-2)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_fills_a_batch_up_changes_no_embedding(bench: Bench, shape: str) -> None:
    encoder = bench.encoder(shape)
    clips = some_clips(encoder, 3)
    filled, plain = encoder.encode_and_sketch(clips, 8, 8), encoder.encode_and_sketch(clips, 8)
    assert filled.embeddings.shape == plain.embeddings.shape
    np.testing.assert_allclose(filled.embeddings, plain.embeddings, rtol=1e-5, atol=1e-6)
    assert filled.sketches is not None
    assert plain.sketches is not None
    assert filled.sketches.shape == plain.sketches.shape


@pytest.mark.parametrize("shape", SHAPES)
def test_in_batches_of_one_size_no_bit_hangs_on_what_else_is_in_them(
    bench: Bench, shape: str
) -> None:
    encoder = bench.encoder(shape)
    first, *others = some_clips(encoder, 6)
    alone = encoder.encode_and_sketch([first], 8, 4).embeddings[0]
    among = encoder.encode_and_sketch([*others[:2], first, others[2]], 8, 4).embeddings[2]
    last = encoder.encode_and_sketch([others[4], first], 8, 4).embeddings[1]
    assert alone.tobytes() == among.tobytes() == last.tobytes()


def test_pictures_of_bytes_have_the_embeddings_of_their_pixels_to_the_last_bit(
    bench: Bench,
) -> None:
    encoder = bench.encoder("small")
    frames = moving_pattern(16, (96, 64), seed=3)
    pictures = [encoder.preprocessing.picture(frame) for frame in frames]
    assert {picture.dtype for picture in pictures} == {np.dtype(np.uint8)}
    pixels: list[Picture] = [encoder.preprocess(frame) for frame in frames]
    mixed = encoder.encode([pictures, pixels])
    assert mixed[0].tobytes() == mixed[1].tobytes()


def test_the_same_clips_give_the_same_bytes_again(bench: Bench) -> None:
    encoder = bench.encoder("small")
    clips = some_clips(encoder, 2)
    assert encoder.encode(clips).tobytes() == encoder.encode(clips).tobytes()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_sketch_is_every_patch_token_projected(bench: Bench, shape: str) -> None:
    encoder, truth = bench.encoder(shape), bench.oracle(shape)
    clips = some_clips(encoder, 2)
    encoded = encoder.encode_and_sketch(clips, 16)
    assert encoded.sketches is not None
    assert encoded.sketches.dtype == np.float16
    assert encoded.sketches.shape == (2, truth.num_tubelets, truth.num_patches, 16)
    for clip, sketch in zip(clips, encoded.sketches, strict=True):
        mask = torch.zeros((1, truth.num_tubelets * truth.num_patches), dtype=torch.bool)
        with torch.no_grad():
            pixels = torch.from_numpy(np.stack(clip))[None]
            tokens = truth.model.videomae(pixels, bool_masked_pos=mask).last_hidden_state[0]
        expected = tokens.double().numpy() @ projection(truth.width, 16)
        expected = expected.reshape(truth.num_tubelets, truth.num_patches, 16)
        np.testing.assert_allclose(sketch, expected, rtol=2**-10, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_embeddings_are_the_same_bits_with_a_sketch_and_without(bench: Bench, shape: str) -> None:
    encoder = bench.encoder(shape)
    clips = some_clips(encoder, 3)
    with_sketch, without = encoder.encode_and_sketch(clips, 8), encoder.encode_and_sketch(clips, 0)
    assert without.sketches is None
    assert with_sketch.embeddings.tobytes() == without.embeddings.tobytes()


@pytest.mark.parametrize("shape", SHAPES)
def test_no_bit_of_a_sketch_hangs_on_how_many_clips_are_encoded_at_once(
    bench: Bench, shape: str
) -> None:
    encoder = bench.encoder(shape)
    clips = some_clips(encoder, 16)
    alone = np.stack([sketches_of(encoder, [clip])[0] for clip in clips])
    for size in (2, 3, 8, 16):
        batches = [clips[start : start + size] for start in range(0, len(clips), size)]
        together = np.concatenate([sketches_of(encoder, batch) for batch in batches])
        assert together.tobytes() == alone.tobytes(), f"batches of {size}"


def sketches_of(encoder: VideoEncoder, clips: list[list[Pixels]]) -> npt.NDArray[np.float16]:
    sketches = encoder.encode_and_sketch(clips, 8).sketches
    assert sketches is not None
    return sketches


def test_bfloat16_keeps_the_ranking_of_scores(bench: Bench) -> None:
    checkpoint = Checkpoint(str(bench.saved("small")))
    reduced = load_encoder(checkpoint, "cpu", in_bfloat16=True)
    plain = bench.encoder("small")
    clips = [
        [plain.preprocess(frame) for frame in moving_pattern(16, (96, 64), seed)]
        for seed in range(24)
    ]
    found = {encoder: encoder.encode(clips) for encoder in (plain, reduced)}
    assert found[reduced].dtype == np.float32
    assert reduced.encode(clips).tobytes() == found[reduced].tobytes()
    off = np.linalg.norm(found[reduced] - found[plain]) / np.linalg.norm(found[plain])
    assert 1e-5 < off < 1e-2, "in bfloat16, and no further off than that explains"
    assert rounded(found[reduced], "bfloat16").dtype == np.float32
    ranking = spearmanr(*(scores_of(embeddings) for embeddings in found.values()))
    assert ranking.statistic >= 0.999


def scores_of(embeddings: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    rows = embeddings.reshape(-1, embeddings.shape[-1]).astype(np.float64)
    scores: npt.NDArray[np.float64] = ((rows - rows.mean(axis=0)) ** 2).mean(axis=1)
    return scores


def test_only_the_encoder_runs_with_nothing_masked_and_no_gradients(
    bench: Bench, calls: list[Call]
) -> None:
    encoder = bench.encoder("small")
    encoder.encode(some_clips(encoder, 3))
    [call] = calls
    assert call.pixel_values.shape == (3, 16, 3, 64, 64)
    assert call.mask.shape == (3, 8 * 16)
    assert call.mask.dtype == torch.bool
    assert not call.mask.any()
    assert not call.gradients
    assert not encoder.model.training


def test_an_encoder_is_loaded_once_a_process_and_in_float32(bench: Bench) -> None:
    checkpoint = Checkpoint(str(bench.saved("small")))
    assert load_encoder(checkpoint, "cpu") is load_encoder(checkpoint, "cpu")
    assert {weight.dtype for weight in bench.encoder("small").model.parameters()} == {torch.float32}


def test_a_processor_of_another_size_is_refused_at_the_first_frame(tmp_path: Path) -> None:
    folder = checkpoints.save_shape("small", tmp_path / "small")
    settings = folder / "preprocessor_config.json"
    text = json.dumps(
        {**json.loads(settings.read_text()), "crop_size": {"height": 32, "width": 32}}
    )
    settings.write_text(text)
    encoder = load_encoder(Checkpoint(str(folder)), "cpu")
    with pytest.raises(CheckpointUnusableError, match=r"\(3, 32, 32\).*\(3, 64, 64\)"):
        encoder.preprocess(noise(1, (96, 64))[0])


def test_weights_that_give_no_finite_numbers_are_refused(tmp_path: Path) -> None:
    folder = checkpoints.save_shape("small", tmp_path / "small")
    weights = load_file(folder / "model.safetensors")
    weights["videomae.encoder.layer.0.attention.attention.query.weight"][0] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    encoder = load_encoder(Checkpoint(str(folder)), "cpu")
    with pytest.raises(CheckpointUnusableError, match="no finite numbers"):
        encoder.encode(some_clips(encoder, 1))
