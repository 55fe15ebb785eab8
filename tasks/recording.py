"""When a video was recorded, and what says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from storage.feedback import Feedback
from storage.footage import Sighting
from storage.videos import VideoRecord, creation_time
from storage.warehouse import Warehouse


def recorded_at(warehouse: Warehouse, seen: Sighting | Feedback) -> str | None:
    """Return when footage begins, ISO 8601: what was seen of it says so, or else its container."""
    return seen.recorded_at or creation_time(warehouse, seen.video_id)


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

    @classmethod
    def at(cls, recorded_at: str | None) -> Recording:
        """Return what a moment, ISO 8601, says that is known already."""
        return cls(datetime.fromisoformat(recorded_at) if recorded_at else None, None)

    def after(self, seconds: float) -> str | None:
        """Return the moment that many seconds on, ISO 8601, or None where none is known."""
        if self.start is None:
            return None
        try:
            return (self.start + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
        except OverflowError:  # a damaged file can claim to last beyond the calendar's end
            return None
