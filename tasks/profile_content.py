"""All that a version of a profile says, worked out from its normal footage."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from storage.profile_content import ProfileContent
from storage.profile_lineage import ProfileLineage
from storage.profiles import ProfileDraft
from tasks.calibrating import default_thresholds
from tasks.health import kept
from tasks.normal_footage import NormalFootage
from tasks.normality.distances import DISTANCES
from tasks.normality.errors import NoNormalFootageError
from tasks.normality.scopes import ALL
from tasks.normality.standing_out import standing_out
from tasks.parameters import ProfileOptions
from tasks.profile_building import NormalSums, Plan

logger = logging.getLogger(__name__)
MOST_HALF_LIVES = 20.0  # a frame counts for a millionth at least: more would be lost in rounding


def content_of(
    footage: NormalFootage, lineage: ProfileLineage, options: ProfileOptions, draft: ProfileDraft
) -> ProfileContent:
    """Sum up normal footage, score it against itself, and return what the profile says.

    Raises:
        NoNormalFootageError: The footage does not allow what the options ask for.
    """
    distances = _distances(lineage, options)
    sums = NormalSums.of(Plan(footage, _weights(footage, options), distances, options.by))
    strange = _strange_videos(sums)
    if options.robust and strange:
        gone = {item["video_id"] for item in strange}
        left = [video for video in footage.videos if video.video_id not in gone]
        sums = NormalSums.of(replace(sums.plan, footage=replace(footage, videos=left)))
    sums.calibrate(draft.calibration)
    draft.calibration.close()
    videos = sums.plan.footage.videos
    weights = [sums.plan.weights[video.video_id] for video in videos]
    own = np.array([moments.weight for moments in sums.own])
    return ProfileContent(
        lineage=lineage,
        mean=sums.scopes[ALL].moments.mean,
        video_ids=[video.video_id for video in videos],
        cameras=[video.known.camera for video in videos],
        frames=np.round(own / np.array(weights)).astype(np.int64),
        weights=own,
        means=np.stack([moments.mean for moments in sums.own]),
        statistics=list(sums.statistics()),
        coresets=sums.coresets,
        references={camera: kept(item) for camera, item in footage.references.items()},
        findings={
            "distances": distances,
            "standing_out": [{**item, "left_out": options.robust} for item in strange],
            "thresholds": default_thresholds(sums, draft),
        },
    )


def _distances(lineage: ProfileLineage, options: ProfileOptions) -> list[str]:
    """Return the distances that a profile is built for: those asked for, or all there can be."""
    if options.distances is not None:
        return list(options.distances)
    sketched = bool(lineage.encoder.get("patch_sketch"))
    return [name for name, kind in DISTANCES.items() if sketched or kind.needs != "patches"]


def _weights(footage: NormalFootage, options: ProfileOptions) -> Mapping[str, float]:
    """Return what a frame of each video counts for: half as much for every half-life of age.

    The age is that before the newest video, not before today: the same footage gives the same
    profile on any day. What people have called normal counts in full where its age is not known.
    """
    if options.half_life_d is None:
        return {video.video_id: 1.0 for video in footage.videos}
    undated = [video for video in footage.videos if video.known.recorded_at is None]
    unknown = [video for video in undated if video.known.is_whole]
    if unknown:
        raise NoNormalFootageError(
            f"a half-life needs to know when footage was recorded, and of {len(unknown)} of "
            f"{len(footage.videos)} normal videos nobody knows: extract them with --path-pattern, "
            "or leave the half-life out"
        )
    begins = {
        video.video_id: datetime.fromisoformat(video.known.recorded_at)
        for video in footage.videos
        if video.known.recorded_at is not None
    }
    newest = max(begins.values(), default=None)
    half_life = timedelta(days=options.half_life_d)
    weights = {video.video_id: 1.0 for video in undated}
    for video_id, begin in begins.items():
        assert newest
        weights[video_id] = 0.5 ** min((newest - begin) / half_life, MOST_HALF_LIVES)
    return weights


def _strange_videos(sums: NormalSums) -> list[dict[str, Any]]:
    """Return the normal videos that look unlike the others of their camera.

    What people have called normal looks unlike the rest, or they would not have been asked.
    """
    cameras: defaultdict[str, list[int]] = defaultdict(list)
    for number, video in enumerate(sums.plan.footage.videos):
        if video.known.is_whole:
            cameras[video.known.camera].append(number)
    found = []
    for camera, numbers in sorted(cameras.items()):
        judged = standing_out(np.stack([sums.own[number].mean for number in numbers]))
        if judged is None:
            continue
        for number in np.flatnonzero(judged.stands_out).tolist():
            video_id = sums.plan.footage.videos[numbers[number]].video_id
            logger.warning("normal video %s of %s looks unlike the rest", video_id, camera)
            ratio = float(judged.ratios[number])
            found.append({"video_id": video_id, "camera": camera, "ratio": ratio})
    return found
