from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasks.encoder.checkpoint import Checkpoint
from tasks.encoder.errors import CheckpointUnusableError, SketchTooWideError
from tasks.encoder.identity import EncoderIdentity, identify_encoder
from tests import checkpoints

Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.save_shape("small", tmp_path_factory.mktemp("identity") / "small")


def identify(folder: Path, stride: int = 1, pixel_path: str = "rgb24/1") -> EncoderIdentity:
    return identify_encoder(Checkpoint(str(folder)), stride, pixel_path)


def edit(name: str, **settings: Any) -> Change:
    """Return what changes some settings of a JSON file."""

    def change(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))

    return change


def changed(checkpoint: Path, folder: Path, change: Change) -> EncoderIdentity:
    copy = shutil.copytree(checkpoint, folder / "copy")
    change(copy)
    return identify(copy)


def flip_last_byte(folder: Path) -> None:
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda folder: checkpoints.save_shape("small", folder, seed=1), id="seed"),
        pytest.param(flip_last_byte, id="one bit of the weights"),
        pytest.param(edit("config.json", layer_norm_eps=1e-6), id="configuration"),
        pytest.param(edit("preprocessor_config.json", image_mean=[0.4, 0.5, 0.5]), id="mean"),
        pytest.param(edit("preprocessor_config.json", resample=3), id="resampling"),
        pytest.param(edit("preprocessor_config.json", size={"shortest_edge": 72}), id="size"),
        pytest.param(edit("preprocessor_config.json", do_center_crop=False), id="crop"),
    ],
)
def test_whatever_changes_embeddings_changes_the_id(
    checkpoint: Path, tmp_path: Path, change: Change
) -> None:
    other = changed(checkpoint, tmp_path, change)
    assert other.encoder_id != identify(checkpoint).encoder_id


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _folder: None, id="another name"),
        pytest.param(lambda folder: (folder / "README.md").write_text("hi"), id="a readme"),
        pytest.param(edit("preprocessor_config.json", size=64), id="the old form of a size"),
        pytest.param(
            edit("preprocessor_config.json", image_processor_type="VideoMAEImageProcessor"),
            id="the processor named as it was before its backends",
        ),
    ],
)
def test_whatever_changes_no_embedding_keeps_the_id(
    checkpoint: Path, tmp_path: Path, change: Change
) -> None:
    assert changed(checkpoint, tmp_path, change) == identify(checkpoint)


@pytest.mark.parametrize("arguments", [{"stride": 2}, {"pixel_path": "rgb24/2"}])
def test_sampling_and_pixels_are_part_of_the_id(
    checkpoint: Path, arguments: dict[str, Any]
) -> None:
    assert identify(checkpoint, **arguments).encoder_id != identify(checkpoint).encoder_id


def test_each_precision_has_an_id_of_its_own_and_the_first_the_one_that_it_had() -> None:
    plain = EncoderIdentity("sha256:0", {"size": 224}, 16, 2, 1, 196, 768, "rgb24/1")
    ids = {
        precision: replace(plain, precision=precision).encoder_id
        for precision in ("float32", "float16", "bfloat16")
    }
    assert ids["float32"] == "videomae-t16u2s1-da508aca974d"
    assert len(set(ids.values())) == 3


def test_strides_paths_and_shapes_never_share_an_id(checkpoint: Path, tmp_path: Path) -> None:
    folders = (checkpoint, checkpoints.save_shape("odd", tmp_path / "odd"))
    ids = [
        identify(folder, stride, path).encoder_id
        for folder in folders
        for stride in (1, 2, 12)
        for path in ("a", "b")
    ]
    assert len(set(ids)) == len(ids)


def test_the_id_is_a_short_name_that_tells_the_sampling(checkpoint: Path) -> None:
    assert re.fullmatch(r"videomae-t16u2s3-[0-9a-f]{12}", identify(checkpoint, 3).encoder_id)


def test_an_identity_survives_json_and_says_everything(checkpoint: Path) -> None:
    identity = identify(checkpoint, 3)
    stored = json.loads(json.dumps(identity.as_json()))
    assert EncoderIdentity(**stored) == identity
    assert EncoderIdentity(**stored).encoder_id == identity.encoder_id
    assert stored["checkpoint"].startswith("sha256:")
    assert stored["processor"]["backend"] == "pil"
    assert (stored["patches"], stored["width"], stored["precision"]) == (16, 48, "float32")
    assert str(checkpoint) not in json.dumps(stored)


def test_the_sketch_and_its_projection_are_part_of_the_id(checkpoint: Path) -> None:
    sketched = [
        identify_encoder(Checkpoint(str(checkpoint)), 1, "rgb24/1", patch_sketch=numbers)
        for numbers in (0, 4, 8)
    ]
    sketched.append(replace(sketched[-1], patch_projection="another"))
    assert len({identity.encoder_id for identity in sketched}) == len(sketched)
    stored = json.loads(json.dumps(sketched[1].as_json()))
    assert (stored["patch_sketch"], stored["patch_projection"]) == (4, "orthogonal/1")
    assert EncoderIdentity(**stored) == sketched[1]


def test_an_encoder_without_a_sketch_has_the_id_that_it_had_before_there_were_any() -> None:
    identity = EncoderIdentity("sha256:0", {"size": 224}, 16, 2, 1, 196, 768, "rgb24/1")
    assert not [name for name in identity.as_json() if name.startswith("patch_")]
    assert identity.encoder_id == "videomae-t16u2s1-da508aca974d"


def test_a_sketch_wider_than_the_tokens_is_refused(checkpoint: Path) -> None:
    with pytest.raises(SketchTooWideError, match="have 48 numbers"):
        identify_encoder(Checkpoint(str(checkpoint)), 1, "rgb24/1", patch_sketch=49)


def test_sizes_that_do_not_divide_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointUnusableError, match="do not divide evenly"):
        changed(checkpoint, tmp_path, edit("config.json", num_frames=15))
