import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tasks.normality.events import Event, find_events

Scores = npt.NDArray[np.float64]
Flagged = npt.NDArray[np.bool_]
# Few different numbers as well, so that peaks are tied.
SCORES = st.floats(0, 1e9) | st.sampled_from([0.0, 0.5, 1 / 3])
FRAMES = st.integers(0, 40).flatmap(
    lambda height: st.tuples(
        hnp.arrays(np.float64, height, elements=SCORES), hnp.arrays(np.bool_, height)
    )
)


@given(frames=FRAMES)
def test_events_are_the_maximal_stretches_of_flagged_frames_in_order(
    frames: tuple[Scores, Flagged],
) -> None:
    scores, flagged = frames
    events = list(find_events(scores, flagged))
    covered = [frame for event in events for frame in range(event.frame_start, event.frame_end)]
    assert covered == np.flatnonzero(flagged).tolist()
    for before, after in pairwise(events):
        assert before.frame_end < after.frame_start


@given(frames=FRAMES)
def test_an_event_tells_its_first_highest_frame_and_its_mean(
    frames: tuple[Scores, Flagged],
) -> None:
    scores, flagged = frames
    for event in find_events(scores, flagged):
        stretch = scores[event.frame_start : event.frame_end].tolist()
        assert event.peak_score == max(stretch)
        assert event.peak_frame == event.frame_start + stretch.index(event.peak_score)
        assert event.mean_score == pytest.approx(math.fsum(stretch) / len(stretch), rel=1e-14)


@pytest.mark.parametrize(
    ("flagged", "spans"),
    [
        ("", []),
        ("....", []),
        ("xxxx", [(0, 4)]),
        ("x", [(0, 1)]),
        ("x.x.x", [(0, 1), (2, 3), (4, 5)]),
        (".xx..xxx.", [(1, 3), (5, 8)]),
    ],
)
def test_stretches_are_half_open(flagged: str, spans: list[tuple[int, int]]) -> None:
    frames = np.array([mark == "x" for mark in flagged], dtype=np.bool_)
    events = find_events(np.ones(len(flagged)), frames)
    assert [(event.frame_start, event.frame_end) for event in events] == spans


@pytest.mark.parametrize(("start", "end", "peak"), [(2, 4, 1), (2, 4, 4), (2, 2, 2), (3, 2, 2)])
def test_a_peak_lies_within_its_event(start: int, end: int, peak: int) -> None:
    with pytest.raises(ValueError, match="peak"):
        Event(start, end, peak, 1.0, 1.0)
