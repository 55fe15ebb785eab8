from __future__ import annotations

import weakref
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from tasks.video.assembly import assemble_clips, frames_needed
from tasks.video.clips import Clip, ClipPlan, Sampling

PLANS = st.builds(
    lambda num_frames, shape, stride: ClipPlan(num_frames, Sampling(shape[0], shape[1], stride)),
    st.integers(1, 300),
    st.sampled_from([(16, 2), (16, 4), (8, 2), (4, 1)]),
    st.integers(1, 6),
)


class Picture:
    """Stands for the pixels of a frame; how many are alive can be counted."""

    def __init__(self, frame: int) -> None:
        self.frame = frame


class Film:
    """Hands over the pictures of some frames and counts those that are still held."""

    def __init__(self, frames: list[int]) -> None:
        self.frames = frames
        self.given: list[int] = []
        self.alive: weakref.WeakSet[Picture] = weakref.WeakSet()
        self.most = 0
        self.is_over = False

    def pictures(self) -> Iterator[tuple[int, Picture]]:
        for frame in self.frames:
            picture = Picture(frame)
            self.alive.add(picture)
            self.given.append(frame)
            self.most = max(self.most, len(self.alive))
            yield frame, picture
            del picture
        self.is_over = True


def some_clips(plan: ClipPlan, data: st.DataObject) -> list[Clip]:
    """Any clips of a plan in order, as a run finds them missing after it was killed."""
    every = list(plan.clips())
    return data.draw(
        st.lists(st.sampled_from(every), min_size=1, unique=True).map(
            lambda clips: sorted(clips, key=lambda clip: clip.index)
        )
    )


@given(plan=PLANS, data=st.data())
def test_each_clip_comes_with_the_pictures_of_its_samples(
    plan: ClipPlan, data: st.DataObject
) -> None:
    clips = some_clips(plan, data)
    film = Film(frames_needed(plan, clips).tolist())
    assembled = [
        (clip, [picture.frame for picture in pictures])
        for clip, pictures in assemble_clips(film.pictures(), plan, clips)
    ]
    assert assembled == [(clip, plan.samples(clip).tolist()) for clip in clips]
    assert film.given == film.frames
    assert film.is_over, "what is left before its end has its child ended"


@given(plan=PLANS, data=st.data())
def test_each_frame_is_asked_for_once_and_no_frame_that_no_clip_samples(
    plan: ClipPlan, data: st.DataObject
) -> None:
    clips = some_clips(plan, data)
    wanted = {frame for clip in clips for frame in plan.samples(clip).tolist()}
    assert frames_needed(plan, clips).tolist() == sorted(wanted)


@given(plan=PLANS, data=st.data())
def test_the_pictures_of_two_clips_at_most_are_held(plan: ClipPlan, data: st.DataObject) -> None:
    clips = some_clips(plan, data)
    film = Film(frames_needed(plan, clips).tolist())
    for _clip, pictures in assemble_clips(film.pictures(), plan, clips):
        del pictures
    assert film.most <= 2 * plan.sampling.clip_frames
    assert not film.alive
