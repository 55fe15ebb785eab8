"""Camera health: what is known of it is read, judged, and kept out of what counts as normal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from storage.references import Reference
from storage.shard_reading import FrameEmbeddings
from storage.signs import read_signs
from storage.warehouse import Warehouse
from tasks.normality.health import HealthInterval, find_health_intervals, learn_reference
from tasks.normality.references import CameraReference
from tasks.video.signs import NO_SIGNS, Signs


@dataclass(frozen=True, slots=True, eq=False)
class NormalHealth:
    """Which frames of normal videos show a camera that is well.

    Attributes:
        references: What each camera shows then.
        intervals: The intervals of each video that it does not.
    """

    references: Mapping[str, CameraReference]
    intervals: Mapping[str, Sequence[HealthInterval]]

    def weights(self, video_id: str, rows: FrameEmbeddings) -> npt.NDArray[np.int64]:
        """Return how many frames that are well each row of a video speaks for, shape (n,)."""
        weights = rows.weights
        for unwell in self.intervals.get(video_id, ()):
            start = np.maximum(rows.frame_start, unwell.frame_start)
            end = np.minimum(rows.frame_end, unwell.frame_end)
            weights = weights - np.maximum(end - start, 0)
        return weights

    def as_json(self) -> list[dict[str, Any]]:
        """Return the intervals as a profile's lineage lists them."""
        return [
            {"video_id": video_id, **asdict(interval)}
            for video_id, found in sorted(self.intervals.items())
            for interval in found
        ]


def judge_normal(warehouse: Warehouse, cameras: Mapping[str, str]) -> NormalHealth:
    """Return the health of normal videos, each held against the others of its camera.

    Args:
        warehouse: Where they were probed.
        cameras: The camera of each video.
    """
    videos: defaultdict[str, list[str]] = defaultdict(list)
    for video_id, camera in sorted(cameras.items()):
        videos[camera].append(video_id)
    references: dict[str, CameraReference] = {}
    intervals: dict[str, Sequence[HealthInterval]] = {}
    for camera, ids in sorted(videos.items()):
        signs = {video_id: signs_of(warehouse, video_id) for video_id in ids}
        reference = learn_reference(signs.values())
        if reference is not None:
            references[camera] = reference
        for video_id, measured in signs.items():
            intervals[video_id] = find_health_intervals(measured, reference)
    return NormalHealth(references, intervals)


def health_of(
    warehouse: Warehouse, video_id: str, reference: Reference | None
) -> list[HealthInterval]:
    """Return when a video's camera was not well, held against what it shows when it is."""
    known = None
    if reference is not None:
        usual = (reference.fine, reference.sharpness, reference.structure)
        known = CameraReference(*usual, reference.views)
    return find_health_intervals(signs_of(warehouse, video_id), known)


def signs_of(warehouse: Warehouse, video_id: str) -> Signs:
    """Return what was measured of a video; nothing of one that was probed before this was."""
    columns = read_signs(warehouse, video_id)
    return Signs(**columns) if columns else NO_SIGNS


def columns_of(signs: Signs) -> dict[str, npt.NDArray[Any]]:
    """Return what was measured of a video as the warehouse keeps it."""
    return {field.name: getattr(signs, field.name) for field in fields(signs)}


def kept(reference: CameraReference) -> Reference:
    """Return a reference as the warehouse keeps it."""
    usual = (reference.fine, reference.sharpness, reference.structure)
    return Reference(*usual, reference.views)
