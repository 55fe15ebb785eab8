"""What each night has reported, which is what makes footage not new: one small document a night.

A document is committed after its report, so a night that is killed in between is one that was not:
its footage is reported again, never passed over. ``night_ledger`` keeps them from growing many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from storage.documents import commit_document, read_document
from storage.errors import CorruptShardError
from storage.parquet import reading
from storage.warehouse import Warehouse

FOLDER = "nights"
Key = str | tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class ReportedFile:
    """A file that a night has reported.

    Attributes:
        path: Where it lay, as people are shown it.
        video_id: The video that it held; None where it could not be read.
        reason: Why it could not be read, or None.
    """

    path: str
    video_id: str | None = None
    reason: str | None = None

    @property
    def key(self) -> Key:
        """What it is known by: its video wherever it lies, else its path with the reason."""
        return self.video_id or (self.path, self.reason)


@dataclass(frozen=True, slots=True)
class Night:
    """What one night has reported.

    Attributes:
        profile: Name of the profile that it was held against.
        report_id: The report.
        created_at: When, ISO 8601, UTC.
        files: The files that were new.
    """

    profile: str
    report_id: str
    created_at: str
    files: tuple[ReportedFile, ...]


def record_night(warehouse: Warehouse, night: Night) -> None:
    """Commit what a night has reported; its report is there by now."""
    commit_document(warehouse, f"{FOLDER}/{night.profile}/{night.report_id}.json", asdict(night))


def inspect_night(warehouse: Warehouse, place: str) -> Night | None:
    """Read a night and make sure that it is one, and lies where it belongs; None if it is gone.

    Raises:
        CorruptShardError: It is none.
    """
    try:
        return _read_night(warehouse, place)
    except FileNotFoundError:
        return None


def read_nights(warehouse: Warehouse, places: Sequence[str]) -> list[Night | None]:
    """Read nights, in order; None for one that is damaged.

    Raises:
        FileNotFoundError: One of them is gone.
    """
    return warehouse.each(partial(_if_sound, warehouse), places)


def _if_sound(warehouse: Warehouse, place: str) -> Night | None:
    """Read a night, unless it is damaged."""
    try:
        return _read_night(warehouse, place)
    except CorruptShardError:
        return None


def _read_night(warehouse: Warehouse, place: str) -> Night:
    """Read a night that lies where it belongs.

    Raises:
        FileNotFoundError: It is gone.
        CorruptShardError: It is none.
    """
    document = read_document(warehouse, place)
    with reading(warehouse.uri(place)):
        night = _night_of(document)
        belongs = f"{FOLDER}/{night.profile}/{night.report_id}.json"
    if place != belongs:
        raise CorruptShardError(warehouse.uri(place), f"its own place is {belongs}")
    return night


def _night_of(document: dict[str, Any]) -> Night:
    """Return the night that a document holds."""
    files = tuple(
        ReportedFile(item["path"], item["video_id"], item["reason"]) for item in document["files"]
    )
    return Night(document["profile"], document["report_id"], document["created_at"], files)
