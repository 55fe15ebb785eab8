"""Profiles: immutable, numbered versions of a name, each a folder committed in one step.

``profile.json`` holds the profile's mean and lineage, ``profile.parquet`` the sums of each normal
video, and ``calibration.parquet`` the scores that the normal footage itself has. None of them holds
a time: the same footage gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from storage.documents import read_document, write_document
from storage.errors import InvalidNameError, NotStoredError
from storage.parquet import read_table, reading, rows_of, vector, vectors, write_table
from storage.references import Reference, references_in, references_table
from storage.warehouse import Warehouse

FOLDER = "profiles"
MARKER = "profile.json"  # a version exists when this does
COLLISION_S = 0.2
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class ProfileRef:
    """One version of a profile."""

    name: str
    version: str

    @property
    def place(self) -> str:
        """Where the version lies in the warehouse."""
        return f"{FOLDER}/{self.name}/{self.version}"


@dataclass(frozen=True, slots=True, eq=False)
class ProfileContent:
    """What a profile says.

    Attributes:
        encoder_id: The embedding space it belongs to.
        encoder: That encoder's whole identity.
        mean: Mean over all frames of the normal videos, shape (D,), float64.
        video_ids: The V normal videos, ascending.
        cameras: Camera of each.
        frames: Frames of each, shape (V,), int64.
        totals: Sum of the embeddings over the frames of each, shape (V, D), float64.
        scores: Scores of the normal footage's own rows, shape (n,), float64.
        score_videos: Index into ``video_ids`` for each of them, shape (n,), int64.
        score_weights: Frames that each of them speaks for, shape (n,), int64.
        references: What each camera shows when it is well.
        left_out: Intervals of the normal videos that do not count, as a camera was not well.
    """

    encoder_id: str
    encoder: Mapping[str, Any]
    mean: npt.NDArray[np.float64]
    video_ids: Sequence[str]
    cameras: Sequence[str]
    frames: npt.NDArray[np.int64]
    totals: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]
    score_videos: npt.NDArray[np.int64]
    score_weights: npt.NDArray[np.int64]
    references: Mapping[str, Reference] = field(default_factory=dict)
    left_out: Sequence[Mapping[str, Any]] = ()

    def digest(self) -> str:
        """Return a digest of everything the profile says."""
        words = (
            self.encoder_id, dict(self.encoder), list(self.video_ids), list(self.cameras),
            [dict(interval) for interval in self.left_out], sorted(self.references),
        )  # fmt: skip
        digest = hashlib.sha256(json.dumps(words, sort_keys=True).encode())
        for numbers in (
            self.mean, self.frames, self.totals, self.scores, self.score_videos, self.score_weights
        ):  # fmt: skip
            digest.update(numbers.tobytes())
        for camera in sorted(self.references):
            reference = self.references[camera]
            usual = (reference.fine, reference.sharpness, reference.structure)
            digest.update(np.array(usual).tobytes() + reference.views.tobytes())
        return digest.hexdigest()


def check_name(name: str) -> None:
    """Make sure that a profile can be called so.

    Raises:
        InvalidNameError: It cannot.
    """
    if not NAME.fullmatch(name):
        raise InvalidNameError(
            f"a profile's name is up to 64 letters, digits, dots, dashes and underscores, "
            f"got {name!r}"
        )


def write_profile(warehouse: Warehouse, name: str, content: ProfileContent) -> ProfileRef:
    """Commit a profile as the next version of its name, unless the newest says just the same."""
    check_name(name)
    number = 0
    while True:
        versions = versions_of(warehouse, name)
        if versions and _said_by(warehouse, versions[-1], "digest") == content.digest():
            return versions[-1]
        number = max(number, int(versions[-1].version) if versions else 0) + 1
        version = ProfileRef(name, str(number))
        try:
            with warehouse.commit_folder(version.place, MARKER) as folder:
                write_document(folder / MARKER, _document(version, content))
                write_table(_statistics(content), folder / "profile.parquet")
                write_table(_calibration(content), folder / "calibration.parquet")
                write_table(references_table(content.references), folder / "references.parquet")
        except FileExistsError:  # another run took this number; two at once may leave it unused
            time.sleep(random.uniform(0, COLLISION_S))
            continue
        return version


def find_profile(warehouse: Warehouse, selector: str) -> ProfileRef:
    """Return the version that ``NAME@VERSION`` names, or the newest of ``NAME``.

    Raises:
        NotStoredError: There is none.
    """
    name, numbered, wanted = selector.partition("@")
    check_name(name)
    versions = versions_of(warehouse, name)
    chosen = [ref for ref in versions if ref.version == wanted] if numbered else versions[-1:]
    if chosen:
        return chosen[0]
    if versions:
        there = f"its versions are {', '.join(ref.version for ref in versions)}"
    else:
        known = ", ".join(warehouse.folders_in(FOLDER))
        there = f"known profiles: {known or 'none'}; build one with 'nightjar profile'"
    raise NotStoredError(f"the warehouse {warehouse.root} has no profile {selector!r}; {there}")


def read_profile(warehouse: Warehouse, ref: ProfileRef) -> ProfileContent:
    """Read a version of a profile.

    Raises:
        NotStoredError: There is none.
        CorruptShardError: It is damaged.
    """
    marker = warehouse.existing(f"{ref.place}/{MARKER}", f"profile {ref.name}@{ref.version}")
    document = read_document(warehouse, marker)
    statistics = read_table(warehouse, f"{ref.place}/profile.parquet")
    calibration = read_table(warehouse, f"{ref.place}/calibration.parquet")
    references = f"{ref.place}/references.parquet"
    views = read_table(warehouse, references) if warehouse.exists(references) else None
    with reading(warehouse.uri(ref.place)):
        return ProfileContent(
            encoder_id=document["encoder_id"],
            encoder=document["encoder"],
            mean=np.array(document["mean"], dtype=np.float64),
            video_ids=statistics.column("video_id").to_pylist(),
            cameras=statistics.column("camera").to_pylist(),
            frames=statistics.column("frames").to_numpy(),
            totals=rows_of(statistics.column("total")),
            scores=calibration.column("score").to_numpy(),
            score_videos=calibration.column("video").to_numpy(),
            score_weights=calibration.column("frames").to_numpy(),
            references=references_in(views) if views is not None else {},
            left_out=tuple(document.get("left_out", ())),
        )


def encoder_of(warehouse: Warehouse, ref: ProfileRef) -> str:
    """Return the id of the encoder that a version was built with, without reading the rest."""
    return _said_by(warehouse, ref, "encoder_id")


def all_profiles(warehouse: Warehouse) -> list[ProfileRef]:
    """Return every version of every profile."""
    names = warehouse.folders_in(FOLDER)
    return [ref for name in names for ref in versions_of(warehouse, name)]


def videos_of(warehouse: Warehouse, ref: ProfileRef) -> list[str]:
    """Return the ids of the videos that a version was built from, without reading the rest.

    Raises:
        CorruptShardError: Its document is damaged.
    """
    place = f"{ref.place}/{MARKER}"
    document = read_document(warehouse, place)
    with reading(warehouse.uri(place)):
        return [str(video_id) for video_id in document["video_ids"]]


def versions_of(warehouse: Warehouse, name: str) -> list[ProfileRef]:
    """Return the versions of a profile, oldest first."""
    whole = re.compile(rf"{FOLDER}/{re.escape(name)}/(\d+)/{MARKER}", re.ASCII)
    found = map(whole.fullmatch, warehouse.files_below(f"{FOLDER}/{name}"))
    numbers = sorted(int(match[1]) for match in found if match)
    return [ProfileRef(name, str(number)) for number in numbers]


def _document(ref: ProfileRef, content: ProfileContent) -> dict[str, Any]:
    """Return what ``profile.json`` says."""
    return {
        "name": ref.name,
        "version": ref.version,
        "digest": content.digest(),
        "encoder_id": content.encoder_id,
        "encoder": dict(content.encoder),
        "videos": len(content.video_ids),
        "frames": int(content.frames.sum()),
        "calibration": "leave-one-video-out" if len(content.video_ids) > 1 else "its only video",
        "mean": content.mean.tolist(),
        "video_ids": list(content.video_ids),
        "left_out": [dict(interval) for interval in content.left_out],
    }


def _said_by(warehouse: Warehouse, ref: ProfileRef, name: str) -> str:
    """Return one word of a committed version's ``profile.json``."""
    place = f"{ref.place}/{MARKER}"
    document = read_document(warehouse, place)
    with reading(warehouse.uri(place)):
        return str(document[name])


def _statistics(content: ProfileContent) -> pa.Table:
    """Return one row a normal video."""
    width = content.totals.shape[1]
    schema = pa.schema(
        [
            pa.field("video_id", pa.string(), nullable=False),
            pa.field("camera", pa.string(), nullable=False),
            pa.field("frames", pa.int64(), nullable=False),
            pa.field("total", vector(width, pa.float64()), nullable=False),
        ]
    )
    columns = [
        pa.array(content.video_ids),
        pa.array(content.cameras),
        pa.array(content.frames),
        vectors(content.totals, pa.float64()),
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _calibration(content: ProfileContent) -> pa.Table:
    """Return one row a row of the normal footage."""
    return pa.table(
        {
            "video": pa.array(content.score_videos, pa.int64()),
            "frames": pa.array(content.score_weights, pa.int64()),
            "score": pa.array(content.scores, pa.float64()),
        }
    )
