"""One video's scores, frame by frame, and what a report says about them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from storage.errors import CorruptShardError
from storage.footage import Sighting
from storage.parquet import read_lineage
from storage.profiles import ProfileContent
from storage.reports import FrameTimes
from storage.shards import read_shard
from storage.videos import VideoRecord, read_video
from storage.warehouse import Warehouse
from tasks.health import health_of
from tasks.normality.distances import mean_squared_error
from tasks.normality.events import Event, flagged_stretches
from tasks.normality.health import HealthInterval
from tasks.video.search import printable


@dataclass(frozen=True, slots=True)
class Recording:
    """When a video was recorded.

    Attributes:
        start: When its first frame was, with a zone, or None.
        source: What says so: its path, or else its container, or None.
    """

    start: datetime | None
    source: Literal["path", "container"] | None

    @classmethod
    def of(cls, sighting: Sighting, record: VideoRecord) -> Recording:
        """Return what the path says, or else the container."""
        created_at = record.facts.get("created_at")
        if sighting.recorded_at:
            return cls(datetime.fromisoformat(sighting.recorded_at), "path")
        if created_at:
            return cls(datetime.fromisoformat(created_at), "container")
        return cls(None, None)

    def after(self, seconds: float) -> str | None:
        """Return the moment that many seconds on, ISO 8601, or None where none is known."""
        if self.start is None:
            return None
        try:
            return (self.start + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
        except OverflowError:  # a damaged file can claim to last beyond the calendar's end
            return None


@dataclass(frozen=True, slots=True, eq=False)
class ScoredVideo:
    """A video whose every frame has a score.

    Attributes:
        names: ``video_id``, ``camera`` and ``path``.
        record: What was probed.
        recorded: When it was recorded, as far as that is known.
        decoder: The decoder that gave the frames, and why if not decord.
        scores: One a frame, shape (N,), float64.
        flagged: Whether each is above the threshold, shape (N,).
        health: When its camera was not well.
    """

    names: dict[str, str]
    record: VideoRecord
    recorded: Recording
    decoder: str
    scores: npt.NDArray[np.float64]
    flagged: npt.NDArray[np.bool_]
    health: Sequence[HealthInterval]

    def times(self) -> FrameTimes:
        """Return when each frame is shown and was recorded."""
        return FrameTimes(self.record.times_s, self.recorded.start)


def score_video(
    warehouse: Warehouse,
    sighting: Sighting,
    shards: Sequence[str],
    profile: ProfileContent,
    threshold: float,
) -> ScoredVideo:
    """Score every frame of a video; a frame has the score of its tubelet.

    Raises:
        CorruptShardError: The shards do not hold each frame of the video once.
    """
    record = read_video(warehouse, sighting.video_id)
    pieces, covered = [], 0
    for shard in shards:
        rows = read_shard(warehouse, shard)
        edges = np.append(rows.frame_start, rows.frame_end[-1])
        if edges[0] != covered or (edges[1:] != rows.frame_end).any():
            raise CorruptShardError(warehouse.uri(shard), "it leaves out frames")
        pieces.append(np.repeat(mean_squared_error(rows.embeddings, profile.mean), rows.weights))
        covered = int(edges[-1])
    if covered != record.num_frames:
        raise CorruptShardError(
            warehouse.uri(shards[-1].rpartition("/")[0]),
            f"it holds {covered} of {record.num_frames} frames",
        )
    scores = np.concatenate(pieces)
    lineage = read_lineage(warehouse, shards[0])
    reason = f" ({lineage['decoder_reason']})" if lineage["decoder_reason"] else ""
    return ScoredVideo(
        names={
            "video_id": sighting.video_id,
            "camera": sighting.camera,
            "path": printable(sighting.path),
        },
        record=record,
        recorded=Recording.of(sighting, record),
        decoder=lineage["decoder"] + reason,
        scores=scores,
        flagged=scores > threshold,
        health=health_of(warehouse, sighting.video_id, profile.references.get(sighting.camera)),
    )


def describe(video: ScoredVideo) -> dict[str, Any]:
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
        "health": [
            {
                "kind": interval.kind,
                **_describe_span(video, interval.frame_start, interval.frame_end, edges_s),
            }
            for interval in video.health
        ],
        "events": [
            _describe_event(video, event, edges_s)
            for event in flagged_stretches(video.scores, video.flagged)
        ],
    }


def _describe_event(
    video: ScoredVideo, event: Event, edges_s: npt.NDArray[np.float64]
) -> dict[str, Any]:
    """Return what a report says of an event."""
    return {
        "event_id": _event_id(video, event),
        **asdict(event),
        **_describe_span(video, event.frame_start, event.frame_end, edges_s),
        "health": sorted(
            {
                unwell.kind
                for unwell in video.health
                if unwell.frame_start < event.frame_end and event.frame_start < unwell.frame_end
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


def _event_id(video: ScoredVideo, event: Event) -> str:
    """Return an id that stays while the event's peak stays, whatever the threshold."""
    key = "\n".join((video.names["video_id"], video.names["path"], str(event.peak_frame)))
    return hashlib.sha256(key.encode()).hexdigest()[:16]
