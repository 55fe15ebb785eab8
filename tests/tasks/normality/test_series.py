from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.normality import series as series_module
from tasks.normality.series import ScoreSeries
from tests.tasks.normality.score_streams import series, steady


def slow_mean(rows: ScoreSeries, row: int, window_s: float, causal: bool) -> float:
    middle = (rows.start_s[row] + rows.end_s[row]) / 2
    end = rows.end_s[row] if causal else middle + window_s / 2
    start = end - window_s
    area, cover = 0.0, 0.0
    for begins, ends, score in zip(rows.start_s, rows.end_s, rows.scores, strict=True):
        inside = max(0.0, min(end, ends) - max(start, begins))
        area, cover = area + score * inside, cover + inside
    return float(area / cover if cover else rows.scores[row])


@given(rows=series(), window_s=st.sampled_from([0.25, 0.5, 1.0, 3.0, 100.0]), causal=st.booleans())
def test_smoothing_is_the_mean_over_the_window_weighted_by_time(
    rows: ScoreSeries, window_s: float, causal: bool
) -> None:
    expected = [slow_mean(rows, row, window_s, causal) for row in range(len(rows))]
    found = rows.smoothed(window_s, causal=causal).scores
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@given(rows=series(), causal=st.booleans())
def test_chunks_do_not_show(rows: ScoreSeries, causal: bool) -> None:
    whole = rows.smoothed(2.0, causal=causal).scores
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(series_module, "CHUNK_ROWS", 3)
        pieces = rows.smoothed(2.0, causal=causal).scores
    np.testing.assert_allclose(pieces, whole, rtol=1e-12, atol=1e-12)


@given(rows=series(), score=st.floats(-1e9, 1e9), window_s=st.floats(0, 1e6))
def test_constant_scores_stay_as_they_are(rows: ScoreSeries, score: float, window_s: float) -> None:
    flat = replace(rows, scores=np.full(len(rows), score))
    assert (flat.smoothed(window_s, causal=False).scores == score).all()


def test_a_towering_score_leaves_no_trace_in_later_windows() -> None:
    scores = np.full(200_000, 1e-3)
    scores[10] = 1e12
    smoothed = steady(scores).smoothed(1.0, causal=True).scores
    np.testing.assert_allclose(smoothed[100_000:], 1e-3, rtol=1e-12)


def test_constant_times_leave_scores_as_they_are() -> None:
    rows, times = steady(np.array([1.0, 5.0, 2.0])), np.full(3, 7.0)
    still = replace(rows, start_s=times, end_s=times)
    assert still.smoothed(3.0, causal=False).scores.tolist() == [1.0, 5.0, 2.0]


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("frame_start", [0, 7], "share no frame"),
        ("frame_end", [8, 8], "at least one frame"),
        ("start_s", [0.0, -1.0], "backwards"),
        ("end_s", [0.5, 0.25], "backwards"),
        ("scores", [0.0, np.nan], "finite"),
        ("scores", [0.0], "one value a column"),
    ],
)
def test_rows_out_of_order_are_refused(column: str, values: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(steady(np.zeros(2)), **{column: np.array(values)})
