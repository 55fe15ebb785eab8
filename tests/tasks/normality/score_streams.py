"""Streams of scores: drawn for laws, and simulated with a rate of false alarms that is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from scipy.signal import lfilter
from scipy.stats import norm

from tasks.normality.events import EventRule
from tasks.normality.series import ScoreSeries

Floats = npt.NDArray[np.float64]
ROW_S = 0.5
# Few different numbers, so that there are ties; some below zero.
SCORES = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 3.0]) | st.floats(-10, 10)
QUARTERS = st.integers(0, 12).map(lambda number: number / 4)  # exact, so that sums are too


@st.composite
def series(draw: st.DrawFn, max_rows: int = 15) -> ScoreSeries:
    """Draw rows of any length, zero included, with holes."""
    rows = draw(st.integers(0, max_rows))

    def each(values: st.SearchStrategy[float]) -> Floats:
        return np.array(draw(st.lists(values, min_size=rows, max_size=rows)), dtype=np.float64)

    holes = each(st.sampled_from([0.0, 0.0, 0.0, 1.0, 5.0]))
    frames = each(st.integers(1, 3).map(float))
    durations, lapses = each(QUARTERS), each(QUARTERS) * (holes > 0)
    frame_end, end_s = np.cumsum(holes + frames).astype(np.int64), np.cumsum(lapses + durations)
    frame_start = frame_end - frames.astype(np.int64)
    return ScoreSeries(frame_start, frame_end, end_s - durations, end_s, each(SCORES))


RULES = st.builds(
    EventRule,
    smooth_s=st.sampled_from([0.0, 0.5, 2.0, 100.0]),
    causal=st.booleans(),
    hysteresis=st.sampled_from([1.0, 0.5, 0.1]),
    merge_gap_s=QUARTERS,
    min_length_s=QUARTERS,
    padding_s=QUARTERS,
)


def steady(scores: Floats) -> ScoreSeries:
    """Return scores of tubelets of half a second, without a hole."""
    frames = np.arange(len(scores) + 1) * 8
    times = np.arange(len(scores) + 1, dtype=np.float64) * ROW_S
    return ScoreSeries(frames[:-1], frames[1:], times[:-1], times[1:], scores)


def gaussian(seed: int, days: float) -> Floats:
    """Simulate autocorrelated scores with a Gaussian tail."""
    noise = np.random.default_rng(seed).standard_normal(int(days * 86400 / ROW_S))
    correlated: Floats = lfilter([np.sqrt(1 - 0.9**2)], [1, -0.9], noise)
    return correlated + 5


def exponential(seed: int, days: float) -> Floats:
    """Simulate autocorrelated scores with an exponential tail."""
    tail: Floats = -norm.logsf(gaussian(seed, days) - 5)
    return tail


def bursts(seed: int, days: float) -> Floats:
    """Simulate 200 bursts a day of exponential height over calm scores."""
    random = np.random.default_rng(seed + 1000)
    scores = 1 + 0.1 * np.abs(gaussian(seed, days) - 5)
    for start in random.integers(0, len(scores), random.poisson(200 * days)):
        scores[start : start + random.integers(2, 20)] += 0.5 + random.exponential()
    return scores
