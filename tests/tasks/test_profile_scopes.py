"""Footage is held against the most specific that is known of it: its hour, its camera, or all."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.normality.scopes import HOUR_PRIOR_FRAMES
from tests.tasks.embedded import Archive, Seen, gaussian

BERLIN = "2026-07-03T{}+02:00"


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.at(tmp_path)


def some_normal(archive: Archive) -> list[Seen]:
    """Put two videos each of two cameras that look far from alike."""
    return [
        archive.put(f"{camera}/{seed}", gaussian(seed, mean=mean))
        for camera, mean in (("gate", 0.0), ("yard", 10.0))
        for seed in range(2)
    ]


def mse(rows: Any, mean: Any) -> Any:
    return np.square(rows - mean).mean(axis=1)


def test_a_camera_is_held_against_its_own_and_an_unknown_one_against_all(archive: Archive) -> None:
    videos = some_normal(archive)
    odd = gaussian(7, mean=4.0)
    new = {camera: archive.put(f"{camera}/new", odd) for camera in ("gate", "yard", "shed")}
    built = archive.build(*(video.path for video in videos), by="camera")
    assert archive.in_use(built).scopes == ["all", "camera:gate", "camera:yard"]
    report = archive.score(*(video.path for video in new.values()), threshold="quantile:1")
    means = {
        "gate": np.concatenate([video.by_frame for video in videos[:2]]).mean(axis=0),
        "yard": np.concatenate([video.by_frame for video in videos[2:]]).mean(axis=0),
        "shed": np.concatenate([video.by_frame for video in videos]).mean(axis=0),
    }
    said = {video["camera"]: video for video in report.document["videos"]}
    for camera, video in new.items():
        expected = mse(video.by_frame, means[camera])
        np.testing.assert_allclose(report.scores_of(video.path), expected, rtol=1e-9)
        scope = "all" if camera == "shed" else f"camera:{camera}"
        assert said[camera]["scope"] == scope
        known = archive.calibration(built, scope, "mse").values()
        highest = max(rows.scores["mse"].max() for rows in known)
        assert said[camera]["threshold"] == highest == report.scores_of(video.path, "threshold")[0]
    assert said["gate"]["flagged_frames"] == 80
    assert said["shed"]["flagged_frames"] == 0, "between the two"
    assert report.document["threshold"] == said["shed"]["threshold"]


def test_ranks_are_by_multiples_of_each_scopes_own_threshold(archive: Archive) -> None:
    for seed in range(2):
        archive.put(f"calm/{seed}", gaussian(seed, spread=0.1))
        archive.put(f"busy/{seed}", gaussian(seed + 2, spread=10.0))
    for camera, spread in (("calm", 0.1), ("busy", 10.0)):
        rows = gaussian(5, spread=spread)
        rows[10] = 80 * spread if camera == "calm" else 20 * spread
        rows[20] = 60 * spread if camera == "calm" else 10 * spread
        archive.put(f"{camera}/new", rows)
    archive.build(*(f"/in/{c}/{n}.mp4" for c in ("calm", "busy") for n in range(2)), by="camera")
    videos = archive.score("/in/*/new.mp4", threshold="quantile:1").document["videos"]
    events = [(e["rank"], v["camera"], e["peak_frame"]) for v in videos for e in v["events"]]
    assert sorted(events)[:4] == [
        (1, "calm", 20), (2, "calm", 40), (3, "busy", 20), (4, "busy", 40)
    ]  # fmt: skip
    assert [rank for rank, *_ in sorted(events)] == [*range(1, len(events) + 1)]


@pytest.mark.parametrize(
    ("begin", "frames"),
    [
        ("07:30:00", {"hour:7": 80}),
        ("07:59:58", {"hour:7": 50, "hour:8": 30}),
        (
            "07:59:57.980000",
            {"hour:7": 52, "hour:8": 28},
        ),  # a row that crosses is of where it begins
        ("23:59:59", {"hour:23": 26, "hour:0": 54}),
    ],
)
def test_an_hour_is_that_of_the_sites_clock(
    archive: Archive, begin: str, frames: dict[str, int]
) -> None:
    archive.put("gate/0", gaussian(0), recorded_at=BERLIN.format(begin), parts=2)
    built = archive.build(by="hour-of-day")
    found = {
        known.kind: known.weight
        for known in archive.content(built).statistics
        if known.scope == "camera:gate" and known.kind.startswith("hour:")
    }
    assert found == frames


def test_an_hour_is_held_against_its_own_mean_smoothed_towards_the_cameras(
    archive: Archive,
) -> None:
    morning = archive.put("gate/7", gaussian(0), recorded_at=BERLIN.format("07:10:00"))
    evening = archive.put("gate/19", gaussian(1, mean=9.0), recorded_at=BERLIN.format("19:10:00"))
    timeless = archive.put("gate/x", gaussian(2, mean=3.0))
    new = {
        hour: archive.put(
            f"gate/new{hour}", gaussian(hour), recorded_at=BERLIN.format(f"{hour:02}:00:00")
        )
        for hour in (7, 12, 19)
    }
    unknown = archive.put("gate/new", gaussian(3))
    elsewhere = archive.put("shed/new", gaussian(4), recorded_at=BERLIN.format("07:00:00"))
    normal = [video.path for video in (morning, evening, timeless)]
    archive.build(*normal, by="hour-of-day")
    report = archive.score("/in/*/new*.mp4")
    camera = np.concatenate([v.by_frame for v in (morning, evening, timeless)]).mean(axis=0)
    share = 80 / (80 + HOUR_PRIOR_FRAMES)
    means = {
        new[7].path: camera + share * (morning.by_frame.mean(axis=0) - camera),
        new[12].path: camera,
        new[19].path: camera + share * (evening.by_frame.mean(axis=0) - camera),
        unknown.path: camera,
        elsewhere.path: camera,
    }
    for video in (*new.values(), unknown, elsewhere):
        expected = mse(video.by_frame, means[video.path])
        np.testing.assert_allclose(report.scores_of(video.path), expected, rtol=1e-9)
    scopes = {video["path"]: video["scope"] for video in report.document["videos"]}
    assert scopes[unknown.path] == scopes[new[7].path] == "camera:gate by hour of day"
    assert scopes[elsewhere.path] == "all"


def test_a_camera_that_has_moved_is_stale_and_another_is_not(archive: Archive) -> None:
    for seed in range(5):
        for number, camera in enumerate(("gate", "yard")):
            archive.put(f"{camera}/{seed}", gaussian(10 * number + seed, mean=5.0 * number))
    for seed in range(3):
        archive.put(f"gate/new{seed}", gaussian(50 + seed))
        archive.put(f"yard/new{seed}", gaussian(60 + seed, mean=8.0))
        archive.put(f"shed/new{seed}", gaussian(70 + seed, mean=2.5))
    archive.build(*(f"/in/{c}/{n}.mp4" for c in ("gate", "yard") for n in range(5)), by="camera")
    report = archive.score("/in/*/new*.mp4").document
    found = {item["camera"]: item for item in report["drift"]}
    assert {camera: item["stale"] for camera, item in found.items()} == {
        "gate": False, "shed": False, "yard": True
    }  # fmt: skip
    assert found["gate"]["ratio"] < 2 < found["yard"]["ratio"]
    assert {item["videos"] for item in found.values()} == {3}
    few = archive.score("/in/yard/new0.mp4").document["drift"]
    assert (few[0]["stale"], few[0]["videos"]) == (False, 1), "one video is too few to say"


def test_how_rare_a_peak_is_rises_with_it(archive: Archive) -> None:
    for seed in range(6):  # a frame a minute: 16 hours in all
        archive.put(f"gate/{seed}", gaussian(seed, 80), fps=1 / 60)
    rows = gaussian(9, 80)
    rows[[10, 30, 50]] = np.array([[1.2], [2.5], [9.0]])
    archive.put("gate/new", rows, fps=1 / 60)
    archive.build(*(f"/in/gate/{seed}.mp4" for seed in range(6)))
    (video,) = archive.score("/in/gate/new.mp4", threshold="quantile:0.5").document["videos"]
    by_peak = sorted(video["events"], key=lambda event: event["peak_score"])
    days = [event["once_in_days"] for event in by_peak]
    known = [day for day in days if day is not None]
    assert known == sorted(known)
    assert 0 < known[0] < 1, "half of all frames are as high"
    assert known[-1] == 3652.5
