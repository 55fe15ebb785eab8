"""List the profiles of a warehouse."""

from __future__ import annotations

from prefect import flow

from tasks.parameters import DEFAULT_WAREHOUSE, WarehousePlace
from tasks.profile_listing import ProfileEntry, list_versions


@flow(name="list-profiles")
def list_profiles(warehouse: WarehousePlace = DEFAULT_WAREHOUSE) -> list[ProfileEntry]:
    """Return every version of every profile."""
    return list_versions(warehouse)
