"""Whether a version of a profile is what its writer wrote."""

from __future__ import annotations

import re

import numpy as np

from storage.documents import read_document
from storage.errors import CorruptShardError
from storage.parquet import reading
from storage.profiles import FOLDER, MARKER, ProfileContent, ProfileRef, read_profile
from storage.warehouse import Warehouse

FILES = {MARKER, "profile.parquet", "calibration.parquet"}
_FILE = re.compile(rf"{FOLDER}/(?P<name>[^/]+)/(?P<version>\d+)/(?P<file>.+)", re.ASCII)


def version_folders(warehouse: Warehouse) -> dict[ProfileRef, list[str]]:
    """Return the places of the files in every version's folder, complete or not, in order."""
    folders: dict[ProfileRef, list[str]] = {}
    for place in warehouse.files_below(FOLDER):
        if match := _FILE.fullmatch(place):
            folders.setdefault(ProfileRef(match["name"], match["version"]), []).append(place)
    return folders


def inspect_profile(warehouse: Warehouse, ref: ProfileRef, files: list[str]) -> ProfileContent:
    """Read all of a profile's version and make sure that its parts agree.

    Args:
        warehouse: What holds it.
        ref: The version.
        files: The places of what lies in its folder.

    Raises:
        CorruptShardError: They do not, or one is missing.
    """
    name = warehouse.uri(ref.place)
    missing = {f"{ref.place}/{file}" for file in FILES} - {*files}
    if missing:
        raise CorruptShardError(name, f"there is no {' and no '.join(sorted(missing))}")
    content = read_profile(warehouse, ref)
    document = read_document(warehouse, f"{ref.place}/{MARKER}")
    with reading(name):
        said = {
            "name": ref.name,
            "version": ref.version,
            "digest": content.digest(),
            "videos": len(content.video_ids),
            "frames": int(content.frames.sum()),
            "video_ids": list(content.video_ids),
        }
        wrong = [word for word, value in said.items() if document[word] != value]
        mean = content.totals.sum(axis=0) / content.frames.sum()
        agrees = np.allclose(content.mean, mean, rtol=1e-9, atol=1e-12)  # NaN agrees with nothing
        owned = np.bincount(content.score_videos, content.score_weights, len(content.frames))
    if wrong:
        raise CorruptShardError(name, f"its {MARKER} and its tables differ in {', '.join(wrong)}")
    if not agrees:
        raise CorruptShardError(name, "its mean is not the sum of its videos over their frames")
    if not np.array_equal(owned, content.frames) or not np.isfinite(content.scores).all():
        raise CorruptShardError(name, "its calibration has not one score for each of its frames")
    return content
