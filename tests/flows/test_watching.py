"""What a run leaves for those who watch: metrics, logs, and no secret anywhere."""

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import PrefectHTTPStatusError
from prefect.states import Crashed
from prefect.utilities.callables import parameter_schema

from flows.embed_clips import embed_clips
from flows.extract_clips import extract_clips
from tasks.metrics import read_metrics
from tests.flows.conftest import Nightjar
from tests.footage import settled, write_video

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 20
SECRET = "hush-hush"
LOGGING_FLOW = """
import logging
from prefect import flow, task

@task
def leave():
    logging.getLogger("tasks.trial").info("left %s", "a.mp4", extra={"camera": "gate"})

@flow
def trial():
    leave()

logging.getLogger("tasks.trial").info("no run yet")
trial()
"""
HELD = f"s3://AKIAX:{SECRET}@bucket/prefix"


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


def test_a_worker_tells_of_a_run_that_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "nightjar.prom"
    monkeypatch.setenv("NIGHTJAR_METRICS_FILE", str(path))
    run = FlowRun(flow_id=uuid4())
    # By names, as Prefect's worker does it, while a run calls its hooks by position.
    for hook in embed_clips.on_crashed_hooks or []:
        hook(flow=embed_clips, flow_run=run, state=Crashed())
    assert value(path, "nightjar_runs_total", flow="embed-clips", state="crashed") == 1
    assert value(path, "nightjar_last_run_seconds", flow="embed-clips") is None, "it knows no start"
    assert value(path, "nightjar_last_success_timestamp_seconds", flow="embed-clips") is None


def test_metrics_that_cannot_be_written_end_no_run(
    nightjar: Nightjar, run: list[str | Path], tmp_path: Path
) -> None:
    common = [*run[5:-1], "--metrics-file", "/proc/nightjar.prom"]
    assert nightjar("extract", "--footage", tmp_path / "new", *common).code == 0
    assert "NIGHTJAR_METRICS_FILE" not in os.environ


def test_a_log_line_is_a_json_object_that_names_its_run(api_url: str) -> None:
    settings = {
        "PREFECT_API_URL": api_url,
        "PREFECT_LOGGING_SETTINGS_PATH": str(ROOT / "deployments" / "logging.yml"),
        "PREFECT_LOGGING_EXTRA_LOGGERS": "tasks,storage",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    }
    done = subprocess.run(
        [sys.executable, "-c", LOGGING_FLOW],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    ours = {line["message"]: line for line in lines if line["name"] == "tasks.trial"}
    assert ours.keys() == {"no run yet", "left a.mp4"}
    left = ours["left a.mp4"]
    assert (left["flow_name"], left["task_name"], left["camera"]) == ("trial", "leave", "gate")
    prefects = {line["flow_run_id"] for line in lines if line["name"] == "prefect.flow_runs"}
    assert prefects == {left["flow_run_id"]}


@pytest.mark.parametrize("option", ["--warehouse", "--footage", "--model"])
def test_credentials_in_an_address_end_a_command_before_it_begins(
    nightjar: Nightjar, caplog: pytest.LogCaptureFixture, option: str
) -> None:
    with get_client(sync_client=True) as client:
        before = client.count_flow_runs()
        result = nightjar("extract", "--footage", "x", option, HELD)
        assert client.count_flow_runs() == before
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "AWS_PROFILE" in result.err
    assert SECRET not in result.out + result.err + caplog.text


def test_the_server_takes_no_run_whose_address_holds_credentials(api_url: str) -> None:
    with get_client(sync_client=True) as client:
        deployment_id = client.create_deployment(
            flow_id=client.create_flow(extract_clips),
            name="secrets",
            parameter_openapi_schema=parameter_schema(extract_clips).model_dump(),
            enforce_parameter_schema=True,
        )
        before = client.count_flow_runs()
        for parameters in ({"warehouse": HELD}, {"warehouse": "w", "footage": [HELD]}):
            with pytest.raises(PrefectHTTPStatusError):
                client.create_flow_run_from_deployment(
                    deployment_id, parameters={"footage": ["x"], **parameters}
                )
        assert client.count_flow_runs() == before
        client.delete_deployment(deployment_id)
