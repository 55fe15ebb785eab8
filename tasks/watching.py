"""What runs tell those who watch a site: Prefect's hooks, which add to the file of metrics.

A hook never ends a run: Prefect logs what it raises, and goes on.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage.footage import Sighting, all_sightings
from storage.pruned import pruned_videos
from storage.quarantine import quarantined_videos
from storage.warehouse import Warehouse
from tasks.embedding import identify
from tasks.embedding_jobs import Embedded
from tasks.extraction import Extraction
from tasks.metrics import Change, update_metrics
from tasks.parameters import DEFAULT_WAREHOUSE, Encoding
from tasks.selection import embedded_shards, lies_as_seen

if TYPE_CHECKING:
    from prefect import Flow, Task
    from prefect.client.schemas.objects import FlowRun, State, TaskRun

    from tasks.scoring import ReportSummary

logger = logging.getLogger(__name__)
METRICS_FILE = "NIGHTJAR_METRICS_FILE"
STAGES = {"extract-clips": "extract", "embed-clips": "embed", "build-profile": "profile"}
END_STATES = ("completed", "failed", "crashed", "cancelled")


# Prefect calls hooks by the position of their parameters where a run ends by itself, and by their
# names where a worker does so in place of a run that was killed.
def note_flow(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Tell how a flow run ended, how long it took and what it did."""
    if not os.environ.get(METRICS_FILE):
        return
    seconds = _seconds(flow_run, state)
    _tell(_ending(flow.name, state, seconds))
    if flow.name in STAGES:
        _tell(_stage(STAGES[flow.name], seconds))
        if state.is_completed():
            _tell(_findings(state.result(), flow_run.parameters))


def note_report(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> None:
    """Tell what a report comes to."""
    if not os.environ.get(METRICS_FILE):
        return
    report: ReportSummary = state.result()
    _tell(
        [
            *_stage("score", _seconds(task_run, state)),
            Change("nightjar_reports_total", 1),
            Change("nightjar_scored_frames_total", report.frames),
            Change("nightjar_flagged_frames_total", report.flagged_frames),
            Change("nightjar_events_total", report.events),
        ]
    )


# Of every flow that is run by itself or is a stage.
WATCHED: dict[str, Any] = {
    "on_completion": [note_flow],
    "on_failure": [note_flow],
    "on_crashed": [note_flow],
    "on_cancellation": [note_flow],
}


def _seconds(run: FlowRun | TaskRun, state: State[Any]) -> float | None:
    """Return how long a run took; a worker does not know when one began that was killed."""
    if run.start_time is None:
        return None
    return max(0.0, (state.timestamp - run.start_time).total_seconds())


def _stage(name: str, seconds: float | None) -> list[Change]:
    """Return the time that was spent in a stage, where it is known."""
    if seconds is None:
        return []
    return [Change("nightjar_stage_seconds_total", seconds, {"stage": name})]


def _tell(changes: Iterable[Change]) -> None:
    """Add to the file of metrics; one that cannot be written is worth a warning, and no more."""
    path = os.environ[METRICS_FILE]
    try:
        update_metrics(Path(path), changes)
    except OSError as error:
        logger.warning("the metrics cannot be written to %s: %s", path, error)


def _ending(name: str, state: State[Any], seconds: float | None) -> list[Change]:
    """Return how a run of a flow ended."""
    flow = {"flow": name}
    ended = "cancelled" if state.is_cancelling() else str(state.type.value).lower()
    now = state.timestamp.timestamp()
    changes = [
        Change("nightjar_runs_total", 1, {**flow, "state": ended}),
        Change("nightjar_last_run_timestamp_seconds", now, flow),
        Change("nightjar_last_run_seconds", seconds, flow),
        *(
            Change("nightjar_last_run_state", float(other == ended), {**flow, "state": other})
            for other in END_STATES
        ),
    ]
    if state.is_completed():
        changes.append(Change("nightjar_last_success_timestamp_seconds", now, flow))
    return changes


def _findings(result: Any, parameters: dict[str, Any]) -> list[Change]:
    """Return what a stage has done, and what still waits to be embedded."""
    if isinstance(result, Extraction):
        return [
            Change("nightjar_quarantined_files", len(result.quarantined)),
            Change("nightjar_pending_files", len(result.pending)),
            *_waiting(parameters),
        ]
    if isinstance(result, Embedded):
        return [*_embedded(result), *_waiting(parameters)]
    return []


def _embedded(done: Embedded) -> list[Change]:
    """Return what was embedded, and how fast."""
    changes = [
        Change("nightjar_frames_total", done.frames),
        Change("nightjar_clips_total", done.clips),
        Change("nightjar_shard_bytes_total", done.bytes),
    ]
    if done.clips and done.seconds:
        changes += [
            Change("nightjar_frames_per_second", done.frames / done.seconds),
            Change("nightjar_clips_per_second", done.clips / done.seconds),
        ]
    return changes


def _waiting(parameters: dict[str, Any]) -> list[Change]:
    """Return how much footage of the warehouse has no shards, and how old it is."""
    warehouse = Warehouse.at(parameters.get("warehouse", DEFAULT_WAREHOUSE))
    identity = identify.fn(Encoding.model_validate(parameters.get("encoding") or {}))
    judged = quarantined_videos(warehouse) | pruned_videos(warehouse)
    footage = [seen for seen in all_sightings(warehouse) if seen.video_id not in judged]
    whole, _ = embedded_shards(warehouse, identity.encoder_id, footage)
    left = [seen for seen in footage if seen.video_id not in whole and lies_as_seen(seen)]
    oldest = min(map(_recorded_s, left), default=None)
    return [
        Change("nightjar_waiting_videos", len({seen.video_id for seen in left})),
        Change("nightjar_oldest_waiting_timestamp_seconds", oldest),
    ]


def _recorded_s(sighting: Sighting) -> float:
    """Return when footage was recorded by its path, or else changed last, as seconds since 1970."""
    if sighting.recorded_at:
        return datetime.fromisoformat(sighting.recorded_at).timestamp()
    return sighting.modified_ns / 1e9
