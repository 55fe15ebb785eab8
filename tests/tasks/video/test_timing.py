from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.video.probing import probe_video
from tasks.video.timing import REORDER_DEPTH, moment_of, presentation_times
from tests.footage import shared, write_video

TICKS = st.lists(st.none() | st.integers(-(2**40), 2**40), min_size=1, max_size=50)
STEPS = st.integers(1, 10**6)


@pytest.mark.parametrize(
    ("timestamps", "times"),
    [
        pytest.param([7], [7], id="single frame"),
        pytest.param([None], [0], id="single frame without a timestamp"),
        pytest.param([0, 40, 80, 120], [0, 40, 80, 120], id="regular"),
        pytest.param([0, 40, 45, 900], [0, 40, 45, 900], id="uneven"),
        pytest.param([-80, -40, 0], [-80, -40, 0], id="negative"),
        pytest.param([0, 80, 40, 120], [0, 40, 80, 120], id="swapped neighbours"),
        pytest.param([0, 120, 40, 80, 160], [0, 40, 80, 120, 160], id="reordered by two"),
        pytest.param([5, 5, 5], [5, 5, 5], id="standing still"),
        pytest.param([None, None, 100, 140], [20, 60, 100, 140], id="missing at the start"),
        pytest.param([0, None, None, 120], [0, 40, 80, 120], id="missing in the middle"),
        pytest.param([0, 40, None, None], [0, 40, 80, 120], id="missing at the end"),
        pytest.param([None, None, None], [0, 40, 80], id="missing everywhere"),
        pytest.param([0, None, 30], [0, 30, 40], id="missing where the step is too long"),
        pytest.param([9000, 9040, 0, 40], [9000, 9040, 9080, 9120], id="clock set back"),
        pytest.param(
            [9000, 0, 40, 5000, 0], [9000, 9040, 9080, 14040, 14080], id="clock set back twice"
        ),
        pytest.param([9000, None, 0, 40], [9000, 9040, 9080, 9120], id="missing before a setback"),
    ],
)
def test_frames_are_shown_when_the_stream_says(
    timestamps: list[int | None], times: list[int]
) -> None:
    assert presentation_times(timestamps, 40).tolist() == times


@pytest.mark.parametrize(("back", "kept"), [(REORDER_DEPTH, True), (REORDER_DEPTH + 1, False)])
def test_only_a_step_back_deeper_than_decoders_reorder_is_a_clock_set_back(
    back: int, kept: bool
) -> None:
    timestamps = [1000, 1000 - back]
    assert (sorted(timestamps) == presentation_times(timestamps, 1).tolist()) is kept


@given(timestamps=TICKS, step=STEPS)
def test_times_never_run_backwards(timestamps: list[int | None], step: int) -> None:
    times = presentation_times(timestamps, step)
    assert times.shape == (len(timestamps),)
    assert times.dtype == np.float64
    assert np.isfinite(times).all()
    assert (np.diff(times) >= 0).all()


@given(gaps=st.lists(st.integers(0, 10**6), min_size=1, max_size=50), step=STEPS)
def test_times_that_ascend_already_stay(gaps: list[int], step: int) -> None:
    ticks = np.cumsum(gaps).tolist()
    assert presentation_times(ticks, step).tolist() == ticks


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("2018-04-19T22:46:00Z", "2018-04-19T22:46:00+00:00"),
        ("2016-02-02T10:51:27-0700", "2016-02-02T17:51:27+00:00"),
        ("1970-01-01T00:00:00Z", None),
        ("1904-01-01T00:00:00Z", None),
        ("2018-04-19T22:46:00", None),
        ("yesterday", None),
    ],
)
def test_the_container_says_when_it_was_made_unless_its_clock_was_never_set(
    written: str, known: str | None
) -> None:
    assert moment_of(written) == known


def test_creation_times_are_read_from_real_containers(tmp_path: Path) -> None:
    path = write_video(tmp_path / "plain.mp4", 5)
    assert probe_video(path).created_at is None
    film = shared() / "footage/car-detection.mp4"
    assert probe_video(film).created_at == "2018-04-19T22:46:00+00:00"
