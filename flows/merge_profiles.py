"""Build a profile from the footage of several others."""

from __future__ import annotations

from prefect import flow

from tasks.normal_choice import add_confirmed, known_lineage, normal_in
from tasks.parameters import (
    DEFAULT_OPTIONS,
    DEFAULT_WAREHOUSE,
    ProfileName,
    ProfileOptions,
    ProfileSelectors,
    WarehousePlace,
)
from tasks.profiling import BuiltProfile, commit_profile


@flow(name="merge-profiles")
def merge_profiles(
    profiles: ProfileSelectors,
    profile: ProfileName,
    warehouse: WarehousePlace = DEFAULT_WAREHOUSE,
    options: ProfileOptions = DEFAULT_OPTIONS,
) -> BuiltProfile:
    """Build a profile of all that went into others; footage that several have counts once."""
    known = [known_lineage(warehouse, selector) for selector in profiles]
    videos = add_confirmed(warehouse, profile, normal_in(warehouse, known))
    made_by = f"merge of {' '.join(profiles)}"
    return commit_profile(warehouse, profile, videos, options.over(known[0].options), made_by)
