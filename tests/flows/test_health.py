"""A camera that does not see is reported as such, beside the events, and teaches nothing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.flows.conftest import Nightjar, Result
from tests.footage import write_frames

FPS = 25
SIZE = (160, 96)  # width, height
Frames = list[npt.NDArray[np.uint8]]
COUNTS = ("videos", "frames", "frames_left_out")


def street(seconds: float, seed: int) -> Frames:
    """Return frames of a still scene under sensor noise that somebody crosses."""
    width, height = SIZE
    scene = np.random.default_rng(0)
    backdrop = np.kron(scene.integers(40, 200, (12, 20)), np.ones((8, 8)))[..., np.newaxis]
    random = np.random.default_rng(seed)
    frames = []
    for index in range(int(seconds * FPS)):
        pixels = backdrop + random.normal(0, 6, (height, width, 3))
        left = index * 2 % (width - 10)
        pixels[40:60, left : left + 10] = 230
        frames.append(pixels.clip(0, 255).astype(np.uint8))
    return frames


def black(seconds: float) -> Frames:
    return [np.zeros((SIZE[1], SIZE[0], 3), np.uint8)] * int(seconds * FPS)


def report_of(result: Result) -> dict[str, Any]:
    assert result.code == 0, result.err
    text = (Path(result.document["report"]) / "report.json").read_text()
    document: dict[str, Any] = json.loads(text)
    return document


@pytest.fixture
def options(tmp_path: Path, model: Path) -> list[str | Path]:
    write_frames(tmp_path / "normal/hall/sound.avi", street(12, seed=1))
    write_frames(tmp_path / "normal/hall/dark.avi", street(8, seed=2) + black(10))
    still = street(10, seed=3)
    write_frames(tmp_path / "new/hall/stuck.avi", still + [still[-1]] * 400 + street(5, seed=4))
    write_frames(tmp_path / "new/hall/sound.avi", street(10, seed=5))
    return [
        "--normal", tmp_path / "normal", "--footage", tmp_path / "new", "--model", model,
        "--stride", "8", "--warehouse", tmp_path / "warehouse", "--json",
    ]  # fmt: skip


def test_a_stuck_camera_is_reported_beside_the_events(
    nightjar: Nightjar, options: list[str | Path]
) -> None:
    result = nightjar("run", *options)
    assert result.document["health_intervals"] == 1
    sound, stuck = report_of(result)["videos"]
    assert sound["health"] == []
    (interval,) = stuck["health"]
    assert interval["kind"] == "frozen"
    assert abs(interval["time_start_s"] - 10) <= 2
    assert abs(interval["time_end_s"] - 26) <= 2
    assert all(event["event_id"] for event in stuck["events"]), "no interval is among the events"
    page = (Path(result.document["report"]) / "report.html").read_text()
    assert "Cameras that did not see well" in page


def test_a_dark_camera_teaches_nothing_unless_asked_to(
    nightjar: Nightjar, options: list[str | Path], tmp_path: Path
) -> None:
    left_out = report_of(nightjar("run", *options))["normal"]
    assert abs(left_out["frames_left_out"] - 10 * FPS) <= 2 * FPS
    assert left_out["frames"] + left_out["frames_left_out"] == 30 * FPS
    kept = report_of(nightjar("run", *options, "--keep-unhealthy"))["normal"]
    assert [kept[name] for name in COUNTS] == [2, 30 * FPS, 0]
    profiles = sorted((tmp_path / "warehouse/profiles/default").iterdir())
    first, second = (json.loads((path / "profile.json").read_text()) for path in profiles)
    assert [interval["kind"] for interval in first["left_out"]] == ["black"]
    assert second["left_out"] == []
    assert first["mean"] != second["mean"]


def test_where_no_camera_was_ever_well_all_normal_footage_counts(
    nightjar: Nightjar, options: list[str | Path], tmp_path: Path
) -> None:
    for path in (tmp_path / "normal/hall").iterdir():
        path.unlink()
    write_frames(tmp_path / "normal/hall/night.avi", black(10))
    normal = report_of(nightjar("run", *options))["normal"]
    assert [normal[name] for name in COUNTS] == [1, 10 * FPS, 0]
