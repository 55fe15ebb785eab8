import numpy as np
import pytest

from tasks.scene.evaluation import Detection, frame_auroc, frame_labels, match_events
from tasks.scene.recording import Anomaly

FIRE = Anomaly("a.mp4", "fire", 10, 20)
TRUCK = Anomaly("b.mp4", "truck", 5, 8)


@pytest.mark.parametrize(
    ("span", "found"),
    [
        ((10, 20), True),
        ((12, 13), True),
        ((0, 30), True),
        ((0, 11), True),
        ((19, 25), True),
        ((0, 10), False),
        ((20, 30), False),
        ((0, 3), False),
    ],
    ids=["same", "inside", "around", "first frame", "last frame", "before", "behind", "far off"],
)
def test_an_event_matches_where_it_shares_a_frame(span: tuple[int, int], found: bool) -> None:
    event = Detection("a.mp4", *span)
    matching = match_events([FIRE], [event])
    assert matching.outcomes[0].found is found
    assert matching.outcomes[0].detections == ((event,) if found else ())
    assert matching.false_alarms == (() if found else (event,))


def test_an_event_of_another_video_matches_nothing() -> None:
    event = Detection("b.mp4", 10, 20)
    matching = match_events([FIRE], [event])
    assert not matching.outcomes[0].found
    assert matching.false_alarms == (event,)


def test_each_anomaly_names_its_events_and_the_rest_are_false_alarms() -> None:
    first, second, wrong = (Detection("a.mp4", *span) for span in ((8, 12), (15, 16), (40, 44)))
    matching = match_events([TRUCK, FIRE], [first, second, wrong])
    assert [outcome.anomaly for outcome in matching.outcomes] == [TRUCK, FIRE]
    assert [outcome.detections for outcome in matching.outcomes] == [(), (first, second)]
    assert matching.false_alarms == (wrong,)


def test_one_event_can_run_over_two_anomalies() -> None:
    later = Anomaly("a.mp4", "smoke", 22, 25)
    event = Detection("a.mp4", 15, 24)
    matching = match_events([FIRE, later], [event])
    assert all(outcome.detections == (event,) for outcome in matching.outcomes)
    assert not matching.false_alarms


def test_nothing_reported_finds_nothing() -> None:
    assert [outcome.found for outcome in match_events([FIRE, TRUCK], []).outcomes] == [False] * 2
    assert not match_events([], []).outcomes


@pytest.mark.parametrize("span", [(-1, 3), (3, 3), (5, 2)], ids=["negative", "empty", "backwards"])
def test_a_detection_is_a_stretch_of_frames(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="0 <= frame_start < frame_end"):
        Detection("a.mp4", *span)


def test_labels_mark_the_frames_of_the_named_video() -> None:
    assert np.flatnonzero(frame_labels([FIRE, TRUCK], "b.mp4", 9)).tolist() == [5, 6, 7]
    assert not frame_labels([FIRE, TRUCK], "c.mp4", 9).any()


def test_labels_refuse_a_video_that_ends_within_an_anomaly() -> None:
    with pytest.raises(ValueError, match=r"ends at frame 20 of 'a\.mp4', which has 19 frames"):
        frame_labels([FIRE], "a.mp4", 19)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [([0.1, 0.2, 0.8, 0.9], 1.0), ([0.9, 0.8, 0.2, 0.1], 0.0), ([0.5] * 4, 0.5)],
    ids=["ranked", "reversed", "ties"],
)
def test_auroc_tells_how_well_scores_rank(scores: list[float], expected: float) -> None:
    assert frame_auroc([False, False, True, True], scores) == expected


@pytest.mark.parametrize("label", [True, False])
def test_auroc_needs_both_kinds_of_frames(label: bool) -> None:
    with pytest.raises(ValueError, match="one kind only"):
        frame_auroc([label] * 3, [1.0, 2.0, 3.0])
