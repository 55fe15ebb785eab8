"""Which part of an archive is meant: some cameras, a span of time, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from storage.footage import Sighting, find_sightings
from storage.warehouse import Warehouse
from tasks.footage_files import find_files
from tasks.naming import name_sighting
from tasks.parameters import Archive, Period
from tasks.recording import recorded_at
from tasks.selection import Footage, LeftOut, choose_footage
from tasks.video.errors import FootageNotFoundError
from tasks.video.search import camera_of, printable

UNDATED = "nobody knows when it was recorded: give --path-pattern, or no span of time"


class ArchivePart(Period):
    """Which footage of an archive is meant, and what of it comes first."""

    cameras: list[str] = Field(default=[], description="These cameras alone; all of them if empty.")
    order: Literal["newest", "oldest"] = Field(
        "newest", description="Which footage comes first, by when it was recorded."
    )

    @model_validator(mode="after")
    def _check_span(self) -> Self:
        """Refuse a span that holds no time."""
        if self.since and self.until and self.since >= self.until:
            raise ValueError(f"the part ends at {self.until}, before it begins at {self.since}")
        return self

    @property
    def has_span(self) -> bool:
        """Whether it is limited in time."""
        return self.since is not None or self.until is not None

    def __str__(self) -> str:
        cameras = ", ".join(self.cameras) or "all cameras"
        bounds = {"since": self.since, "until": self.until}
        span = [f"{word} {at:%Y-%m-%d %H:%M}" for word, at in bounds.items() if at]
        return f"{' '.join([cameras, *span])}, {self.order} first"


@dataclass(frozen=True, slots=True)
class ChosenPart:
    """Footage of a part.

    Attributes:
        footage: In the part's order; what nobody can date comes last.
        undated: What is left out because nobody knows when it was recorded.
    """

    footage: tuple[Sighting, ...]
    undated: tuple[LeftOut, ...]


def may_belong(
    warehouse: Warehouse, paths: Sequence[str], archive: Archive, part: ArchivePart
) -> list[str]:
    """Return the files that can be of a part, as far as that is known without reading them.

    Raises:
        FootageNotFoundError: None can.
    """
    seen = find_sightings(warehouse, paths)
    named = (_named(path, seen.get(path), archive) for path in paths)
    chosen = [
        item.path
        for item in named
        if _is_of(part, item.camera) and (item.recorded_at is None or part.holds(item.recorded_at))
    ]
    if not chosen:
        raise FootageNotFoundError(
            f"none of {len(paths)} files is of {part}: give other cameras or another time, or "
            "--path-pattern if their paths say more than the name of a folder"
        )
    return chosen


def find_part(
    warehouse: Warehouse, paths: Sequence[str], archive: Archive, part: ArchivePart
) -> tuple[Footage, tuple[LeftOut, ...]]:
    """Return the footage of a part that lies at paths now, and what of it nobody can date.

    Raises:
        FootageNotFoundError: There is none.
    """
    files = may_belong(warehouse, find_files(paths), archive, part)
    footage = choose_footage(warehouse, files, present=True)
    chosen = choose_part(warehouse, footage.readable, part)
    return replace(footage, readable=chosen.footage), chosen.undated


def choose_part(warehouse: Warehouse, footage: Iterable[Sighting], part: ArchivePart) -> ChosenPart:
    """Return what of probed footage belongs to a part."""
    of_cameras = [item for item in footage if _is_of(part, item.camera)]
    times = warehouse.each(partial(recorded_at, warehouse), of_cameras)
    dated = list(zip(times, of_cameras, strict=True))
    sign = -1 if part.order == "newest" else 1
    dated.sort(key=lambda pair: _place_in_time(pair[0], sign))
    return ChosenPart(
        footage=tuple(item for at, item in dated if part.holds(at)),
        undated=tuple(
            LeftOut(printable(item.path), UNDATED)
            for at, item in dated
            if at is None and part.has_span
        ),
    )


def _place_in_time(recorded_at: str | None, sign: int) -> tuple[bool, float]:
    """Return what footage is sorted by."""
    if recorded_at is None:
        return True, 0.0
    return False, sign * datetime.fromisoformat(recorded_at).timestamp()


def _named(path: str, known: Sighting | None, archive: Archive) -> Sighting:
    """Return what a path says of a file, whether it was seen before or not."""
    unseen = Sighting(path, camera_of(Path(path)), "", 0, 0)
    return name_sighting(known or unseen, archive.pattern, known)


def _is_of(part: ArchivePart, camera: str) -> bool:
    """Return whether a camera is meant."""
    return not part.cameras or camera in part.cameras
