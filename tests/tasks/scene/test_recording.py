from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest

from tasks.scene.recording import Anomaly, Scene, record_scene
from tasks.scene.storyboard import ANOMALIES, FPS

SECONDS = 4
FRAMES = SECONDS * FPS


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Scene]:
    folder = tmp_path_factory.mktemp("scene")
    return folder, record_scene(folder, seed=5, seconds_per_video=SECONDS)


def bytes_below(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.mp4")}


def test_the_same_seed_gives_the_same_bytes(recorded: tuple[Path, Scene], tmp_path: Path) -> None:
    folder, scene = recorded
    again = record_scene(tmp_path, seed=5, seconds_per_video=SECONDS)
    assert bytes_below(tmp_path) == bytes_below(folder)
    assert again.anomalies == scene.anomalies


def test_no_two_videos_and_no_two_seeds_agree(recorded: tuple[Path, Scene], tmp_path: Path) -> None:
    record_scene(tmp_path, seed=6, seconds_per_video=SECONDS)
    files = [*bytes_below(tmp_path).values(), *bytes_below(recorded[0]).values()]
    assert len(set(files)) == len(files) == 14


def test_files_lie_where_their_camera_and_purpose_say(recorded: tuple[Path, Scene]) -> None:
    folder, scene = recorded
    assert {path.parent for path in scene.normal} == {folder / "normal" / "front-gate"}
    assert {path.parent for path in scene.footage} == {folder / "checked" / "front-gate"}
    assert sorted(folder.rglob("*.*")) == sorted([*scene.normal, *scene.footage])


def test_every_video_decodes_to_its_frames_and_says_when_it_was_recorded(
    recorded: tuple[Path, Scene],
) -> None:
    for path in [*recorded[1].normal, *recorded[1].footage]:
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
            assert container.streams.video[0].average_rate == FPS
            created = datetime.fromisoformat(container.metadata["creation_time"])
        assert len(frames) == FRAMES
        assert frames[0].shape == (240, 320, 3)
        assert created == datetime.strptime(path.stem, "%Y%m%d_%H%M%S").replace(tzinfo=UTC)


def test_anomalies_lie_within_checked_videos_and_one_video_has_none(
    recorded: tuple[Path, Scene],
) -> None:
    scene = recorded[1]
    names = {path.name for path in scene.footage}
    assert {anomaly.kind for anomaly in scene.anomalies} == set(ANOMALIES)
    assert all(anomaly.frame_end <= FRAMES for anomaly in scene.anomalies)
    assert len(names - {anomaly.video for anomaly in scene.anomalies}) == 1
    assert {anomaly.video for anomaly in scene.anomalies} < names


def test_replaces_what_an_earlier_recording_left(tmp_path: Path) -> None:
    stale = tmp_path / "normal" / "front-gate" / "20260302_070000.mp4"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"half a video")
    scene = record_scene(tmp_path, seconds_per_video=SECONDS)
    assert scene.normal[0] == stale
    with av.open(str(stale)) as container:
        assert sum(1 for _ in container.decode(video=0)) == FRAMES


def test_refuses_videos_too_short_for_their_anomalies(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 4, got 1"):
        record_scene(tmp_path, seconds_per_video=1)


@pytest.mark.parametrize("span", [(-1, 3), (3, 3), (5, 2)], ids=["negative", "empty", "backwards"])
def test_an_anomaly_is_a_stretch_of_frames(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="0 <= frame_start < frame_end"):
        Anomaly("a.mp4", "fire", *span)


def test_the_default_scene_is_several_minutes_long() -> None:
    default = (record_scene.__kwdefaults__ or {})["seconds_per_video"]
    assert np.multiply(default, 7) >= 5 * 60
