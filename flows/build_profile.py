"""Build a version of a profile from the embeddings of normal footage."""

from __future__ import annotations

from prefect import flow

from tasks.embedding import identify
from tasks.normal_choice import add_confirmed, add_normal, choose_normal, known_lineage
from tasks.parameters import (
    DEFAULT_OPTIONS,
    DEFAULT_PROFILE,
    DEFAULT_WAREHOUSE,
    EVER,
    Encoding,
    Period,
    ProfileName,
    ProfileOptions,
    Selectors,
    WarehousePlace,
)
from tasks.profiling import BuiltProfile, commit_profile
from tasks.watching import WATCHED


@flow(name="build-profile", **WATCHED)
def build_profile(
    normal: Selectors,
    profile: ProfileName = DEFAULT_PROFILE,
    warehouse: WarehousePlace = DEFAULT_WAREHOUSE,
    encoding: Encoding | None = None,
    update: bool = False,
    present: bool = False,
    options: ProfileOptions = DEFAULT_OPTIONS,
    period: Period = EVER,
) -> BuiltProfile:
    """Build the profile from shards alone; without an encoding, by the encoder they have."""
    encoder_id = identify(encoding).encoder_id if encoding else None
    videos = choose_normal(warehouse, normal, encoder_id, present, period)
    if update:
        known = known_lineage(warehouse, profile, encoder_id)
        videos, options = add_normal(warehouse, known, videos), options.over(known.options)
    videos = add_confirmed(warehouse, profile, videos)
    return commit_profile(warehouse, profile, videos, options, "update" if update else "build")
