from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.video.clips import Clip, ClipPlan, Sampling

SHAPES = st.sampled_from([(16, 2), (16, 4), (8, 2), (4, 1)])
PLANS = st.builds(
    lambda num_frames, shape, stride: ClipPlan(num_frames, Sampling(shape[0], shape[1], stride)),
    st.integers(1, 600),
    SHAPES,
    st.integers(1, 9),
)


def section_3(plan: ClipPlan) -> list[tuple[int, int, int]]:
    """CONTRACT section 3 word by word: each frame's (clip, start of the clip, tubelet)."""
    total, sampling = plan.num_frames, plan.sampling
    span = sampling.clip_frames * sampling.stride
    starts, a = [], 0
    while a + span <= total:
        starts.append(a)
        a += span
    if total < span:
        starts = [0]
    elif a < total:
        starts.append(total - span)
    places = []
    for f in range(total):
        clip = next(i for i, start in enumerate(starts) if start <= f < start + span)
        tubelet = (f - starts[clip]) // (sampling.tubelet_frames * sampling.stride)
        places.append((clip, starts[clip], tubelet))
    return places


def spoken(plan: ClipPlan) -> list[list[tuple[int, int, int]]]:
    """For each frame of a plan, the (clip, start, tubelet) of every span that holds it."""
    of_frame: list[list[tuple[int, int, int]]] = [[] for _ in range(plan.num_frames)]
    for clip in plan.clips():
        for tubelet, start, end in plan.tubelet_spans(clip):
            for frame in range(start, end):
                of_frame[frame].append((clip.index, clip.start, tubelet))
    return of_frame


@given(plan=PLANS)
def test_every_frame_is_in_exactly_the_one_tubelet_that_section_3_names(plan: ClipPlan) -> None:
    assert spoken(plan) == [[place] for place in section_3(plan)]


@given(plan=PLANS)
def test_samples_are_every_stride_th_frame_and_never_behind_the_last(plan: ClipPlan) -> None:
    sampling = plan.sampling
    for clip in plan.clips():
        samples = plan.samples(clip)
        expected = [
            min(clip.start + k * sampling.stride, plan.num_frames - 1)
            for k in range(sampling.clip_frames)
        ]
        assert samples.tolist() == expected
        assert samples.dtype == np.int64


@given(plan=PLANS)
def test_a_tubelet_that_speaks_for_a_frame_has_sampled_the_video_there(plan: ClipPlan) -> None:
    width, u = plan.sampling.tubelet_span, plan.sampling.tubelet_frames
    for clip in plan.clips():
        samples = plan.samples(clip)
        for tubelet, start, end in plan.tubelet_spans(clip):
            seen = samples[tubelet * u : (tubelet + 1) * u]
            assert end - start <= width
            assert seen[0] <= end - 1
            assert seen[0] >= start - width + 1


@given(plan=PLANS, data=st.data())
def test_clips_asked_for_one_by_one_or_in_a_run_are_the_same(
    plan: ClipPlan, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(plan)))
    end = data.draw(st.integers(first, len(plan)))
    every = list(plan.clips())
    assert len(every) == len(plan)
    assert list(plan.clips(first, end)) == every[first:end]
    assert list(plan.clips(first)) == every[first:]


@pytest.mark.parametrize(
    ("num_frames", "stride", "clips"),
    [
        pytest.param(1, 1, [(0, 0, 1)], id="one frame"),
        pytest.param(15, 1, [(0, 0, 15)], id="N < T"),
        pytest.param(16, 1, [(0, 0, 16)], id="N = T"),
        pytest.param(17, 1, [(0, 0, 16), (1, 16, 17)], id="N = T + 1"),
        pytest.param(37, 1, [(0, 0, 16), (16, 16, 32), (21, 32, 37)], id="odd leftover"),
        pytest.param(48, 1, [(0, 0, 16), (16, 16, 32), (32, 32, 48)], id="no leftover"),
        pytest.param(17, 3, [(0, 0, 17)], id="T < N < span"),
        pytest.param(48, 3, [(0, 0, 48)], id="N = span"),
        pytest.param(49, 3, [(0, 0, 48), (1, 48, 49)], id="N = span + 1"),
    ],
)
def test_clips_start_and_speak_as_tabulated(
    num_frames: int, stride: int, clips: list[tuple[int, int, int]]
) -> None:
    plan = ClipPlan(num_frames, Sampling(16, 2, stride))
    found = [(clip.start, clip.frame_start, clip.frame_end) for clip in plan.clips()]
    assert found == clips


def test_a_leftover_clip_gives_only_the_tubelets_that_speak_for_a_frame() -> None:
    plan = ClipPlan(37, Sampling(16, 2))
    assert list(plan.tubelet_spans(plan.clip(2))) == [(5, 32, 33), (6, 33, 35), (7, 35, 37)]


def test_a_short_video_repeats_its_last_frame() -> None:
    plan = ClipPlan(3, Sampling(8, 2, 2))
    assert plan.samples(plan.clip(0)).tolist() == [0, 2, 2, 2, 2, 2, 2, 2]
    assert list(plan.tubelet_spans(plan.clip(0))) == [(0, 0, 3)]


@pytest.mark.parametrize("numbers", [(0, 1, 1), (16, 0, 1), (16, 2, 0), (16, 3, 1), (-2, 2, 1)])
def test_a_sampling_that_does_not_divide_is_refused(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"counts from 1|does not divide"):
        Sampling(*numbers)


def test_a_video_without_frames_has_no_plan() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        ClipPlan(0, Sampling(16, 2))


@pytest.mark.parametrize("numbers", [(-1, 0, 1), (5, 4, 9), (0, 3, 3)])
def test_a_clip_never_speaks_for_frames_before_its_start(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="at or behind its start"):
        Clip(0, *numbers)
