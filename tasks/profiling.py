"""Profiling: the embeddings of normal footage become a version of a profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from prefect import task

from storage.parquet import read_lineage
from storage.profile_content import ProfileContent, read_content
from storage.profile_lineage import ProfileLineage
from storage.profiles import ProfileRef, new_profile, same_version
from storage.warehouse import Warehouse
from tasks.normal_footage import NormalFootage, NormalVideo
from tasks.normality.ladder import MISSION
from tasks.normality.thresholds import DEFAULT_THRESHOLD
from tasks.parameters import ProfileOptions, Scoring
from tasks.profile_content import content_of
from tasks.profile_use import Judge, ProfileInUse
from tasks.regression import Regression, check_anomalies
from tasks.retrying import STEP


@dataclass(frozen=True, slots=True)
class BuiltProfile:
    """A version of a profile.

    Attributes:
        name: Its name.
        version: Its number.
        is_new: Whether it was built just now; else the newest version says the same.
        videos: Normal videos that have frames that count.
        frames: Those frames.
        standing_out: Normal videos that look unlike the rest.
        regression: How it does, with the default threshold, on anomalies that people confirmed.
    """

    name: str
    version: str
    is_new: bool
    videos: int
    frames: int
    standing_out: tuple[dict[str, Any], ...]
    regression: Regression

    @property
    def ref(self) -> ProfileRef:
        """The version."""
        return ProfileRef(self.name, self.version)

    @property
    def selector(self) -> str:
        """What names this version."""
        return f"{self.name}@{self.version}"


@task(**STEP)
def commit_profile(
    place: str, name: str, videos: Sequence[NormalVideo], options: ProfileOptions, made_by: str
) -> BuiltProfile:
    """Sum up the normal videos and commit the profile as the next version of its name.

    Where the newest version was built from just the same, that is the one.
    """
    warehouse = Warehouse.at(place)
    footage = NormalFootage.of(warehouse, videos, options.keep_unhealthy)
    lineage = _lineage_of(warehouse, videos, footage.left_out, options, made_by)
    known = same_version(warehouse, name, lineage)
    if known is not None:
        return _describe(warehouse, known, read_content(warehouse, known.place), is_new=False)
    with new_profile(warehouse) as draft:
        content = content_of(footage, lineage, options, draft)
        return _describe(warehouse, draft.commit(name, content), content, is_new=True)


def _describe(
    warehouse: Warehouse, ref: ProfileRef, content: ProfileContent, is_new: bool
) -> BuiltProfile:
    """Return what people want to know of a version that was built."""
    profile = ProfileInUse(warehouse, ref, content, (MISSION,))
    judge = Judge.of(profile, DEFAULT_THRESHOLD, Scoring())
    return BuiltProfile(
        name=ref.name,
        version=ref.version,
        is_new=is_new,
        videos=len(content.video_ids),
        frames=int(content.frames.sum()),
        standing_out=tuple(content.findings["standing_out"]),
        regression=check_anomalies(warehouse, judge),
    )


def _lineage_of(
    warehouse: Warehouse,
    videos: Sequence[NormalVideo],
    left_out: Sequence[Any],
    options: ProfileOptions,
    made_by: str,
) -> ProfileLineage:
    """Return what a profile of these videos is built from."""
    shard = read_lineage(warehouse, videos[0].shards[0])
    return ProfileLineage(
        encoder_id=shard["encoder_id"],
        encoder=shard["encoder"],
        footage=tuple(video.known for video in videos),
        options=options.model_dump(),
        left_out=tuple(left_out),
        made_by=made_by,
    )
