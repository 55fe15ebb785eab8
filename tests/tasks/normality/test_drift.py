from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.normality.drift import Drift, distances_to_others, drift

Numbers = npt.NDArray[np.float64]
SEEDS = st.integers(0, 2**32)


def normal_videos(seed: int, num_videos: int, width: int = 60) -> tuple[Numbers, Numbers]:
    """Return frames and sums of normal videos."""
    random = np.random.default_rng(seed)
    counts = random.integers(1, 900, num_videos).astype(np.float64)
    means = random.normal(size=(num_videos, width)) + 10 * random.normal(size=width)
    return counts, means * counts[:, np.newaxis]


@given(seed=SEEDS, num_videos=st.integers(2, 12))
def test_a_videos_distance_is_that_to_the_mean_of_all_other_frames(
    seed: int, num_videos: int
) -> None:
    counts, totals = normal_videos(seed, num_videos)
    found = distances_to_others(counts, totals)
    for video in range(num_videos):
        others = np.delete(np.arange(num_videos), video)
        mean = totals[others].sum(axis=0) / counts[others].sum()
        expected = np.square(totals[video] / counts[video] - mean).mean()
        assert found[video] == pytest.approx(expected, rel=1e-9)


def test_large_means_close_to_each_other_keep_their_distance() -> None:
    counts = np.full(3, 4.0)
    means = 1e6 + 2.0**-10 * np.arange(3)[:, np.newaxis] * np.ones((1, 5))
    found = distances_to_others(counts, means * 4)
    np.testing.assert_allclose(found, np.array([1.5, 0, 1.5]) ** 2 * 2.0**-20, atol=1e-22)


def test_one_video_has_no_others() -> None:
    assert distances_to_others(np.ones(1), np.ones((1, 5))).shape == (0,)
    for distances in (np.zeros(0), np.zeros(4)):  # nor do copies say how far videos may lie
        assert drift(np.zeros(5), distances, np.ones((3, 5))) is None
    assert drift(np.zeros(5), np.ones(4), np.ones((0, 5))) is None


@pytest.mark.parametrize(
    ("shift", "normal", "videos", "ratio", "stale"),
    [
        (3, 4, 3, 2.25, True),
        (-3, 4, 5, 2.25, True),
        (2, 4, 3, 1.0, False),
        (3, 4, 2, 2.25, False),
        (3, 2, 3, 2.25, False),
        (3, 3, 3, 2.25, True),
        (0, 4, 3, 0.0, False),
    ],
)
def test_a_profile_is_stale_by_the_rule(
    shift: float, normal: int, videos: int, ratio: float, stale: bool
) -> None:
    distances = np.linspace(1, 4, normal)
    found = drift(np.ones(5), distances, np.full((videos, 5), 1.0 + shift))
    assert found == Drift(ratio, videos, stale)


def test_one_odd_video_makes_no_drift() -> None:
    means = np.ones((5, 5))
    means[0] += 1000
    assert drift(np.ones(5), np.ones(4), means) == Drift(0.0, 5, stale=False)


@pytest.mark.parametrize("num_normal", [3, 6, 10])
def test_footage_of_the_same_kind_is_stale_in_no_more_than_a_hundredth_of_draws(
    num_normal: int,
) -> None:
    random = np.random.default_rng(0)
    stale = moved = 0
    for _ in range(1000):
        normal, footage = random.normal(size=(num_normal, 60)), random.normal(size=(3, 60))
        distances = distances_to_others(np.ones(num_normal), normal)
        for shift in (0.0, 3.0):
            found = drift(normal.mean(axis=0), distances, footage + shift)
            assert found is not None
            stale += found.stale and not shift
            moved += found.stale and bool(shift)
    assert stale <= 10
    assert moved >= 990


@pytest.mark.parametrize(("ratio", "videos"), [(-1.0, 3), (np.inf, 3), (np.nan, 3), (1.0, 0)])
def test_what_is_no_drift_is_refused(ratio: float, videos: int) -> None:
    with pytest.raises(ValueError, match="finite"):
        Drift(ratio, videos, stale=False)
