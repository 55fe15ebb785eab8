from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tasks.video.clips import ClipPlan, Sampling
from tasks.video.parts import (
    ROWS_PER_PART,
    SKETCH_BYTES_PER_PART,
    PartPlan,
    rows_per_part,
)

PARTS = st.builds(
    lambda num_frames, stride, rows: PartPlan(ClipPlan(num_frames, Sampling(16, 2, stride)), rows),
    st.integers(1, 5000),
    st.integers(1, 5),
    st.integers(1, 200),
)


@given(parts=PARTS)
def test_every_clip_is_in_exactly_one_part_and_in_order(parts: PartPlan) -> None:
    clips = [index for part in range(len(parts)) for index in parts.clips(part)]
    assert clips == list(range(len(parts.plan)))


@given(parts=PARTS)
def test_no_part_is_empty_and_none_has_more_rows_than_allowed(parts: PartPlan) -> None:
    tubelets = parts.plan.sampling.tubelets
    for part in range(len(parts)):
        # One clip is the least that a part can hold, however few rows are allowed.
        assert 1 <= len(parts.clips(part)) <= max(1, parts.rows_per_part // tubelets)


def test_a_day_of_video_at_videomae_bases_sampling_has_parts_of_512_clips() -> None:
    parts = PartPlan(ClipPlan(25 * 86400, Sampling(16, 2)))
    assert len(parts) == 264
    assert {len(parts.clips(part)) for part in range(len(parts) - 1)} == {512}


def test_parts_are_as_they_were_unless_sketches_are_wide() -> None:
    assert {rows_per_part(196, numbers) for numbers in (0, 8, 16, 32)} == {ROWS_PER_PART}
    assert rows_per_part(0, 0) == ROWS_PER_PART
    for numbers in (64, 1024):
        rows = rows_per_part(196, numbers)
        assert 0 < rows < ROWS_PER_PART
        assert rows * 2 * 196 * numbers <= SKETCH_BYTES_PER_PART
