"""Show the footage that cannot be read."""

from __future__ import annotations

from prefect import flow

from storage.quarantine import Quarantined
from tasks.parameters import DEFAULT_WAREHOUSE, Selectors, WarehousePlace
from tasks.quarantining import find_in_quarantine


@flow(name="list-quarantine")
def list_quarantine(
    warehouse: WarehousePlace = DEFAULT_WAREHOUSE,
    footage: Selectors = [],  # noqa: B006 - Prefect shows it in its form, nobody changes it
) -> list[Quarantined]:
    """Return the quarantined files, or those that are named, with the reasons."""
    return find_in_quarantine(warehouse, footage)
