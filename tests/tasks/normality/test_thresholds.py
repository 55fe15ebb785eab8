import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tasks.normality.errors import ThresholdError
from tasks.normality.events import MERGED, RAW
from tasks.normality.recurrence import Calibration, Recurrence
from tasks.normality.series import ScoreSeries
from tasks.normality.thresholds import (
    DEFAULT_THRESHOLD,
    WITH_ENOUGH,
    WITH_LESS,
    Budget,
    Threshold,
    ThresholdRule,
    threshold_rule,
    weighted_quantile,
)
from tests.tasks.normality.score_streams import exponential, series, steady

Values = npt.NDArray[np.float64]
Weights = npt.NDArray[np.int64]
# Few different numbers as well, so that there are ties.
SCORES = st.floats(1e-9, 1e9) | st.sampled_from([0.0, 0.25, 1 / 3, 2.0])


@st.composite
def weighted_values(draw: st.DrawFn) -> tuple[Values, Weights]:
    height = draw(st.integers(1, 20))
    values = draw(hnp.arrays(np.float64, height, elements=SCORES))
    return values, draw(hnp.arrays(np.int64, height, elements=st.integers(1, 9)))


@given(known=weighted_values(), quantile=st.floats(0, 1) | st.sampled_from([0, 0.5, 0.999, 1]))
@example(known=(np.array([0.7]), np.array([1])), quantile=0.3)
@example(known=(np.array([2.0, 1.0, 2.0]), np.array([3, 1, 2])), quantile=0.5)
def test_a_weighted_quantile_is_the_quantile_of_the_repeated_values(
    known: tuple[Values, Weights], quantile: float
) -> None:
    values, weights = known
    found = weighted_quantile(values, weights, quantile)
    expected = float(np.quantile(np.repeat(values, weights), quantile))
    assert found == pytest.approx(expected, rel=1e-15, abs=0)


@given(known=weighted_values(), data=st.data())
def test_neither_the_order_nor_a_split_of_the_values_changes_a_bit(
    known: tuple[Values, Weights], data: st.DataObject
) -> None:
    values, weights = known
    quantile = data.draw(st.floats(0, 1))
    repeated = data.draw(st.permutations(np.repeat(values, weights).tolist()))
    ones = np.ones(len(repeated), dtype=np.int64)
    assert weighted_quantile(np.array(repeated), ones, quantile) == weighted_quantile(
        values, weights, quantile
    )


@given(known=weighted_values())
def test_the_outermost_quantiles_are_the_extremes(known: tuple[Values, Weights]) -> None:
    values, weights = known
    extremes = [weighted_quantile(values, weights, quantile) for quantile in (0, 1)]
    assert extremes == [values.min(), values.max()]


def test_weights_that_no_memory_could_repeat_are_counted() -> None:
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([10**12, 10**12, 2 * 10**12])
    found = [weighted_quantile(values, weights, q) for q in (0.2, 0.3, 0.7, 0.8)]
    assert found == [1.0, 2.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("0.25", ThresholdRule(number=0.25)),
        ("3", ThresholdRule(number=3.0)),
        ("0", ThresholdRule(number=0.0)),
        ("1e-3", ThresholdRule(number=0.001)),
        ("quantile:0.999", ThresholdRule(quantile=0.999)),
        ("quantile:0", ThresholdRule(quantile=0.0)),
        ("quantile:1", ThresholdRule(quantile=1.0)),
        ("budget:1/day", ThresholdRule(budget=Budget(1.0))),
        ("budget:0.2/day", ThresholdRule(budget=Budget(0.2))),
        ("budget:3/week", ThresholdRule(budget=Budget(3.0, 7))),
    ],
)
def test_a_good_text_is_a_rule(text: str, rule: ThresholdRule) -> None:
    assert ThresholdRule.parse(text) == rule
    assert ThresholdRule.parse(rule.text) == rule


@pytest.mark.parametrize(
    ("camera_days", "rule"), [(0.0, WITH_LESS), (0.99, WITH_LESS), (1.0, WITH_ENOUGH)]
)
def test_the_default_goes_by_how_much_normal_footage_there_is(
    camera_days: float, rule: str
) -> None:
    assert threshold_rule(DEFAULT_THRESHOLD, camera_days).text == rule
    assert threshold_rule("0.25", camera_days) == ThresholdRule(number=0.25)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", ":", "high", "0,5", "50%", "0x10", "1 2", "nan", "inf", "-inf", "1e400"),
        *("quantile", "quantile:", "quantile:x", "quantile:nan", "quantile:inf", "quantile:0.5:"),
        *("quantile:-0.1", "quantile:1.0000001", "quantile:99", "Quantile:0.5", "mean:0.5"),
        *("quantile:0.9:0.9", "0.5:0.5", "budget", "budget:", "budget:1", "budget:/day"),
        *("budget:0/day", "budget:-1/day", "budget:nan/day", "budget:inf/day", "budget:1/hour"),
        *("budget:x/day", "budget:1/day/day", "budget:1/Day", "1/day"),
    ],
)
def test_a_bad_text_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ThresholdError, match=f"such as {WITH_LESS}") as caught:
        ThresholdRule.parse(text)
    assert f"{DEFAULT_THRESHOLD}, got {text!r}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("number", "quantile"), [(None, None), (0.5, 0.5), (0.0, 0.0)])
def test_a_rule_is_a_number_or_a_quantile(number: float | None, quantile: float | None) -> None:
    with pytest.raises(ValueError, match="a number or a quantile"):
        ThresholdRule(number, quantile)


@pytest.mark.parametrize(("text", "threshold"), [("7", 7.0), ("0", 0.0), ("quantile:0.5", 2.0)])
def test_a_rule_gives_the_threshold(text: str, threshold: float) -> None:
    scores, weights = np.array([9.0, 2.0, 1.0]), np.array([1, 1, 1])
    assert ThresholdRule.parse(text).resolve(scores, weights) == threshold


def test_a_budget_counts_what_somebody_looks_at() -> None:
    rules = [ThresholdRule.parse(text).events for text in ("1", "quantile:0.9", "budget:1/day")]
    assert rules == [RAW, RAW, MERGED]


def test_a_budget_needs_to_know_when() -> None:
    with pytest.raises(ThresholdError, match=r"budget:2\.5/week needs the times"):
        ThresholdRule.parse("budget:2.5/week").resolve(np.ones(1), np.ones(1, dtype=np.int64))


@given(
    videos=st.lists(series(), min_size=1, max_size=3).filter(lambda found: any(map(len, found))),
    quantile=st.floats(0, 1),
)
def test_a_quantile_is_that_of_all_frames_of_all_videos(
    videos: list[ScoreSeries], quantile: float
) -> None:
    normal = Recurrence(Calibration(videos), RAW)
    frames = np.concatenate([np.repeat(video.scores, video.frames) for video in videos])
    found = ThresholdRule(quantile=quantile).calibrate(normal)
    assert found.value == pytest.approx(float(np.quantile(frames, quantile)), rel=1e-12, abs=1e-12)
    assert not found.extrapolated


def test_frames_that_do_not_count_do_not_count() -> None:
    rows = steady(np.array([1.0, 2.0]))
    normal = Recurrence(Calibration([rows], [np.array([1, 3])]), RAW)
    expected = float(np.quantile([1.0, 2.0, 2.0, 2.0], 0.2))
    assert ThresholdRule(quantile=0.2).calibrate(normal).value == expected


@pytest.mark.parametrize(
    ("text", "days", "words"),
    [
        ("budget:20/day", 1, "normal footage of 1 camera-days gave 20 events above it"),
        ("budget:1/day", 0.25, "gave 0 events above it; extrapolated from its 25 highest peaks"),
        ("budget:1/day", 0.0001, "too few peaks to look beyond its highest score"),
        ("100", 0.25, "normal footage of 0.25 camera-days gave 0 events above it"),
    ],
)
def test_a_threshold_says_what_bears_it_out(text: str, days: float, words: str) -> None:
    rule = ThresholdRule.parse(text)
    found = rule.calibrate(Recurrence(Calibration([steady(exponential(0, days))]), rule.events))
    assert words in found.words
    assert found.rule == rule.text
    assert found.camera_days == pytest.approx(days, rel=0.1)


def test_a_threshold_lies_in_its_interval() -> None:
    with pytest.raises(ValueError, match="interval"):
        Threshold(1.0, "budget:1/day", True, 2.0, 3.0, 1.0, "")
