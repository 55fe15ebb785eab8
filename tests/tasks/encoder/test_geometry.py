from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from transformers import VideoMAEConfig

from tasks.encoder.geometry import Geometry
from tests.checkpoints import SHAPES
from tests.footage import shared

BASE = Geometry(16, 2, 224, 16, 3, 768)


def test_videomae_base_has_the_numbers_that_its_configuration_fixes() -> None:
    geometry = Geometry.of(VideoMAEConfig.from_pretrained(shared() / "videomae-base"))
    assert geometry == BASE
    assert (geometry.tubelets, geometry.patches) == (8, 196)


@pytest.mark.parametrize(("shape", "tubelets", "patches"), [("small", 8, 16), ("odd", 4, 64)])
def test_every_number_is_read_from_the_configuration(
    shape: str, tubelets: int, patches: int
) -> None:
    settings = SHAPES[shape]
    geometry = Geometry.of(VideoMAEConfig(**settings))
    assert geometry.clip_frames == settings["num_frames"]
    assert geometry.tubelet_frames == settings["tubelet_size"]
    assert geometry.image_size == settings["image_size"]
    assert geometry.width == settings["hidden_size"]
    assert (geometry.tubelets, geometry.patches) == (tubelets, patches)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Geometry)])
@pytest.mark.parametrize("number", [0, -16, 16.0, "16", None, [16, 16]], ids=repr)
def test_numbers_that_are_no_whole_sizes_are_refused(field: str, number: Any) -> None:
    with pytest.raises(ValueError, match="whole, square sizes"):
        dataclasses.replace(BASE, **{field: number})


@pytest.mark.parametrize("change", [{"tubelet_frames": 3}, {"patch_size": 15}, {"clip_frames": 9}])
def test_clips_and_pictures_that_do_not_divide_are_refused(change: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="do not divide evenly"):
        dataclasses.replace(BASE, **change)
