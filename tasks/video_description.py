"""What a report says of a scored video and its events."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.normality.events import Event
from tasks.normality.spans import overlap
from tasks.profile_use import Judge
from tasks.video_scoring import ScoredVideo


def describe(video: ScoredVideo, judge: Judge) -> dict[str, Any]:
    """Return what a report says of a video: an item of ``videos`` in ``report.json``."""
    edges_s = video.record.edges_s()
    damage = video.record.facts["damage"]
    return {
        **video.names,
        "frames": video.record.num_frames,
        "flagged_frames": int(video.flagged.sum()),
        "duration_s": float(edges_s[-1] - edges_s[0]),
        "recorded_at": video.recorded.after(0),
        "recorded_by": video.recorded.source,
        "decoder": video.decoder,
        "damage": "; ".join(f"{words} ({count} times)" for words, count in damage.items()),
        "truncated": bool(video.record.facts.get("truncated", False)),
        "scope": judge.profile.words_for(video.scope),
        "threshold": video.threshold,
        "health": [
            {
                "kind": interval.kind,
                **_describe_span(video, interval.frame_start, interval.frame_end, edges_s),
            }
            for interval in video.health
        ],
        "events": [
            {
                **_describe_event(video, event, edges_s),
                "once_in_days": judge.once_in_days(video.scope, event.peak_score),
                "heat": None if heat is None else heat.tolist(),
            }
            for event, heat in zip(video.events, video.heats, strict=True)
        ],
    }


def _describe_event(
    video: ScoredVideo, event: Event, edges_s: npt.NDArray[np.float64]
) -> dict[str, Any]:
    """Return what a report says of an event."""
    return {
        "event_id": event_id(video.names["video_id"], video.names["path"], event),
        **asdict(event),
        **_describe_span(video, event.frame_start, event.frame_end, edges_s),
        "duration_s": float(edges_s[event.frame_end] - edges_s[event.frame_start]),
        "health": sorted(
            {
                unwell.kind
                for unwell in video.health
                if overlap(
                    (unwell.frame_start, unwell.frame_end), (event.frame_start, event.frame_end)
                )
            }
        ),
    }


def _describe_span(
    video: ScoredVideo, frame_start: int, frame_end: int, edges_s: npt.NDArray[np.float64]
) -> dict[str, Any]:
    """Return where a stretch of frames lies in its video, and when it was recorded."""
    return {
        "frame_start": frame_start,
        "frame_end": frame_end,
        "time_start_s": float(edges_s[frame_start]),
        "time_end_s": float(edges_s[frame_end]),
        "recorded_at": video.recorded.after(edges_s[frame_start] - edges_s[0]),
    }


def event_id(video_id: str, path: str, event: Event) -> str:
    """Return an id that stays while the event's peak stays, whatever the threshold."""
    key = "\n".join((video_id, path, str(event.peak_frame)))
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def rank_events(videos: Sequence[dict[str, Any]]) -> None:
    """Give each event of a report its rank: 1 for the peak furthest above its threshold.

    Peaks are compared as multiples of their thresholds; among equals the first in the report leads.
    """
    found = [(video["threshold"], event) for video in videos for event in video["events"]]
    found.sort(key=lambda item: -_excess(item[1]["peak_score"], item[0]))
    for rank, (_, event) in enumerate(found, start=1):
        event["rank"] = rank


def _excess(peak: float, threshold: float) -> float:
    """Return a peak as a multiple of a threshold."""
    return peak / threshold if threshold > 0 else peak
