from __future__ import annotations

import numpy as np
import pytest

from tasks.encoder.errors import CheckpointUnusableError, SketchTooWideError
from tasks.encoder.sketch import projection, rounded_sketch

# Of (768, 16), by row and column: every shard that was written with it needs it as it is.
FIXED = {
    (0, 0): 0.06340670391293357,
    (1, 0): 0.014383161411034281,
    (767, 0): 0.0006929738951559957,
    (0, 7): -0.0066346835484804275,
    (400, 8): 0.025253337589900095,
    (0, 15): -0.008880303066195352,
    (767, 15): 0.02436095316942189,
}
SHAPES = [(1, 1), (48, 16), (60, 60), (768, 16)]


@pytest.mark.parametrize(("width", "numbers"), SHAPES)
def test_the_columns_are_orthonormal(width: int, numbers: int) -> None:
    fixed = projection(width, numbers)
    assert fixed.shape == (width, numbers)
    np.testing.assert_allclose(fixed.T @ fixed, np.eye(numbers), rtol=0, atol=1e-13)


def test_the_projection_is_fixed_for_ever() -> None:
    found = {place: projection(768, 16)[place] for place in FIXED}
    assert found == pytest.approx(FIXED, rel=0, abs=1e-12)


def test_a_narrower_projection_is_the_start_of_a_wider_one() -> None:
    wide = projection(192, 32)
    for numbers in (1, 4, 16):
        np.testing.assert_allclose(projection(192, numbers), wide[:, :numbers], rtol=0, atol=1e-13)


def test_a_projection_cannot_be_changed_by_who_uses_it() -> None:
    with pytest.raises(ValueError, match="read-only"):
        projection(8, 2)[0, 0] = 1


def test_a_sketch_of_more_numbers_than_a_token_has_is_refused() -> None:
    with pytest.raises(SketchTooWideError, match=r"--patch-sketch 49.*have 48 numbers"):
        projection(48, 49)


def test_numbers_are_rounded_to_the_nearest_of_float16() -> None:
    values = np.array([1 / 3, -65504, 1e-8, 2049], dtype=np.float32)
    assert rounded_sketch(values).tolist() == values.astype(np.float16).tolist()


@pytest.mark.parametrize(
    ("value", "words"),
    [(7e4, "up to 7e.04.*--patch-sketch 0"), (np.nan, "no finite"), (-np.inf, "no finite")],
)
def test_what_float16_cannot_hold_is_refused(value: float, words: str) -> None:
    with pytest.raises(CheckpointUnusableError, match=words):
        rounded_sketch(np.array([0, value], dtype=np.float32))
