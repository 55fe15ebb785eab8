"""Compare two versions of profiles."""

from __future__ import annotations

from prefect import flow

from tasks.parameters import DEFAULT_WAREHOUSE, ProfileSelector, WarehousePlace
from tasks.profile_listing import ProfileDifference, compare_versions


@flow(name="compare-profiles")
def compare_profiles(
    before: ProfileSelector, after: ProfileSelector, warehouse: WarehousePlace = DEFAULT_WAREHOUSE
) -> ProfileDifference:
    """Return how two versions differ: their footage, their means, their thresholds."""
    return compare_versions(warehouse, before, after)
