"""Anomalies that people have confirmed: does a profile still flag them?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from storage.feedback import ANOMALY, Feedback, all_feedback
from storage.shards import index_shards, is_complete
from storage.warehouse import Warehouse
from tasks.normality.events import Event
from tasks.normality.spans import overlap
from tasks.profile_use import Judge
from tasks.recording import recorded_at
from tasks.video_scoring import events_in


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
    videos: defaultdict[tuple[str, str, str | None], list[Feedback]] = defaultdict(list)
    for item in there:
        videos[item.video_id, item.camera, recorded_at(warehouse, item)].append(item)
    missed: set[str] = set()
    for (video_id, camera, begin), of_video in videos.items():
        events = events_in(warehouse, index[video_id], judge, camera, begin)
        missed.update(item.event_id for item in of_video if not _is_met(item, events))
    return Regression(len(there), tuple(item.event_id for item in there if item.event_id in missed))


def _is_met(anomaly: Feedback, events: Sequence[Event]) -> bool:
    """Return whether an event meets the frames of a confirmed anomaly of its video."""
    span = anomaly.frame_start, anomaly.frame_end
    return any(overlap(span, (event.frame_start, event.frame_end)) for event in events)
