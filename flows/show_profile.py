"""Show what a version of a profile holds."""

from __future__ import annotations

from prefect import flow

from tasks.parameters import DEFAULT_PROFILE, DEFAULT_WAREHOUSE, ProfileSelector, WarehousePlace
from tasks.profile_listing import ProfileView, view_version


@flow(name="show-profile")
def show_profile(
    profile: ProfileSelector = DEFAULT_PROFILE, warehouse: WarehousePlace = DEFAULT_WAREHOUSE
) -> ProfileView:
    """Return what a version of a profile holds, and the footage that it comes from."""
    return view_version(warehouse, profile)
