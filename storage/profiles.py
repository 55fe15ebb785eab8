"""Profiles: immutable, numbered versions of a name, each a folder committed in one step.

None of a version's files holds a time: the same footage gives the same bytes.
"""

from __future__ import annotations

import random
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from storage.calibration import CALIBRATION, CalibrationWriter
from storage.documents import read_document, write_document
from storage.errors import InvalidNameError, NotStoredError
from storage.parquet import reading
from storage.profile_content import MARKER, ProfileContent, document_of, write_tables
from storage.profile_lineage import ProfileLineage
from storage.warehouse import Warehouse

FOLDER = "profiles"
UPDATE = "update"  # what a lineage says it was made by where it adds to a version
COLLISION_S = 0.2
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class ProfileRef:
    """One version of a profile."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def place(self) -> str:
        """Where the version lies in the warehouse."""
        return f"{FOLDER}/{self.name}/{self.version}"


@dataclass(frozen=True, slots=True, eq=False)
class ProfileDraft:
    """A profile that is being built: its calibration grows on the local disk.

    Attributes:
        warehouse: What will hold it.
        folder: The scratch folder.
        calibration: Takes the scores of the normal footage, video by video.
    """

    warehouse: Warehouse
    folder: Path
    calibration: CalibrationWriter

    def commit(self, name: str, content: ProfileContent) -> ProfileRef:
        """Commit the profile as the next version of its name, unless the newest says the same."""
        check_name(name)
        self.calibration.close()
        write_tables(content, self.folder)
        number = 0
        while True:
            versions = versions_of(self.warehouse, name)
            known = _same_among(self.warehouse, versions, content.lineage)
            if known is not None:
                return known
            number = max(number, int(versions[-1].version) if versions else 0) + 1
            version = ProfileRef(name, str(number))
            try:
                with self.warehouse.commit_folder(version.place, MARKER) as folder:
                    shutil.copytree(self.folder, folder, dirs_exist_ok=True)
                    document = {"name": name, "version": version.version, **document_of(content)}
                    write_document(folder / MARKER, document)
            except FileExistsError:  # another run took it; two at once may leave a number unused
                time.sleep(random.uniform(0, COLLISION_S))
                continue
            return version


@contextmanager
def new_profile(warehouse: Warehouse) -> Iterator[ProfileDraft]:
    """Yield a draft; what is not committed leaves nothing behind."""
    with TemporaryDirectory(prefix="nightjar-profile-") as scratch:
        folder = Path(scratch)
        with CalibrationWriter.to(folder / CALIBRATION) as calibration:
            yield ProfileDraft(warehouse, folder, calibration)


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


def same_version(warehouse: Warehouse, name: str, lineage: ProfileLineage) -> ProfileRef | None:
    """Return the newest version of a name if it was built from just this.

    A version of an older format has no digest and is none: another can be built beside it.
    An update is one of the versions of its own encoder: where the newest of these says the same,
    it need not be the newest of all, as while an archive moves from one encoder to another.
    """
    check_name(name)
    return _same_among(warehouse, versions_of(warehouse, name), lineage)


def newest_by(warehouse: Warehouse, name: str, encoder_id: str) -> ProfileRef | None:
    """Return the newest version of a name that was built with an encoder."""
    check_name(name)
    return _newest_among(warehouse, versions_of(warehouse, name), encoder_id)


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


def encoder_of(warehouse: Warehouse, ref: ProfileRef) -> str:
    """Return the id of the encoder that a version was built with, without reading the rest."""
    return str(_said_by(warehouse, ref, "encoder_id"))


def all_profiles(warehouse: Warehouse) -> list[ProfileRef]:
    """Return every version of every profile."""
    names = warehouse.folders_in(FOLDER)
    return [ref for name in names for ref in versions_of(warehouse, name)]


def videos_of(warehouse: Warehouse, ref: ProfileRef) -> list[str]:
    """Return the ids of the videos that a version was built from, without reading the rest.

    Raises:
        CorruptShardError: Its document is damaged.
    """
    found = _said_by(warehouse, ref, "footage")
    with reading(warehouse.uri(ref.place)):
        return [str(video["video_id"]) for video in found]


def versions_of(warehouse: Warehouse, name: str) -> list[ProfileRef]:
    """Return the versions of a profile, oldest first."""
    whole = re.compile(rf"{FOLDER}/{re.escape(name)}/(\d+)/{MARKER}", re.ASCII)
    found = map(whole.fullmatch, warehouse.files_below(f"{FOLDER}/{name}"))
    numbers = sorted(int(match[1]) for match in found if match)
    return [ProfileRef(name, str(number)) for number in numbers]


def marker_of(warehouse: Warehouse, ref: ProfileRef) -> str:
    """Return the place of a version's ``profile.json``.

    Raises:
        NotStoredError: There is no such version.
    """
    return warehouse.existing(f"{ref.place}/{MARKER}", f"profile {ref}")


def _same_among(
    warehouse: Warehouse, versions: Sequence[ProfileRef], lineage: ProfileLineage
) -> ProfileRef | None:
    """Return which of the versions of a name is the same as one that is to be built."""
    if lineage.made_by == UPDATE:
        newest = _newest_among(warehouse, versions, lineage.encoder_id)
    else:
        newest = versions[-1] if versions else None
    if newest is None:
        return None
    document = read_document(warehouse, f"{newest.place}/{MARKER}")
    return newest if document.get("digest") == lineage.digest else None


def _newest_among(
    warehouse: Warehouse, versions: Sequence[ProfileRef], encoder_id: str
) -> ProfileRef | None:
    """Return the newest of the versions that was built with an encoder."""
    newest_first = reversed(versions)
    return next((ref for ref in newest_first if encoder_of(warehouse, ref) == encoder_id), None)


def _said_by(warehouse: Warehouse, ref: ProfileRef, name: str) -> Any:
    """Return one thing that a committed version's ``profile.json`` says."""
    place = f"{ref.place}/{MARKER}"
    document = read_document(warehouse, place)
    with reading(warehouse.uri(place)):
        return document[name]
