from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.encoder.batch_size import MOST, clips_that_fit, find_batch_size
from tasks.encoder.checkpoint import Checkpoint
from tasks.encoder.videomae import load_encoder
from tests.checkpoints import save_shape

MIB = 2**20


@pytest.mark.parametrize(
    ("clip_mib", "room_mib", "clips"),
    [
        pytest.param(100, 70_000, MOST, id="a large card takes what fills it"),
        pytest.param(100, 3_199, 16, id="one byte less than for 32"),
        pytest.param(100, 3_200, 32, id="just enough for 32"),
        pytest.param(100, 50, 1, id="not even one: tried all the same"),
        pytest.param(100, -500, 1, id="the model alone takes more than its share"),
        pytest.param(0, 100, MOST, id="a clip that takes nothing"),
    ],
)
def test_a_batch_is_what_fits(clip_mib: int, room_mib: int, clips: int) -> None:
    assert clips_that_fit(clip_mib * MIB, room_mib * MIB) == clips


@given(
    clip=st.integers(1, 2**34),
    room=st.integers(-(2**30), 2**38),
    most=st.sampled_from([1, 2, 32, 4096]),
)
def test_a_batch_is_a_power_of_two_that_fits_and_its_double_does_not(
    clip: int, room: int, most: int
) -> None:
    clips = clips_that_fit(clip, room, most)
    assert clips.bit_count() == 1
    assert clips <= most
    assert clips == 1 or clips * clip <= room
    assert clips == most or 2 * clips * clip > room


def test_where_memory_cannot_be_asked_for_it_is_what_fills_a_gpu(tmp_path: Path) -> None:
    encoder = load_encoder(Checkpoint(str(save_shape("small", tmp_path / "small"))), "cpu")
    assert find_batch_size(encoder, 8) == MOST
