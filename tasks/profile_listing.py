"""What is said of profiles: which there are, what one holds, and how two differ."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from prefect import task

from storage.profile_content import ProfileContent, read_content, read_outline
from storage.profiles import ProfileRef, all_profiles, find_profile, marker_of
from storage.warehouse import Warehouse
from tasks.normality.errors import IncompatibleProfileError
from tasks.normality.scopes import ALL
from tasks.profile_building import sums_in
from tasks.retrying import STEP


@dataclass(frozen=True, slots=True)
class ProfileEntry:
    """A version of a profile in a few words."""

    name: str
    version: str
    encoder_id: str
    videos: int
    frames: int
    by: str
    made_by: str


@dataclass(frozen=True, slots=True)
class ProfileView:
    """All that people want to know of a version of a profile.

    Attributes:
        entry: It in a few words.
        cameras: Videos and frames of each.
        distances: Distances that it can score by.
        thresholds: The default threshold of each scope and distance.
        standing_out: Normal videos that look unlike the rest.
        left_out: Intervals of normal footage that do not count.
        frames_left_out: Frames in them.
        footage: The videos that it was built from.
    """

    entry: ProfileEntry
    cameras: list[dict[str, Any]]
    distances: list[str]
    thresholds: list[dict[str, Any]]
    standing_out: list[dict[str, Any]]
    left_out: list[dict[str, Any]]
    frames_left_out: int
    footage: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ProfileDifference:
    """How one version of a profile differs from another.

    Attributes:
        before: One version.
        after: The other.
        added: Ids of videos that only the other has.
        removed: Ids of videos that only the one has.
        frames: Frames that count in each.
        mean_distance: Mean squared error between the two means.
        spread: Mean variance of the one: what the distance is to be held against.
        thresholds: The default threshold of each scope and distance in both.
    """

    before: str
    after: str
    added: list[str]
    removed: list[str]
    frames: tuple[int, int]
    mean_distance: float
    spread: float
    thresholds: list[dict[str, Any]]


@task(**STEP)
def list_versions(place: str) -> list[ProfileEntry]:
    """Return every version of every profile."""
    warehouse = Warehouse.at(place)
    return [_entry(warehouse, ref) for ref in all_profiles(warehouse)]


@task(**STEP)
def view_version(place: str, selector: str) -> ProfileView:
    """Return what people want to know of a version."""
    warehouse = Warehouse.at(place)
    ref = find_profile(warehouse, selector)
    content = read_content(warehouse, ref.place)
    videos = Counter(content.cameras)
    frames: Counter[str] = Counter()
    for camera, count in zip(content.cameras, content.frames.tolist(), strict=True):
        frames[camera] += count
    return ProfileView(
        entry=_entry(warehouse, ref),
        cameras=[
            {"camera": camera, "videos": videos[camera], "frames": frames[camera]}
            for camera in sorted(videos)
        ],
        distances=content.findings["distances"],
        thresholds=content.findings["thresholds"],
        standing_out=content.findings["standing_out"],
        left_out=[dict(interval) for interval in content.lineage.left_out],
        frames_left_out=content.lineage.frames_left_out,
        footage=[asdict(video) for video in content.lineage.footage],
    )


@task(**STEP)
def compare_versions(place: str, before: str, after: str) -> ProfileDifference:
    """Return how two versions differ.

    Raises:
        IncompatibleProfileError: They belong to different encoders.
    """
    warehouse = Warehouse.at(place)
    refs = [find_profile(warehouse, selector) for selector in (before, after)]
    one, other = (read_content(warehouse, ref.place) for ref in refs)
    if one.encoder_id != other.encoder_id:
        raise IncompatibleProfileError(
            f"{refs[0]} was built with the encoder {one.encoder_id} and {refs[1]} with "
            f"{other.encoder_id}: profiles of one encoder alone can be compared"
        )
    was, now = ({**_thresholds(content)} for content in (one, other))
    return ProfileDifference(
        before=str(refs[0]),
        after=str(refs[1]),
        added=sorted({*other.video_ids} - {*one.video_ids}),
        removed=sorted({*one.video_ids} - {*other.video_ids}),
        frames=(int(one.frames.sum()), int(other.frames.sum())),
        mean_distance=float(np.square(other.mean - one.mean).mean()),
        spread=_spread(one),
        thresholds=[
            {
                "scope": scope,
                "distance": name,
                "before": was[scope, name],
                "after": now[scope, name],
            }
            for scope, name in was
            if (scope, name) in now
        ],
    )


def _entry(warehouse: Warehouse, ref: ProfileRef) -> ProfileEntry:
    """Return a version in a few words."""
    outline = read_outline(warehouse, marker_of(warehouse, ref))
    return ProfileEntry(
        name=ref.name,
        version=ref.version,
        encoder_id=outline.lineage.encoder_id,
        videos=outline.videos,
        frames=outline.frames,
        by=outline.lineage.options["by"],
        made_by=outline.lineage.made_by,
    )


def _thresholds(content: ProfileContent) -> dict[tuple[str, str], float]:
    """Return the default thresholds by scope and distance."""
    return {
        (item["scope"], item["distance"]): item["value"] for item in content.findings["thresholds"]
    }


def _spread(content: ProfileContent) -> float:
    """Return the mean variance of a profile's footage."""
    return float(sums_in(content.statistics, ALL).moments.variance.mean())
