from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from tasks.normality.moments import Moments
from tasks.normality.scopes import HOUR_PRIOR_FRAMES, HourMeans, camera_scope, hours_of, scopes_of

CEST = timezone(timedelta(hours=2))


def rows(value: float, frames: int) -> Moments:
    return Moments.of(np.full((1, 2), value), np.array([frames]), full=False)


def test_footage_is_summed_up_in_its_cameras_scope_where_there_is_one() -> None:
    assert scopes_of("gate", "all") == ("all",)
    assert scopes_of("gate", "camera") == ("all", camera_scope("gate"))
    assert scopes_of("gate", "hour-of-day") == scopes_of("gate", "camera")


@pytest.mark.parametrize(
    ("recorded_at", "seconds", "hours"),
    [
        (datetime(2026, 3, 3, 23, 30, tzinfo=UTC), [0, 1799.9, 1800, 5400], [23, 23, 0, 1]),
        (datetime(2026, 3, 3, 7, tzinfo=CEST), [0, -1, 86_400], [7, 6, 7]),
    ],
    ids=["over midnight", "on the site's own clock"],
)
def test_an_hour_is_that_of_the_sites_clock(
    recorded_at: datetime, seconds: list[float], hours: list[int]
) -> None:
    found = hours_of(recorded_at, np.array(seconds))
    assert found is not None
    assert found.tolist() == hours


def test_the_hour_is_unknown_where_the_recording_time_is() -> None:
    assert hours_of(None, np.zeros(3)) is None


def test_an_hour_with_little_footage_is_close_to_its_cameras_mean() -> None:
    camera = rows(1.0, 100)
    much, little = rows(5.0, HOUR_PRIOR_FRAMES), rows(5.0, HOUR_PRIOR_FRAMES // 99)
    means = HourMeans.of(camera, {3: much, 4: little})
    np.testing.assert_allclose(means.shifts[3], 2.0)
    assert 0 < means.shifts[4][0] < 0.05
    assert not means.shifts[5].any()


def test_an_embedding_is_held_against_the_mean_of_its_hour() -> None:
    means = HourMeans.of(rows(0.0, 1), {8: rows(4.0, HOUR_PRIOR_FRAMES)})
    moved = means.taken_from(np.full((2, 2), 3.0, dtype=np.float32), np.array([8, 9]))
    np.testing.assert_array_equal(moved, [[1.0, 1.0], [3.0, 3.0]])


def test_a_day_has_24_hours() -> None:
    with pytest.raises(ValueError, match="24 hours"):
        HourMeans(np.zeros((23, 2)))
