"""What people have said of events: one small document an event, the last word counts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass

from storage.documents import commit_document, find_record, find_records
from storage.warehouse import Warehouse

FOLDER = "feedback"
NORMAL, ANOMALY = "normal", "anomaly"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody has said of an event.

    Attributes:
        event_id: The event.
        verdict: ``normal`` or ``anomaly``.
        video_id: The video that it is in.
        camera: The camera that recorded it.
        path: Where the video lay.
        frame_start: The event's first frame.
        frame_end: End of it, exclusive.
        report_id: A report that lists it.
        profile: Name of the profile that it was found with.
        given_at: When, ISO 8601, UTC.
        recorded_at: When the video begins, ISO 8601, or None.
    """

    event_id: str
    verdict: str
    video_id: str
    camera: str
    path: str
    frame_start: int
    frame_end: int
    report_id: str
    profile: str
    given_at: str
    recorded_at: str | None = None

    def __post_init__(self) -> None:
        if self.verdict not in (NORMAL, ANOMALY) or not 0 <= self.frame_start < self.frame_end:
            raise ValueError(f"feedback calls frames normal or an anomaly, got {self}")


def record_feedback(warehouse: Warehouse, feedback: Feedback) -> None:
    """Commit what was said of an event in place of what was said before."""
    commit_document(warehouse, _place(feedback.event_id), asdict(feedback))


def find_feedback(warehouse: Warehouse, event_id: str) -> Feedback | None:
    """Return what was said of an event, if anything."""
    return find_record(warehouse, _place(event_id), Feedback)


def all_feedback(warehouse: Warehouse) -> list[Feedback]:
    """Return all that was said, in the order of events' ids."""
    return find_records(warehouse, warehouse.files_below(FOLDER), Feedback)


def anomalies_by_video(warehouse: Warehouse) -> dict[str, list[tuple[int, int]]]:
    """Return the spans of frames that people have called an anomaly, ascending, by video."""
    spans: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for feedback in all_feedback(warehouse):
        if feedback.verdict == ANOMALY:
            spans[feedback.video_id].append((feedback.frame_start, feedback.frame_end))
    return {video_id: sorted(found) for video_id, found in spans.items()}


def _place(event_id: str) -> str:
    """Return where the feedback on an event is kept."""
    return f"{FOLDER}/{event_id}.json"
