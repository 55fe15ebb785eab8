"""Build a version of a profile from the embeddings of normal footage."""

from __future__ import annotations

from prefect import flow

from storage.profiles import ProfileRef
from tasks.embedding import identify
from tasks.parameters import (
    DEFAULT_PROFILE,
    DEFAULT_WAREHOUSE,
    Encoding,
    KeepUnhealthy,
    ProfileName,
    Selectors,
    WarehousePlace,
)
from tasks.profiling import add_known_normal, choose_normal, commit_profile


@flow(name="build-profile")
def build_profile(
    normal: Selectors,
    profile: ProfileName = DEFAULT_PROFILE,
    warehouse: WarehousePlace = DEFAULT_WAREHOUSE,
    encoding: Encoding | None = None,
    update: bool = False,
    present: bool = False,
    keep_unhealthy: KeepUnhealthy = False,
) -> ProfileRef:
    """Build the profile from shards alone; without an encoding, by the encoder they have."""
    encoder_id = identify(encoding).encoder_id if encoding else None
    videos = choose_normal(warehouse, normal, encoder_id, present)
    if update:
        videos = add_known_normal(warehouse, profile, videos)
    return commit_profile(warehouse, profile, videos, keep_unhealthy)
