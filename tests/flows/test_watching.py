"""What a run leaves for those who watch: metrics, logs, and no secret anywhere."""

import os
from pathlib import Path

import pytest

from tasks.metrics import read_metrics
from tests.flows.conftest import Nightjar
from tests.footage import settled, write_video

FRAMES = 20


def value(path: Path, name: str, **labels: str) -> float | None:
    return read_metrics(path).get((name, tuple(sorted(labels.items()))))


@pytest.fixture
def run(tmp_path: Path, model: Path) -> list[str | Path]:
    """Return the command for two videos and one file that is none."""
    for seed, name in enumerate(("normal", "new")):
        write_video(tmp_path / name / "gate" / "a.avi", FRAMES, seed=seed)
    letter = tmp_path / "new" / "gate" / "letter.avi"
    letter.write_text("Dear Sir or Madam")
    settled(letter)
    return [
        "run", "--normal", tmp_path / "normal", "--footage", tmp_path / "new", "--model", model,
        "--warehouse", tmp_path / "warehouse", "--json",
    ]  # fmt: skip


def test_what_runs_did_adds_up_in_the_file_of_metrics(
    nightjar: Nightjar, run: list[str | Path], tmp_path: Path
) -> None:
    path = tmp_path / "nightjar.prom"
    first = nightjar(*run, "--metrics-file", path)
    assert first.code == 0, first.err
    report = first.document
    assert value(path, "nightjar_frames_total") == 2 * FRAMES
    assert value(path, "nightjar_clips_total") == report["embedded_clips"]
    assert value(path, "nightjar_scored_frames_total") == report["frames"]
    assert value(path, "nightjar_events_total") == report["events"]
    assert value(path, "nightjar_quarantined_files") == 1
    assert value(path, "nightjar_waiting_videos") == 0
    assert value(path, "nightjar_oldest_waiting_timestamp_seconds") is None
    for stage in ("extract", "embed", "profile", "score"):
        assert (value(path, "nightjar_stage_seconds_total", stage=stage) or 0) > 0

    again = nightjar(*run, "--metrics-file", path)
    assert again.document["embedded_clips"] == 0
    assert value(path, "nightjar_frames_total") == 2 * FRAMES, "nothing was encoded twice"
    assert value(path, "nightjar_runs_total", flow="run-pipeline", state="completed") == 2
    assert value(path, "nightjar_reports_total") == 2

    assert nightjar(*run, "--threshold", "high", "--metrics-file", path).code == 2
    assert value(path, "nightjar_last_run_state", flow="run-pipeline", state="failed") == 1
    assert value(path, "nightjar_last_run_state", flow="run-pipeline", state="completed") == 0


def test_footage_that_waits_has_an_age_until_it_is_embedded(
    nightjar: Nightjar, run: list[str | Path], tmp_path: Path
) -> None:
    path = tmp_path / "nightjar.prom"
    footage = tmp_path / "new" / "gate" / "a.avi"
    common = [*run[5:-1], "--metrics-file", path]
    assert nightjar("extract", "--footage", tmp_path / "new", *common).code == 0
    assert value(path, "nightjar_waiting_videos") == 1
    oldest = value(path, "nightjar_oldest_waiting_timestamp_seconds")
    assert oldest == pytest.approx(footage.stat().st_mtime)
    assert nightjar("embed", *common).code == 0
    assert value(path, "nightjar_waiting_videos") == 0
    assert value(path, "nightjar_oldest_waiting_timestamp_seconds") is None


def test_metrics_that_cannot_be_written_end_no_run(
    nightjar: Nightjar, run: list[str | Path], tmp_path: Path
) -> None:
    common = [*run[5:-1], "--metrics-file", "/proc/nightjar.prom"]
    assert nightjar("extract", "--footage", tmp_path / "new", *common).code == 0
    assert "NIGHTJAR_METRICS_FILE" not in os.environ
