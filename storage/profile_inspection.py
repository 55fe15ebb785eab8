"""Whether a version of a profile is what its writer wrote."""

from __future__ import annotations

import re

import numpy as np

from storage.calibration import CALIBRATION, read_calibration
from storage.documents import read_document
from storage.errors import CorruptShardError
from storage.parquet import reading
from storage.profile_content import MARKER, TABLES, ProfileContent, read_content
from storage.profiles import FOLDER, ProfileRef
from storage.warehouse import Warehouse

FILES = {MARKER, CALIBRATION, *TABLES}
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
    content = read_content(warehouse, ref.place)
    document = read_document(warehouse, f"{ref.place}/{MARKER}")
    with reading(name):
        said = {
            "name": ref.name,
            "version": ref.version,
            "digest": content.lineage.digest,
            "videos": len(content.video_ids),
            "frames": int(content.frames.sum()),
            "video_ids": list(content.video_ids),
        }
        wrong = [word for word, value in said.items() if document[word] != value]
        mean = content.weights @ content.means / content.weights.sum()
        agrees = np.allclose(content.mean, mean, rtol=1e-9, atol=1e-12)  # NaN agrees with nothing
    if wrong:
        raise CorruptShardError(name, f"its {MARKER} and its tables differ in {', '.join(wrong)}")
    if not agrees:
        raise CorruptShardError(name, "its mean is not that of its videos")
    _check_calibration(warehouse, ref, content)
    return content


def _check_calibration(warehouse: Warehouse, ref: ProfileRef, content: ProfileContent) -> None:
    """Make sure that every frame of the footage has one score for each scope and distance.

    Raises:
        CorruptShardError: One has not.
    """
    distances = content.findings["distances"]
    for scope in sorted({statistic.scope for statistic in content.statistics}):
        owned = np.zeros_like(content.frames)
        for video, rows in read_calibration(warehouse, ref.place, scope, distances):
            with reading(warehouse.uri(ref.place)):
                owned[video] += rows.places[:, 2].sum()
            if not all(np.isfinite(scores).all() for scores in rows.scores.values()):
                raise CorruptShardError(
                    warehouse.uri(ref.place), f"a score of {scope} is no number"
                )
        mine = [scope in ("all", f"camera:{camera}") for camera in content.cameras]
        if not np.array_equal(owned, np.where(mine, content.frames, 0)):
            raise CorruptShardError(
                warehouse.uri(ref.place),
                f"its calibration of {scope} has not one score for each of its frames",
            )
