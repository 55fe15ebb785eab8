"""Try footage again that could not be read."""

from __future__ import annotations

from prefect import flow

from storage.quarantine import Quarantined
from tasks.extraction import probe_files
from tasks.parameters import DEFAULT_ARCHIVE, DEFAULT_WAREHOUSE, Selectors, WarehousePlace
from tasks.progress import measured
from tasks.quarantining import find_in_quarantine, release_from_quarantine


@flow(name="retry-quarantine")
def retry_quarantine(
    warehouse: WarehousePlace = DEFAULT_WAREHOUSE,
    footage: Selectors = [],  # noqa: B006 - Prefect shows it in its form, nobody changes it
) -> list[Quarantined]:
    """Probe the quarantined files, or those that are named, anew; return what still fails."""
    entries = find_in_quarantine(warehouse, footage)
    paths = release_from_quarantine(warehouse, entries)
    with measured("extracting", "files", total=len(paths), videos=len(paths)):
        probe_files(warehouse, paths, DEFAULT_ARCHIVE)
    tried = {entry.video_id for entry in entries}
    return [entry for entry in find_in_quarantine(warehouse, []) if entry.video_id in tried]
