"""What a file's path says of it: the camera that recorded it, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from storage.footage import Sighting
from tasks.video.errors import FootageNotFoundError
from tasks.video.path_pattern import PathPattern, describe_mismatch
from tasks.video.search import camera_of


def name_sighting(
    sighting: Sighting, pattern: PathPattern | None, known: Sighting | None
) -> Sighting:
    """Return a sighting with the camera and the time that its path says.

    Where the path is of another form, the camera is the file's folder. Where no grammar is given,
    what was known of the path stays.
    """
    if pattern is None and known is not None:
        return replace(sighting, camera=known.camera, recorded_at=known.recorded_at)
    facts = pattern.match(sighting.path) if pattern else None
    camera = facts.camera if facts else None
    start = facts.start if facts else None
    if pattern and start:  # the same moment, with the offset that a person at the site expects
        start = start.astimezone(ZoneInfo(pattern.timezone))
    return replace(
        sighting,
        camera=camera or camera_of(Path(sighting.path)),
        recorded_at=start.isoformat() if start else None,
    )


def check_grammar(pattern: PathPattern | None, found: Sequence[str]) -> None:
    """Refuse a path grammar that says nothing of any file.

    Raises:
        FootageNotFoundError: It matches none; the message shows three paths that were tried.
    """
    if pattern and not any(pattern.match(path) for path in found):
        raise FootageNotFoundError(describe_mismatch(pattern, found))
