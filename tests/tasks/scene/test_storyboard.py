import numpy as np
import pytest

from tasks.scene.backdrop import WIDTH, draw_backdrop
from tasks.scene.figures import Pose
from tasks.scene.recording import draw_frames
from tasks.scene.storyboard import ANOMALIES, FPS, Movement, anomaly, everyday_traffic


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind", ANOMALIES)
def test_the_labels_are_the_frames_in_which_the_anomaly_shows(kind: str, seed: int) -> None:
    backdrop = draw_backdrop(np.random.default_rng(0))
    start, end, num_frames = 5, 35, 40
    put_in = anomaly(kind, np.random.default_rng(seed), start, end)
    without, with_it = (
        np.stack(list(draw_frames(backdrop, movements, num_frames, np.random.default_rng(1))))
        for movements in ([], put_in)
    )
    changed = np.abs(without.astype(int) - with_it).max(axis=(1, 2, 3)) > 0
    assert np.flatnonzero(changed).tolist() == list(range(start, end))


def test_the_nearer_figure_hides_the_farther_one() -> None:
    def filled(level: float) -> Movement:
        return Movement(
            0, 1, (0, level), (0, level), lambda picture, pose: picture.fill(float(pose.y))
        )

    backdrop = draw_backdrop(np.random.default_rng(0))
    for movements in ([filled(50), filled(200)], [filled(200), filled(50)]):
        frame = next(draw_frames(backdrop, movements, 1, np.random.default_rng(0)))
        assert abs(float(frame.mean()) - 200) < 5


def test_a_movement_is_in_view_in_its_half_open_span() -> None:
    move = Movement(10, 20, (0.0, 8.0), (30.0, 48.0), lambda picture, pose: None)
    assert move.pose(9) is None
    assert move.pose(10) == Pose(
        x=0.0, y=8.0, heading=1, travelled=0.0, elapsed_s=0.0, progress=0.0
    )
    assert move.pose(15) == Pose(
        x=15.0, y=28.0, heading=1, travelled=25.0, elapsed_s=0.5, progress=0.5
    )
    assert move.pose(20) is None


def test_everyday_traffic_never_pops_into_view_or_out_of_it() -> None:
    for seed in range(5):
        for move in everyday_traffic(np.random.default_rng(seed), 700):
            assert sorted((move.origin[0] < 0, move.target[0] > WIDTH)) in ([False] * 2, [True] * 2)
            assert move.frame_start < 700


def test_cars_of_one_lane_never_meet() -> None:
    for seed in range(20):
        lanes: dict[float, list[Movement]] = {}
        for move in everyday_traffic(np.random.default_rng(seed), 70 * FPS):
            lanes.setdefault(move.origin[1], []).append(move)
        for lane in (lanes[174.0], lanes[201.0]):
            for frame in range(70 * FPS):
                places = sorted(pose.x for move in lane if (pose := move.pose(frame)) is not None)
                assert all(gap > 60 for gap in np.diff(places))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(KeyError, match="flood"):
        anomaly("flood", np.random.default_rng(0), 0, 5)
