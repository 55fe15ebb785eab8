"""Whether a warehouse can take a night's work, and what the last night left in it."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from storage.errors import CorruptShardError, StorageError
from storage.local_folder import LocalFolder
from storage.reports import FOLDER as REPORTS
from storage.reports import find_report
from storage.warehouse import Warehouse
from tasks.readiness import Check, State, words_of

FULL_BYTES = 10**9
NEARLY_FULL_BYTES = 10**10  # forty hours of footage at stride 1


def check_warehouse(place: str) -> Check:
    """Return whether the warehouse can be written, and how much room it has."""
    remedy = "permit or mend the place, or give another with --warehouse"
    try:
        warehouse = Warehouse.at(place)
        what = _try(warehouse)
        free_bytes = warehouse.free_bytes()
    except (StorageError, OSError, ValueError) as error:  # a ValueError is pyarrow's own
        return Check("warehouse", "failing", words_of(error), remedy)
    if free_bytes is None:
        return Check("warehouse", "ok", what)
    what = f"{what}, {free_bytes / 1e9:,.1f} GB free"
    if free_bytes < NEARLY_FULL_BYTES:
        remedy = "free some space: 'nightjar prune --older-than 30d --dry-run' says what could go"
        state: State = "failing" if free_bytes < FULL_BYTES else "warning"
        return Check("warehouse", state, what, remedy)
    return Check("warehouse", "ok", what)


def check_last_report(place: str) -> Check:
    """Return when the newest report was made, and what it tells of."""
    none = Check("last report", "warning", "there is none", "run 'nightjar run' or 'nightly' once")
    try:
        warehouse = Warehouse.at(place)
        if isinstance(warehouse.medium, LocalFolder) and not warehouse.medium.folder.is_dir():
            return none
        entries = (find_report(warehouse, name) for name in reversed(warehouse.folders_in(REPORTS)))
        newest = next(filter(None, entries), None)
    except CorruptShardError as error:
        remedy = "run 'nightjar verify', which names all that is damaged"
        return Check("last report", "failing", words_of(error), remedy)
    except (StorageError, OSError, ValueError):
        return Check("last report", "warning", "unknown", "see the line of the warehouse")
    if newest is None:
        return none
    when = told(datetime.fromisoformat(newest.created_at))
    what = f"{newest.report_id}, {when}: {newest.events} events in {len(newest.video_ids)} videos"
    return Check("last report", "ok", what)


def told(moment: datetime) -> str:
    """Return how long ago a moment was, or how far ahead it lies, in the largest unit that fits."""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    number, unit = abs(seconds), "s"
    for larger, factor in (("min", 60), ("h", 60), ("days", 24)):
        if number < 2 * factor:
            break
        number, unit = number / factor, larger
    return f"{number:.0f} {unit} ago" if seconds >= 0 else f"in {number:.0f} {unit}"


def _try(warehouse: Warehouse) -> str:
    """Return in words that the warehouse can be written; a folder that is not there is not made.

    Raises:
        WarehouseUnusableError: It cannot be written.
        PermissionError: It could not be made.
    """
    medium = warehouse.medium
    if isinstance(medium, LocalFolder) and not medium.folder.is_dir():
        if not os.access(medium.nearest, os.W_OK | os.X_OK):
            raise PermissionError(f"{warehouse.root} is not there and cannot be made")
        return f"{warehouse.root} will be made by the first run"
    warehouse.check_writable()
    return f"{warehouse.root} can be written"
