import re

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tasks.report.timeline import CHART_HEIGHT, CHART_WIDTH, Timeline, draw, timeline_of

Frames = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]

TIMES = st.floats(-1e6, 1e6)
FRAMES = hnp.array_shapes(max_dims=1, min_side=1, max_side=50).flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.float64, shape, elements=TIMES),
        hnp.arrays(np.float64, shape, elements=st.floats(0, 1e300)),
    )
)


@given(frames=FRAMES, bins=st.integers(1, 20))
def test_no_score_is_higher_than_the_peak_of_the_stretch_that_holds_it(
    frames: Frames, bins: int
) -> None:
    times_s, scores = frames
    timeline = timeline_of(times_s, scores, bins)
    assert timeline.peaks.size <= bins
    assert timeline.peak == scores.max()
    assert set(timeline.peaks) <= set(scores)
    assert (timeline.edges_s[0], timeline.edges_s[-1]) == (times_s.min(), times_s.max())
    # Both stretches that meet at an edge may hold the frame; equal times make empty ones between.
    first = np.searchsorted(timeline.edges_s, times_s, "left") - 1
    last = np.searchsorted(timeline.edges_s, times_s, "right") - 1
    for score, low, high in zip(scores, first, last, strict=True):
        assert score <= timeline.peaks[max(low, 0) : high + 1].max()


@given(frames=FRAMES, bins=st.integers(1, 20), data=st.data())
def test_the_order_in_which_frames_come_changes_nothing(
    frames: Frames, bins: int, data: st.DataObject
) -> None:
    times_s, scores = frames
    order = np.array(data.draw(st.permutations(range(times_s.size))))
    one, other = (
        timeline_of(times_s, scores, bins),
        timeline_of(times_s[order], scores[order], bins),
    )
    np.testing.assert_array_equal(one.edges_s, other.edges_s)
    np.testing.assert_array_equal(one.peaks, other.peaks)


def test_a_single_spike_among_millions_survives() -> None:
    scores = np.zeros(2_000_000)
    scores[1_234_567] = 5.0
    timeline = timeline_of(np.arange(scores.size) / 25, scores)
    assert timeline.peaks.size == 600
    assert np.flatnonzero(timeline.peaks).tolist() == [1_234_567 * 600 // 2_000_000]


def test_a_gap_belongs_to_the_frames_before_it() -> None:
    timeline = timeline_of(np.array([0.0, 1.0, 99.0, 100.0]), np.array([1.0, 2.0, 3.0, 4.0]), 10)
    assert timeline.edges_s.tolist() == [0.0, 99.0, 100.0]
    assert timeline.peaks.tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("times_s", "scores", "bins"),
    [
        ([], [], 5),
        ([0.0], [1.0, 2.0], 5),
        ([0.0], [1.0], 0),
        ([0.0], [np.nan], 5),
        ([np.nan], [1.0], 5),
    ],
    ids=["no frame", "shapes differ", "no bin", "score is NaN", "time is NaN"],
)
def test_refuses_what_it_cannot_show_whole(
    times_s: list[float], scores: list[float], bins: int
) -> None:
    with pytest.raises(ValueError, match=r"got|NaN|finite"):
        timeline_of(np.array(times_s), np.array(scores), bins)


@pytest.mark.parametrize(
    ("edges_s", "peaks"),
    [([0.0], []), ([0.0, 1.0], [1.0, 2.0]), ([1.0, 0.0], [1.0])],
    ids=["no bin", "edge missing", "edges fall"],
)
def test_a_timeline_without_its_invariant_cannot_be_made(
    edges_s: list[float], peaks: list[float]
) -> None:
    with pytest.raises(ValueError, match=r"edge|bin"):
        Timeline(np.array(edges_s), np.array(peaks))


@given(
    frames=FRAMES,
    threshold=st.one_of(st.just(0.0), st.floats(0, 1e300), st.just(float("inf"))),
    duration_s=st.floats(0, 1e6),
    data=st.data(),
)
def test_everything_drawn_lies_on_the_canvas(
    frames: Frames, threshold: float, duration_s: float, data: st.DataObject
) -> None:
    times_s, scores = frames
    frame = st.sampled_from(times_s.tolist())
    spans_s = [(min(span), max(span)) for span in data.draw(st.lists(st.tuples(frame, frame)))]
    chart = draw(timeline_of(times_s, scores, 20), threshold, spans_s, duration_s)
    across = [float(x) for x in re.findall(r"[MH]([-\d.e+]+)", chart.outline)]
    down = [float(y) for y in re.findall(r"V([-\d.e+]+)", chart.outline)]
    assert across == sorted(across)
    assert 0 <= min(across) <= max(across) == CHART_WIDTH
    assert 0 <= min(down) <= max(down) == CHART_HEIGHT
    assert 0 <= chart.threshold_y <= CHART_HEIGHT
    assert all(left >= 0 and left + width <= CHART_WIDTH + 0.1 for left, width in chart.bands)


@pytest.mark.parametrize(
    ("scores", "threshold", "outline", "threshold_y"),
    [
        ([2.0, 4.0], 3.0, "M0 200V116.7H500V33.3H1000V200Z", 75.0),
        ([3.0, 3.0], 3.0, "M0 200V33.3H500V33.3H1000V200Z", 33.3),
        ([0.0, 0.0], 0.0, "M0 200V200H500V200H1000V200Z", 200.0),
        ([0.001, 0.0], 1e6, "M0 200V200H500V200H1000V200Z", 33.3),
        ([np.inf, 1.0], 1.0, "M0 200V0H500V33.3H1000V200Z", 33.3),
    ],
    ids=["plain", "constant", "all zero", "threshold far above", "infinite score"],
)
def test_the_score_axis_is_linear_from_zero(
    scores: list[float], threshold: float, outline: str, threshold_y: float
) -> None:
    chart = draw(timeline_of(np.array([0.0, 1.0]), np.array(scores)), threshold, [], 2.0)
    assert (chart.outline, chart.threshold_y) == (outline, threshold_y)


def test_one_frame_of_unknown_length_fills_the_canvas() -> None:
    chart = draw(timeline_of(np.array([7.0]), np.array([1.0])), 2.0, [(7.0, 7.0)], 0.0)
    assert chart.outline == "M0 200V116.7H1000V200Z"
    assert chart.bands == ((0.0, 4.0),)
    assert (chart.start_s, chart.end_s) == (7.0, 8.0)


def test_an_event_on_the_last_frame_is_still_wide_enough_to_see() -> None:
    chart = draw(
        timeline_of(np.array([0.0, 9999.0]), np.ones(2)), 0.5, [(9999.0, 10000.0)], 10000.0
    )
    assert chart.bands == ((996.0, 4.0),)
