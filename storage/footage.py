"""Which footage has been seen where: one small document a path.

A sighting ties a path to the video that lay there, with the file's size and modification time, so
that footage can be chosen by path long after the file is gone, and a known file is not read again.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from storage.documents import commit_document, find_record, find_records, inspect_record
from storage.errors import CorruptShardError
from storage.parquet import reading
from storage.warehouse import Warehouse

FOLDER = "footage"


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file of footage as it was seen last.

    Attributes:
        path: Where it lay, absolute.
        camera: The camera that recorded it.
        video_id: The video that it held.
        size_bytes: Its size.
        modified_ns: Its modification time, nanoseconds since 1970.
        recorded_at: When it begins by what its path says, ISO 8601 on the site's clock, or None.
    """

    path: str
    camera: str
    video_id: str
    size_bytes: int
    modified_ns: int
    recorded_at: str | None = None


def record_sighting(warehouse: Warehouse, sighting: Sighting) -> None:
    """Commit a sighting in place of what was known of its path."""
    commit_document(warehouse, _place(sighting.path), asdict(sighting))


def forget_sighting(warehouse: Warehouse, path: str) -> None:
    """Remove what is known of a path, if anything."""
    warehouse.remove(_place(path))


def find_sighting(warehouse: Warehouse, path: str) -> Sighting | None:
    """Return what is known of a path."""
    return find_record(warehouse, _place(path), Sighting)


def find_sightings(warehouse: Warehouse, paths: Iterable[str]) -> dict[str, Sighting]:
    """Return what is known of many paths, by path; what is unknown is left out."""
    known = {*warehouse.files_below(FOLDER)}
    places = [place for place in map(_place, paths) if place in known]
    return {item.path: item for item in find_records(warehouse, places, Sighting)}


def all_sightings(warehouse: Warehouse) -> Iterator[Sighting]:
    """Yield every sighting, in the order of their paths."""
    sightings = find_records(warehouse, warehouse.files_below(FOLDER), Sighting)
    yield from sorted(sightings, key=lambda sighting: os.fsencode(sighting.path))


def inspect_sighting(warehouse: Warehouse, place: str) -> Sighting | None:
    """Read a sighting and make sure that it is one, and lies where that of its path belongs.

    Raises:
        CorruptShardError: It does not.
    """
    sighting = inspect_record(warehouse, place, Sighting)
    if sighting is None:
        return None
    with reading(warehouse.uri(place)):
        belongs = _place(sighting.path)
        if sighting.recorded_at is not None:
            datetime.fromisoformat(sighting.recorded_at)
    if place != belongs:
        raise CorruptShardError(
            warehouse.uri(place), f"it is of {sighting.path!r}, whose place is {belongs}"
        )
    return sighting


def paths_by_video(warehouse: Warehouse) -> dict[str, list[str]]:
    """Return the paths at which each video was seen."""
    paths: defaultdict[str, list[str]] = defaultdict(list)
    for sighting in all_sightings(warehouse):
        paths[sighting.video_id].append(sighting.path)
    return dict(paths)


def _place(path: str) -> str:
    """Return where the sighting of a path is kept."""
    return f"{FOLDER}/{hashlib.sha256(os.fsencode(path)).hexdigest()[:32]}.json"
