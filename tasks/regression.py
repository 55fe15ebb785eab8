"""Anomalies that people have confirmed: does a profile still flag them?"""

from __future__ import annotations

from dataclasses import dataclass

from storage.feedback import ANOMALY, Feedback, all_feedback
from storage.shards import index_shards, is_complete
from storage.videos import creation_time
from storage.warehouse import Warehouse
from tasks.normality.events import find_events
from tasks.profile_use import Judge
from tasks.recording import Recording
from tasks.video_scoring import score_rows


@dataclass(frozen=True, slots=True)
class Regression:
    """How a version of a profile does on confirmed anomalies.

    Attributes:
        anomalies: Anomalies in footage that is embedded by the profile's encoder.
        missed: Ids of those whose frames meet no event.
    """

    anomalies: int
    missed: tuple[str, ...]


def check_anomalies(warehouse: Warehouse, judge: Judge) -> Regression:
    """Hold a judge against the anomalies that people have confirmed."""
    anomalies = [item for item in all_feedback(warehouse) if item.verdict == ANOMALY]
    if not anomalies:
        return Regression(0, ())
    index = index_shards(warehouse, judge.profile.content.encoder_id)
    there = [item for item in anomalies if is_complete(warehouse, index.get(item.video_id, []))]
    missed = tuple(
        item.event_id
        for item in there
        if not _is_found(warehouse, judge, item, index[item.video_id])
    )
    return Regression(len(there), missed)


def _is_found(warehouse: Warehouse, judge: Judge, anomaly: Feedback, shards: list[str]) -> bool:
    """Return whether an event meets the frames of a confirmed anomaly."""
    recorded_at = anomaly.recorded_at or creation_time(warehouse, anomaly.video_id)
    scope = judge.profile.scope_of(anomaly.camera)
    rows = score_rows(warehouse, shards, judge.profile, scope, Recording.at(recorded_at))
    threshold = judge.threshold(scope).value
    events = find_events(rows.series(judge.distance), threshold, judge.events)
    return any(
        event.frame_start < anomaly.frame_end and anomaly.frame_start < event.frame_end
        for event in events
    )
