"""Forget footage that could not be read."""

from __future__ import annotations

from prefect import flow

from storage.quarantine import Quarantined
from tasks.parameters import DEFAULT_WAREHOUSE, Paths, WarehousePlace
from tasks.quarantining import find_in_quarantine, release_from_quarantine


@flow(name="drop-quarantine")
def drop_quarantine(
    footage: Paths, warehouse: WarehousePlace = DEFAULT_WAREHOUSE
) -> list[Quarantined]:
    """Forget the entries that are named; files that still lie there are tried at the next run."""
    entries = find_in_quarantine(warehouse, footage)
    release_from_quarantine(warehouse, entries)
    return entries
