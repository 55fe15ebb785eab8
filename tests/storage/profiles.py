"""Small profiles, written as a run writes them."""

from dataclasses import fields
from typing import Any

import numpy as np

from storage.calibration import CalibrationRows
from storage.profile_content import Coreset, ProfileContent, Statistic
from storage.profile_lineage import ProfileLineage, ProfileVideo
from storage.profiles import ProfileRef, new_profile
from storage.references import Reference
from storage.signs import THUMBNAIL
from storage.warehouse import Warehouse

ENCODER: dict[str, Any] = {"width": 3, "model": "MCG-NJU/videomae-base"}
CAMERAS = ("gate 7", "Überwachung/📷")


def reference(views: int, seed: int = 0) -> Reference:
    random = np.random.default_rng(seed)
    fine, sharpness, structure = random.random(3).tolist()
    return Reference(
        fine, sharpness, structure, random.integers(0, 256, (views, *THUMBNAIL), dtype=np.uint8)
    )


def lineage(*video_ids: str, **changes: Any) -> ProfileLineage:
    known: dict[str, Any] = {
        "encoder_id": "e" * 16,
        "encoder": ENCODER,
        "footage": tuple(
            ProfileVideo(video, camera) for video, camera in zip(video_ids, CAMERAS, strict=False)
        ),
        "options": {"by": "all"},
        "left_out": (),
        "made_by": "build",
    }
    return ProfileLineage(**{**known, **changes})


def statistic(seed: int, scope: str, kind: str, *shape: int, full: bool) -> Statistic:
    random = np.random.default_rng(seed)
    products = random.random((*shape, shape[-1])) if full else random.random(shape)
    if full:
        products = products + np.swapaxes(products, -1, -2)
    origin, total = random.normal(size=(2, *shape))
    return Statistic(scope, kind, 10.0, origin, total, products)


def content(seed: int = 0, **changes: Any) -> ProfileContent:
    """Return a profile of two videos; another seed is another lineage too."""
    random = np.random.default_rng(seed)
    ids = changes.get("video_ids", ["a" * 32, "b" * 32])
    frames, means = np.array([4, 6])[: len(ids)], random.normal(size=(len(ids), 3))
    known: dict[str, Any] = {
        "lineage": lineage(*ids, options={"by": "all", "seed": seed}),
        "mean": frames @ means / frames.sum(),
        "video_ids": ids,
        "cameras": list(CAMERAS[: len(ids)]),
        "frames": frames,
        "weights": frames.astype(np.float64),
        "means": means,
        "statistics": [
            statistic(seed, "all", "embedding", 3, full=True),
            statistic(seed + 1, "all", "patches", 4, 2, full=True),
            statistic(seed + 2, "all", "hour:7", 3, full=False),
        ],
        "coresets": {
            "all": Coreset(random.random((2, 3)).astype(np.float32), np.array(["a" * 32, "é"]))
        },
        "findings": {
            "distances": ["mse", "knn"],
            "standing_out": [],
            "thresholds": [{"scope": "all", "distance": "mse", "value": 1.5}],
        },
    }
    return ProfileContent(**{**known, **changes})


def calibration(profile: ProfileContent, video: int) -> CalibrationRows:
    """Return scores of a video's frames, two rows of them."""
    frames = int(profile.frames[video])
    places = np.array([[0, frames - 1, frames - 1], [frames - 1, frames, 1]])
    scores = np.random.default_rng(video).random((2, 2))
    times_s = places[:, :2] / 25
    return CalibrationRows(places, times_s, {"mse": scores[0], "knn": scores[1]})


def write_profile(warehouse: Warehouse, name: str, profile: ProfileContent) -> ProfileRef:
    """Commit a profile with a calibration."""
    with new_profile(warehouse) as draft:
        for video in range(len(profile.video_ids)):
            draft.calibration.write("all", video, calibration(profile, video))
        return draft.commit(name, profile)


def values(profile: ProfileContent) -> dict[str, Any]:
    """Return all that a profile says as something that can be compared bit for bit."""
    return {field.name: _comparable(getattr(profile, field.name)) for field in fields(profile)}


def _comparable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.dtype.kind, value.shape, value.tolist()
    if isinstance(value, list | tuple):
        return [_comparable(item) for item in value]
    if isinstance(value, dict):
        return {name: _comparable(item) for name, item in value.items()}
    if isinstance(value, Statistic | Coreset | Reference):
        return [_comparable(getattr(value, field.name)) for field in fields(value)]
    return value.as_json() if isinstance(value, ProfileLineage) else value
