"""What past runs took: one small document a run that has encoded something.

They hold times, and nothing else that the warehouse keeps depends on them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from storage.documents import commit_document, find_records, new_id
from storage.warehouse import Warehouse

FOLDER = "runs"
RECENT = 200  # that are looked at


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What one run has encoded.

    Attributes:
        encoder_id: The encoder.
        shape: What decides what a clip costs: T, u, P and D of the checkpoint, as text.
        device: Kind of the device that it ran on.
        clips: Clips that were encoded.
        seconds: What that took, reading the footage and writing the shards included.
        bytes: Size of the shards.
        started_at: When, ISO 8601, UTC.
    """

    encoder_id: str
    shape: str
    device: str
    clips: int
    seconds: float
    bytes: int
    started_at: str


def record_run(warehouse: Warehouse, record: RunRecord) -> None:
    """Commit what a run took."""
    started = datetime.fromisoformat(record.started_at)
    run_id = new_id(started)
    commit_document(warehouse, f"{FOLDER}/{run_id}.json", asdict(record))


def recent_runs(warehouse: Warehouse) -> list[RunRecord]:
    """Return the newest records, newest first."""
    places = warehouse.files_below(FOLDER)[-RECENT:]
    return find_records(warehouse, reversed(places), RunRecord)
