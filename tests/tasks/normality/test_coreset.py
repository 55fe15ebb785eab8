from __future__ import annotations

from functools import reduce

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.normality.coreset import Sample, coreset, row_keys

LIMIT = 10
KNOWN_KEYS = [
    7396180939390250511,
    16194458018681453193,
    15917423469710749021,
]  # by a plain loop over SplitMix64


def rows_of(video_id: str, num_rows: int) -> npt.NDArray[np.float32]:
    """Return rows that say whose they are."""
    seed = int.from_bytes(video_id.encode(), "little")
    return np.random.default_rng(seed).normal(size=(num_rows, 3)).astype(np.float32)


def sample_of(video_id: str, num_rows: int, part: slice = slice(None)) -> Sample:
    starts = 2 * np.arange(num_rows)
    return Sample.of(rows_of(video_id, num_rows)[part], starts[part], video_id, limit=LIMIT)


def assert_same(one: Sample, other: Sample) -> None:
    for name in ("keys", "rows", "owners"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


VIDEOS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 30), min_size=1)


@given(videos=VIDEOS, data=st.data())
def test_the_same_rows_are_chosen_whatever_their_order_split_and_nesting(
    videos: dict[str, int], data: st.DataObject
) -> None:
    expected = reduce(Sample.merge, (sample_of(*video) for video in videos.items()))
    parts = []
    for name, height in videos.items():
        cut = data.draw(st.integers(0, height))
        parts += [sample_of(name, height, part) for part in (slice(cut), slice(cut, None))]
    parts = data.draw(st.permutations(parts))
    while len(parts) > 1:
        one = parts.pop(data.draw(st.integers(0, len(parts) - 1)))
        other = parts.pop(data.draw(st.integers(0, len(parts) - 1)))
        parts.append(one.merge(other))
    assert_same(parts[0], expected)
    assert_same(expected.merge(expected), expected)
    assert len(expected.keys) == min(LIMIT, sum(videos.values()))
    for row, owner in zip(expected.rows, expected.owners, strict=True):
        assert (rows_of(owner, videos[owner]) == row).all(axis=1).any()


@given(videos=VIDEOS)
def test_a_sample_holds_the_lowest_keys_of_all(videos: dict[str, int]) -> None:
    merged = reduce(Sample.merge, (sample_of(*video) for video in videos.items()))
    every = [row_keys(name, 2 * np.arange(height)) for name, height in videos.items()]
    np.testing.assert_array_equal(merged.keys, np.sort(np.concatenate(every))[:LIMIT])


@given(videos=VIDEOS, data=st.data())
def test_without_a_video_a_part_of_the_others_sample_is_left(
    videos: dict[str, int], data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(sorted(videos)))
    merged = reduce(Sample.merge, (sample_of(*video) for video in videos.items()))
    rest = merged.without(gone)
    assert gone not in rest.owners
    assert len(rest.keys) == (merged.owners != gone).sum()
    others = [sample_of(*video) for video in videos.items() if video[0] != gone]
    if others:
        expected = reduce(Sample.merge, others)
        np.testing.assert_array_equal(rest.keys, expected.keys[: len(rest.keys)])
    if sum(videos.values()) <= LIMIT and others:
        assert_same(rest, reduce(Sample.merge, others))


def test_keys_are_the_same_on_every_machine_and_differ_between_videos() -> None:
    keys = row_keys("one", np.array([0, 2, 4]))
    assert keys.dtype == np.uint64
    assert keys.tolist() == KNOWN_KEYS
    other = row_keys("two", np.arange(0, 100_000, 2))
    assert len(np.unique(other)) == 50_000
    assert not np.isin(keys, other).any()


def test_every_part_of_a_video_is_as_likely_to_be_chosen() -> None:
    keys = np.concatenate([row_keys(f"video {i}", np.arange(0, 2000, 2)) for i in range(50)])
    chosen = np.argsort(keys)[:5000] % 1000  # which tubelet of its video
    counts = np.histogram(chosen, bins=10, range=(0, 1000))[0]
    assert np.abs(counts - 500).max() < 100  # 4.7 standard deviations
    assert abs(float(keys.astype(np.float64).mean()) / 2**63 - 1) < 0.01


def plain_coreset(rows: npt.NDArray[np.float64], size: int) -> list[int]:
    chosen = [0]
    while len(chosen) < min(size, len(rows)):
        squares = np.square(rows[:, np.newaxis] - rows[chosen]).sum(axis=2).min(axis=1)
        chosen.append(int(squares.argmax()))
    return chosen


@pytest.mark.parametrize("size", [1, 2, 9, 60, 100])
def test_a_coreset_takes_the_farthest_row_again_and_again(size: int) -> None:
    sample = Sample.of(rows_of("a", 60), np.arange(60), "a")
    chosen = coreset(sample, size)
    assert chosen.tolist() == plain_coreset(sample.rows.astype(np.float64), size)
    np.testing.assert_array_equal(coreset(sample, 60)[: len(chosen)], chosen)


def test_copies_are_chosen_once() -> None:
    rows = np.repeat(rows_of("a", 5), 8, axis=0)
    sample = Sample.of(rows, np.arange(40), "a")
    assert len(coreset(sample, 20)) == 5


def test_a_coreset_covers_what_is_rare() -> None:
    rows = np.zeros((4000, 3), dtype=np.float32) + rows_of("a", 4000) / 100
    rows[1234] = 9
    sample = Sample.of(rows, np.arange(4000), "a")
    assert (sample.rows[coreset(sample, 4)] == 9).all(axis=1).any()


def test_what_is_no_sample_is_refused() -> None:
    keys = np.array([1, 2], dtype=np.uint64)
    rows, owners = np.zeros((2, 3), dtype=np.float32), np.array(["a", "b"])
    with pytest.raises(ValueError, match="ascend"):
        Sample(keys[::-1], rows, owners)
    with pytest.raises(ValueError, match="at most 1"):
        Sample(keys, rows, owners, limit=1)
    with pytest.raises(ValueError, match="do not add up"):
        Sample(keys, rows, owners).merge(Sample(keys, rows, owners, limit=2))
    with pytest.raises(ValueError, match="not defined"):
        coreset(Sample(keys[:0], rows[:0], owners[:0]), 3)
