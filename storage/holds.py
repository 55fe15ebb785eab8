"""Held reports: one small document a report that retention must not remove."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from storage.documents import commit_document, find_record, find_records
from storage.warehouse import Warehouse

FOLDER = "holds"


@dataclass(frozen=True, slots=True)
class Hold:
    """A report that is held.

    Attributes:
        report_id: The report.
        held_at: Since when, ISO 8601, UTC.
        why: What somebody has said about it, or None.
    """

    report_id: str
    held_at: str
    why: str | None = None


def hold(warehouse: Warehouse, report_id: str, why: str | None = None) -> None:
    """Commit that a report is held; one that is held already takes the new reason, if there is."""
    known = find_hold(warehouse, report_id)
    if known is None or why not in (None, known.why):
        now = datetime.now(UTC).isoformat(timespec="seconds")
        entry = Hold(report_id, known.held_at if known else now, why)
        commit_document(warehouse, _place(report_id), asdict(entry))


def find_hold(warehouse: Warehouse, report_id: str) -> Hold | None:
    """Return the hold on a report, if there is one."""
    return find_record(warehouse, _place(report_id), Hold)


def all_holds(warehouse: Warehouse) -> dict[str, Hold]:
    """Return every hold, by report."""
    found = find_records(warehouse, warehouse.files_below(FOLDER), Hold)
    return {entry.report_id: entry for entry in found}


def remove_hold(warehouse: Warehouse, report_id: str) -> None:
    """Remove the hold on a report, if there is one."""
    warehouse.remove(_place(report_id))


def _place(report_id: str) -> str:
    """Return where the hold on a report is kept."""
    return f"{FOLDER}/{report_id}.json"
