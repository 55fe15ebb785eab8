"""Videos that retention has removed: one small document a video, so that none comes back by itself.

A video that is pruned has no shards and no record, and its footage is not read again, wherever it
lies. Where only the document is there and shards still are, removing them was broken off.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from storage.documents import commit_document, find_record
from storage.warehouse import Warehouse

FOLDER = "pruned"


@dataclass(frozen=True, slots=True)
class Pruned:
    """A video that was removed.

    Attributes:
        video_id: Its content.
        recorded_at: When it was recorded, ISO 8601 with a zone, or None where nothing says.
        pruned_at: When it was removed, ISO 8601, UTC.
    """

    video_id: str
    recorded_at: str | None
    pruned_at: str


def mark_pruned(warehouse: Warehouse, video_id: str, recorded_at: datetime | None) -> None:
    """Commit that a video is pruned; what is committed already stays."""
    if not warehouse.exists(_place(video_id)):
        now = datetime.now(UTC).isoformat(timespec="seconds")
        entry = Pruned(video_id, recorded_at.isoformat() if recorded_at else None, now)
        commit_document(warehouse, _place(video_id), asdict(entry))


def find_pruned(warehouse: Warehouse, video_id: str) -> Pruned | None:
    """Return when a video was pruned, if it was."""
    return find_record(warehouse, _place(video_id), Pruned)


def pruned_videos(warehouse: Warehouse) -> set[str]:
    """Return the ids of all videos that are pruned."""
    return {PurePosixPath(place).stem for place in warehouse.files_below(FOLDER)}


def _place(video_id: str) -> str:
    """Return where the document of a video is kept."""
    return f"{FOLDER}/{video_id}.json"
