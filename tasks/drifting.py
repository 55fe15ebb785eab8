"""How far the footage of a report lies from its profile, camera by camera."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.normality.drift import Drift, distances_to_others, drift
from tasks.normality.scopes import ALL, camera_scope
from tasks.profile_use import ProfileInUse


@dataclass(frozen=True, slots=True, eq=False)
class Drifts:
    """Means of the videos that were scored, by camera.

    Attributes:
        profile: What they are held against.
    """

    profile: ProfileInUse
    _means: defaultdict[str, list[npt.NDArray[np.float64]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, camera: str, mean: npt.NDArray[np.float64]) -> None:
        """Take in one video, of this mean, shape (D,)."""
        self._means[camera].append(mean)

    def as_json(self) -> list[dict[str, Any]]:
        """Return how far each camera has drifted, in the order of their names."""
        found = []
        for camera, means in sorted(self._means.items()):
            known = self._drift(camera, np.stack(means))
            found.append(
                {
                    "camera": camera,
                    "ratio": known.ratio if known else None,
                    "videos": len(means),
                    "stale": known.stale if known else False,
                }
            )
        return found

    def _drift(self, camera: str, means: npt.NDArray[np.float64]) -> Drift | None:
        """Return how far videos of one camera lie from what is normal for it."""
        content, scope = self.profile.content, self.profile.scope_of(camera)
        whole = {video.video_id for video in content.lineage.footage if video.is_whole}
        normal = np.array(
            [
                video_id in whole and scope in (ALL, camera_scope(own))
                for video_id, own in zip(content.video_ids, content.cameras, strict=True)
            ]
        )
        weights = content.weights[normal]
        totals = content.means[normal] * weights[:, np.newaxis]
        return drift(self.profile.mean(scope), distances_to_others(weights, totals), means)
