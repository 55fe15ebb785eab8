"""Quarantine: footage that could not be read, tried again or forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prefect import task

from storage.footage import all_sightings, forget_sighting, paths_by_video
from storage.quarantine import Quarantined, all_quarantined, release
from storage.warehouse import Warehouse
from tasks.footage_files import is_there
from tasks.retrying import STEP
from tasks.video.errors import FootageNotFoundError
from tasks.video.search import camera_of, printable
from tasks.video.selector import Selector


@task(**STEP)
def find_in_quarantine(place: str, selectors: Sequence[str]) -> list[Quarantined]:
    """Return the entries that paths, folders, globs or cameras mean; none at all mean every entry.

    Raises:
        FootageNotFoundError: A selector means none.
    """
    warehouse = Warehouse.at(place)
    entries = all_quarantined(warehouse)
    cameras = {printable(item.path): item.camera for item in all_sightings(warehouse)}
    chosen: dict[str, Quarantined] = {}
    for text in selectors:
        selector = Selector(text)
        matching = [
            entry
            for entry in entries
            if selector.matches(entry.path, cameras.get(entry.path, camera_of(Path(entry.path))))
        ]
        if not matching:
            raise FootageNotFoundError(
                f"no quarantined file matches {printable(text)!r}: "
                "'nightjar quarantine list' names them"
            )
        chosen |= {entry.video_id: entry for entry in matching}
    return list(chosen.values()) if selectors else entries


@task(**STEP)
def release_from_quarantine(place: str, entries: Sequence[Quarantined]) -> list[str]:
    """Forget entries, and the files among them that are gone; return the paths of the others."""
    warehouse = Warehouse.at(place)
    seen = paths_by_video(warehouse)
    paths = [path for entry in entries for path in seen.get(entry.video_id, [])]
    gone = [path for path in paths if not is_there(path)]
    for path in gone:
        forget_sighting(warehouse, path)
    for entry in entries:
        release(warehouse, entry.video_id)
    return [path for path in paths if path not in gone]
