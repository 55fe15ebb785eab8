"""What a budget means: calibrated on one stretch of footage, it is kept on another."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks.normality.event_counts import EventCurve, count_events
from tasks.normality.events import MERGED, RAW, EventRule, find_events
from tasks.normality.recurrence import LEAST_EVENTS, LONGEST_DAYS, Calibration, Recurrence
from tasks.normality.series import Counts, ScoreSeries
from tests.tasks.normality.score_streams import (
    RULES,
    Floats,
    bursts,
    exponential,
    gaussian,
    series,
    steady,
)

VIDEOS = st.lists(series(), min_size=1, max_size=3).filter(lambda found: any(map(len, found)))
Stream = Callable[[int, float], Floats]
SEEDS = 30


def recurrence(scores: Floats, rule: EventRule = MERGED) -> Recurrence:
    return Recurrence(Calibration([steady(scores)]), rule)


@cache
def later(stream: Stream) -> EventCurve:
    """Return what each threshold gives on ten days that no threshold was calibrated on."""
    return EventCurve.of([steady(stream(999, 10))], MERGED)


@given(videos=VIDEOS, rule=RULES.map(lambda rule: replace(rule, smooth_s=0.0)))
def test_a_curve_counts_what_is_found(videos: list[ScoreSeries], rule: EventRule) -> None:
    curve = EventCurve.of(videos, rule)
    counts = [sum(len(find_events(v, level, rule)) for v in videos) for level in curve.levels]
    assert curve.counts.tolist() == counts
    lowest, highest = (of(np.concatenate([v.scores for v in videos])) for of in (np.min, np.max))
    assert (curve.levels[0], curve.levels[-1]) == (lowest, highest)


@example(videos=[steady(np.array([-1.0, -2.0]))], gap_s=0.0, allowed=1)
@given(videos=VIDEOS, gap_s=st.sampled_from([0.0, 1.0, 5.0]), allowed=st.integers(0, 6))
def test_no_threshold_from_the_lowest_on_gives_more_than_allowed_and_the_next_below_does(
    videos: list[ScoreSeries], gap_s: float, allowed: int
) -> None:
    rule = EventRule(merge_gap_s=gap_s)
    lowest = EventCurve.of(videos, rule).lowest(allowed)
    every = np.unique(np.concatenate([video.scores for video in videos]))

    def counted(thresholds: Floats) -> Counts:
        counts = np.zeros(len(thresholds), dtype=np.int64)
        for video in videos:
            counts += count_events(video, thresholds, rule)
        return counts

    assert (counted(every[every >= lowest]) <= allowed).all()
    below = counted(every[every < lowest])
    most = counted(every).max()
    assert (
        not len(below)
        or below[-1] > allowed
        or (most <= allowed and counted(np.array([lowest])) == most)
    )


@given(videos=VIDEOS, scores=st.lists(st.floats(-20, 20), min_size=2, max_size=5))
def test_a_higher_score_is_never_more_frequent(
    videos: list[ScoreSeries], scores: list[float]
) -> None:
    normal = Recurrence(Calibration(videos), MERGED)
    days = [normal.days_between(score) for score in sorted(scores)]
    known = [value for value in days if value is not None]
    assert known == sorted(known)


@settings(deadline=None)
@given(videos=VIDEOS, per_day=st.sampled_from([1e-6, 0.2, 1.0, 1e3, 1e6]), rule=RULES)
def test_any_footage_gives_a_finite_threshold_that_keeps_it_within_its_own_budget(
    videos: list[ScoreSeries], per_day: float, rule: EventRule
) -> None:
    normal = Recurrence(Calibration(videos), rule)
    level = normal.level(per_day)
    assert np.isfinite(level.value)
    assert level.low is None or level.low <= level.value <= (level.high or np.inf)
    counted = sum(int(count_events(video, [level.value], rule)[0]) for video in videos)
    assert counted <= per_day * normal.camera_days or normal.curve.counts.max() <= counted


@pytest.mark.parametrize(
    ("stream", "days", "per_day", "kept"),
    [
        pytest.param(gaussian, 1, 20, 27, id="gaussian-counted"),
        pytest.param(exponential, 1, 20, 27, id="exponential-counted"),
        pytest.param(bursts, 1, 20, 27, id="bursts-counted"),
        pytest.param(gaussian, 1, 5, 20, id="gaussian-tail"),
        pytest.param(exponential, 1, 5, 20, id="exponential-tail"),
        pytest.param(bursts, 1, 5, 20, id="bursts-tail"),
        pytest.param(gaussian, 0.5, 2, 12, id="gaussian-far-tail"),
        pytest.param(exponential, 0.5, 2, 12, id="exponential-far-tail"),
        pytest.param(bursts, 0.5, 2, 12, id="bursts-far-tail"),
    ],
)
def test_a_budget_is_kept_on_other_footage(
    stream: Stream, days: float, per_day: float, kept: int
) -> None:
    found, covered, truth = [], 0, later(stream)
    for seed in range(SEEDS):
        level = recurrence(stream(seed, days)).level(per_day)
        assert level.extrapolated == (days * per_day < LEAST_EVENTS)
        found.append(int(truth.at(level.value)) / 10 / per_day)
        assert level.low is not None
        assert level.high is not None
        covered += level.low <= truth.lowest(10 * per_day) <= level.high
    shares = np.array(found)
    assert 0.5 < np.median(shares) < 2
    assert np.sum((shares >= 0.5) & (shares <= 2)) >= kept
    assert covered >= 25


def test_how_often_a_peak_occurs_is_known_on_other_footage() -> None:
    normal = recurrence(exponential(0, 1))
    for per_day in (100, 20, 5):
        score = later(exponential).lowest(10 * per_day)
        days = normal.days_between(score)
        assert days is not None
        assert 0.4 < days * per_day < 2.5


def test_what_hardly_ever_occurs_has_no_number() -> None:
    normal = recurrence(exponential(0, 0.1))
    assert normal.days_between(1e6) == float("inf")
    assert normal.tail is not None
    days = normal.days_between(normal.tail.base + 5)
    assert days is not None
    assert 0 < days <= LONGEST_DAYS


@pytest.mark.parametrize(
    "scores",
    [[3.0], [3.0, 3.0, 3.0], [1.0, 3.0], [3.0] * 5000, [-3.0, 3.0, 1.0, 2.0]],
    ids=["one", "constant", "two", "long-constant", "few"],
)
def test_degenerate_footage_gives_its_highest_score_and_says_so(scores: list[float]) -> None:
    normal = recurrence(np.array(scores))
    level = normal.level(1.0)
    assert (level.value, level.low, level.high) == (3.0, None, None)
    assert level.extrapolated
    assert level.exhausted
    assert normal.days_between(4.0) is None


def test_footage_without_time_has_no_rate() -> None:
    rows = steady(np.arange(9.0))
    still = replace(rows, start_s=np.zeros(9), end_s=np.zeros(9))
    normal = Recurrence(Calibration([still]), RAW)
    assert normal.level(1.0).value == 8.0
    assert normal.days_between(8.0) is None


def test_the_same_footage_gives_the_same_interval() -> None:
    first, second = (recurrence(gaussian(3, 0.1)).level(1.0) for _ in range(2))
    assert first == second


def test_footage_without_a_row_is_refused() -> None:
    with pytest.raises(ValueError, match="no row"):
        Calibration([steady(np.zeros(0))])
