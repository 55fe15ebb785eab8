"""Clips that show what an earlier one shows are found, and no others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.stillness import CHECKED, Repetition, Repetitions, block_means

Pictures = list[npt.NDArray[np.uint8]]
SIDE = 8


def room(level: int = 100, seed: int = 0, noise: float = 0.0) -> Pictures:
    """Return 16 pictures of a grey room, with a sensor's noise of so many grey levels."""
    rng = np.random.default_rng(seed)
    pictures = level + noise * rng.standard_normal((16, 32, 32, 3))
    return list(pictures.round().clip(0, 255).astype(np.uint8))


def with_something(pictures: Pictures, level: int) -> Pictures:
    """Return pictures in the last of which a block has another grey level."""
    changed = [picture.copy() for picture in pictures]
    changed[-1][SIDE : 2 * SIDE, :SIDE] = level
    return changed


def test_only_the_same_bits_are_a_repetition_unless_more_is_allowed() -> None:
    repetitions = Repetitions(0.0, SIDE)
    assert repetitions.find(0, 0, room()) is None
    assert repetitions.find(0, 1, room()) == Repetition(0, is_checked=False)
    assert repetitions.find(0, 2, with_something(room(), 101)) is None
    assert repetitions.find(0, 3, room()) is None, "it is held against the last that was encoded"


def test_noise_is_still_and_what_moves_is_not() -> None:
    repetitions = Repetitions(5.0, SIDE)
    assert repetitions.find(0, 0, room(noise=5, seed=0)) is None
    assert repetitions.find(0, 1, room(noise=5, seed=1)) == Repetition(0, is_checked=True)
    assert repetitions.find(0, 2, with_something(room(noise=5, seed=2), 110)) is None
    assert repetitions.find(0, 3, with_something(room(noise=5, seed=3), 110)) is not None


def test_what_changes_slowly_does_not_creep_by() -> None:
    repetitions = Repetitions(2.0, SIDE)
    encoded = [clip for clip in range(9) if repetitions.find(0, clip, room(100 + clip)) is None]
    assert encoded == [0, 4, 7], "1 is checked, and stands for the next"


def test_a_part_hangs_on_no_other() -> None:
    repetitions = Repetitions(2.0, SIDE)
    assert repetitions.find(0, 0, room()) is None
    assert repetitions.find(1, 1, room()) is None
    assert repetitions.find(1, 2, room()) == Repetition(1, is_checked=False)


def test_some_are_encoded_all_the_same_and_stand_for_the_next() -> None:
    repetitions = Repetitions(5.0, SIDE)
    found = [repetitions.find(0, clip, room(noise=3, seed=clip)) for clip in range(2 * CHECKED + 2)]
    assert found[0] is None
    checked = [clip for clip, one in enumerate(found) if one is not None and one.is_checked]
    assert checked == [1, 1 + CHECKED, 1 + 2 * CHECKED]
    assert found[CHECKED + 2] == Repetition(CHECKED + 1, is_checked=False)


def test_short_stretches_have_a_share_in_the_checks_of_their_part() -> None:
    repetitions = Repetitions(5.0, SIDE)
    levels = [100 + 50 * (clip // 5 % 2) for clip in range(100)]  # five clips of each
    found = [repetitions.find(0, clip, room(level)) for clip, level in enumerate(levels)]
    assert not any(one is not None and one.is_checked for one in found), "to the last bit the same"
    repetitions = Repetitions(5.0, SIDE)
    pictures = (room(level, noise=3, seed=clip) for clip, level in enumerate(levels))
    noisy = [repetitions.find(0, clip, one) for clip, one in enumerate(pictures)]
    assert [clip for clip in range(100) if noisy[clip] is None] == list(range(0, 100, 5))
    assert sum(one is not None and one.is_checked for one in noisy) == 80 // CHECKED
    part = [repetitions.find(1, clip, room(noise=3, seed=clip)) for clip in range(CHECKED)]
    checked = [clip for clip, one in enumerate(part) if one is not None and one.is_checked]
    assert checked == [1], "a part counts its own alone"


def test_pixels_that_are_no_grey_levels_are_a_repetition_only_bit_for_bit() -> None:
    repetitions = Repetitions(255.0, SIDE)
    pixels = [np.zeros((3, 32, 32), np.float32)] * 16
    assert repetitions.find(0, 0, pixels) is None
    assert repetitions.find(0, 1, pixels) == Repetition(0, is_checked=False)
    assert repetitions.find(0, 2, [picture + np.float32(1) for picture in pixels]) is None


@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 99))
def test_a_block_is_the_mean_of_its_pixels(rows: int, columns: int, seed: int) -> None:
    shape = (2, rows * SIDE, columns * SIDE, 3)
    pictures = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    means = block_means(pictures, SIDE)
    assert means.shape == (2, rows, columns, 3)
    block = pictures[1, (rows - 1) * SIDE :, :SIDE, 2]
    assert means[1, rows - 1, 0, 2] == pytest.approx(block.mean(), rel=1e-6)
