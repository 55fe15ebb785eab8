"""Footage that cannot be read, with the reason: one small document a video."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from storage.documents import commit_document, find_record, find_records, inspect_record
from storage.errors import CorruptShardError
from storage.warehouse import Warehouse

FOLDER = "quarantine"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A file that gives no frames.

    Attributes:
        video_id: Its content; a file whose content changes is tried again by itself.
        path: Where it lay.
        reason: What is wrong, in plain words.
        decoder_words: What the decoder itself said.
        quarantined_at: When, ISO 8601, UTC.
    """

    video_id: str
    path: str
    reason: str
    decoder_words: str
    quarantined_at: str


def quarantine_video(
    warehouse: Warehouse, video_id: str, path: str, reason: str, decoder_words: str
) -> None:
    """Commit a quarantine entry."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    entry = Quarantined(video_id, path, reason, decoder_words, now)
    commit_document(warehouse, _place(video_id), asdict(entry))


def find_quarantined(warehouse: Warehouse, video_id: str) -> Quarantined | None:
    """Return the quarantine entry of a video, if there is one."""
    return find_record(warehouse, _place(video_id), Quarantined)


def quarantined_videos(warehouse: Warehouse) -> set[str]:
    """Return the ids of all videos that are quarantined."""
    return {PurePosixPath(place).stem for place in warehouse.files_below(FOLDER)}


def all_quarantined(warehouse: Warehouse) -> list[Quarantined]:
    """Return every entry, in the order of their paths."""
    found = find_records(warehouse, warehouse.files_below(FOLDER), Quarantined)
    return sorted(found, key=lambda entry: (entry.path, entry.video_id))


def inspect_quarantined(warehouse: Warehouse, place: str) -> Quarantined | None:
    """Read an entry and make sure that it is one, and lies where that of its video belongs.

    Raises:
        CorruptShardError: It does not.
    """
    entry = inspect_record(warehouse, place, Quarantined)
    if entry is not None and place != _place(entry.video_id):
        raise CorruptShardError(
            warehouse.uri(place),
            f"it is of the video {entry.video_id!r}, whose place is {_place(entry.video_id)}",
        )
    return entry


def release(warehouse: Warehouse, video_id: str) -> None:
    """Remove an entry: the video is tried again where it is seen next."""
    warehouse.remove(_place(video_id))


def _place(video_id: str) -> str:
    """Return where the entry of a video is kept."""
    return f"{FOLDER}/{video_id}.json"
