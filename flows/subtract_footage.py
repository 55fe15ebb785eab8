"""Build a profile from the footage of another, without some of it."""

from __future__ import annotations

from prefect import flow

from tasks.normal_choice import choose_normal, known_lineage, take_away
from tasks.parameters import (
    DEFAULT_OPTIONS,
    DEFAULT_WAREHOUSE,
    EVER,
    Period,
    ProfileName,
    ProfileOptions,
    ProfileSelector,
    Selectors,
    WarehousePlace,
)
from tasks.profiling import BuiltProfile, commit_profile


@flow(name="subtract-footage")
def subtract_footage(
    source: ProfileSelector,
    normal: Selectors,
    profile: ProfileName,
    warehouse: WarehousePlace = DEFAULT_WAREHOUSE,
    options: ProfileOptions = DEFAULT_OPTIONS,
    period: Period = EVER,
) -> BuiltProfile:
    """Build a profile of what went into another, but for a video, a camera or a span of time."""
    known = known_lineage(warehouse, source)
    gone = choose_normal(warehouse, normal, known.encoder_id, False, period)
    videos = take_away(warehouse, known, gone)
    made_by = f"subtraction from {source}"
    return commit_profile(warehouse, profile, videos, options.over(known.options), made_by)
