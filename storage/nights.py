"""What each night has reported: one small document a night, which is what makes footage not new.

A document is committed after its report, so a night that is killed in between is one that was not:
its footage is reported again, never passed over.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from typing import Any

from storage.documents import commit_document, read_document
from storage.errors import CorruptShardError
from storage.parquet import reading
from storage.warehouse import Warehouse

logger = logging.getLogger(__name__)
FOLDER = "nights"


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


def reported_files(warehouse: Warehouse, profile: str) -> set[ReportedFile]:
    """Return what the nights of a profile have reported.

    A document that is damaged counts for nothing: better report something twice than never.
    """
    places = warehouse.files_below(f"{FOLDER}/{profile}")
    files: set[ReportedFile] = set()
    for place, night in zip(places, warehouse.each(_Reader(warehouse), places), strict=True):
        if night is None:
            logger.warning("%s is damaged: what it lists is reported again", warehouse.uri(place))
        else:
            files.update(night.files)
    return files


def inspect_night(warehouse: Warehouse, place: str) -> Night | None:
    """Read a night and make sure that it is one, and lies where it belongs; None if it is gone.

    Raises:
        CorruptShardError: It is none.
    """
    try:
        document = read_document(warehouse, place)
    except FileNotFoundError:
        return None
    with reading(warehouse.uri(place)):
        night = _night_of(document)
        belongs = f"{FOLDER}/{night.profile}/{night.report_id}.json"
    if place != belongs:
        raise CorruptShardError(warehouse.uri(place), f"its own place is {belongs}")
    return night


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads nights of a warehouse."""

    warehouse: Warehouse

    def __call__(self, place: str) -> Night | None:
        try:
            return inspect_night(self.warehouse, place)
        except CorruptShardError:
            return None


def _night_of(document: dict[str, Any]) -> Night:
    """Return the night that a document holds."""
    files = tuple(
        ReportedFile(item["path"], item["video_id"], item["reason"]) for item in document["files"]
    )
    return Night(document["profile"], document["report_id"], document["created_at"], files)
