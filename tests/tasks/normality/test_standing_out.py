from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.normality.standing_out import StandingOut, standing_out

Numbers = npt.NDArray[np.float64]
SEEDS = st.integers(0, 2**32)


def means(seed: int, num_videos: int, width: int = 60) -> Numbers:
    random = np.random.default_rng(seed)
    return random.normal(size=(num_videos, width)) + 10 * random.normal(size=width)


@pytest.mark.parametrize("num_videos", [4, 5, 8, 30])
@pytest.mark.parametrize("directions", [10, 60])
def test_gaussian_means_are_named_in_less_than_a_hundredth_of_draws(
    num_videos: int, directions: int
) -> None:
    random = np.random.default_rng(0)
    named = 0
    for _ in range(1000):
        found = random.normal(size=(num_videos, directions)) @ random.normal(size=(directions, 60))
        judged = standing_out(found)
        assert judged is not None
        named += bool(judged.stands_out.any())
    assert named <= 10


@given(seed=SEEDS, num_videos=st.integers(4, 40), data=st.data())
def test_a_video_that_does_not_belong_is_named_and_no_other(
    seed: int, num_videos: int, data: st.DataObject
) -> None:
    known = means(seed, num_videos)
    odd = data.draw(st.integers(0, num_videos - 1))
    known[odd] += 12
    judged = standing_out(known)
    assert judged is not None
    assert np.flatnonzero(judged.stands_out).tolist() == [odd]
    assert int(judged.ratios.argmax()) == odd


@given(seed=SEEDS, num_videos=st.integers(4, 40), shift=st.floats(0, 20))
def test_the_order_of_videos_does_not_matter(seed: int, num_videos: int, shift: float) -> None:
    known = means(seed, num_videos)
    known[0] += shift
    order = np.random.default_rng(seed).permutation(num_videos)
    one, other = standing_out(known), standing_out(known[order])
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(other.distances, one.distances[order])
    assert (other.usual, other.limit) == (one.usual, one.limit)


@given(seed=SEEDS, factor=st.floats(1e-3, 1e3))
def test_ratios_do_not_depend_on_the_unit(seed: int, factor: float) -> None:
    one, other = (standing_out(means(seed, 9) * each) for each in (1.0, factor))
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(other.ratios, one.ratios, rtol=1e-9)


def test_nearly_half_of_the_videos_may_be_of_another_place() -> None:
    known = means(0, 20)
    known[:9] += np.random.default_rng(1).normal(size=60) * 100
    judged = standing_out(known)
    assert judged is not None
    assert np.flatnonzero(judged.stands_out).tolist() == list(range(9))


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
@pytest.mark.parametrize(("part", "named"), [(0.0, []), (1e-9, []), (1.0, [2])])
def test_copies_do_not_stand_out_but_what_float32_can_tell_from_them_does(
    value: float, part: float, named: list[int]
) -> None:
    known = np.full((6, 60), value)
    known[2] += part * (value or float(part == 1))
    judged = standing_out(known)
    assert judged is not None
    assert np.flatnonzero(judged.stands_out).tolist() == named
    assert np.isfinite(judged.ratios).all()


def test_of_three_videos_none_can_be_judged() -> None:
    assert standing_out(means(0, 3)) is None
    assert standing_out(means(0, 4)) is not None


def test_a_limit_is_never_below_what_is_usual() -> None:
    with pytest.raises(ValueError, match="usual <= limit"):
        StandingOut(np.zeros(4), 2.0, 1.0)
