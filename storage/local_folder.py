"""A warehouse in a folder: a thing is made in ``.staging`` and renamed to its place when whole."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import pyarrow as pa
from pyarrow import fs

from storage.errors import WarehouseUnusableError

STAGING = ".staging"
LEFTOVER_S = 24 * 3600.0  # no commit takes as long


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A folder on a file system whose rename is atomic.

    Attributes:
        folder: The folder, absolute.
    """

    folder: Path

    READERS_AT_ONCE: ClassVar[int] = 1  # a disk answers one reader as fast as many
    FOLDERS_APPEAR_WHOLE: ClassVar[bool] = True

    @classmethod
    def at(cls, place: str) -> LocalFolder:
        """Return the folder that a path or ``file://`` URI means; nothing is created.

        Raises:
            WarehouseUnusableError: A file lies there.
        """
        path = unquote(urlsplit(place).path) if place.startswith("file://") else place
        folder = Path(os.path.expanduser(path)).absolute()  # noqa: PTH111 - leaves ~nobody as it is
        if folder.exists() and not folder.is_dir():
            raise WarehouseUnusableError(f"--warehouse {place!r} is a file: give a folder")
        return cls(folder)

    @property
    def root(self) -> str:
        """The folder, as people are told of it."""
        return str(self.folder)

    def uri(self, place: str) -> str:
        """Return the path of something, as people are told of it."""
        return str(self.folder / place)

    def exists(self, place: str) -> bool:
        """Return whether a file is there."""
        return (self.folder / place).is_file()

    def files_below(self, folder: str) -> list[str]:
        """Return the places of all files below a folder, sorted; none if there is no folder."""
        root = len(str(self.folder / "x")) - 1  # paths as text: as objects they take most of it
        found = (
            f"{parent}/{name}"[root:].lstrip("/")
            for parent, _, names in os.walk(self.folder / folder, followlinks=True)
            for name in names
        )
        return sorted(place for place in found if not place.startswith(f"{STAGING}/"))

    def sizes_below(self, folder: str) -> dict[str, int]:
        """Return the size in bytes of every file below a folder, by place, sorted."""
        return {
            place: (self.folder / place).stat().st_size
            for place in self.files_below(folder)
            if self.exists(place)
        }

    def folders_in(self, folder: str) -> list[str]:
        """Return the names of the folders in a folder, sorted; none if there is no folder."""
        top = self.folder / folder
        if not top.is_dir():
            return []
        return sorted(path.name for path in top.iterdir() if path.is_dir() and path.name != STAGING)

    def open(self, place: str) -> pa.NativeFile:
        """Return a file for random access."""
        return fs.LocalFileSystem().open_input_file(str(self.folder / place))

    def remove(self, place: str) -> None:
        """Remove a file, if it is there."""
        (self.folder / place).unlink(missing_ok=True)

    def remove_all(self, place: str) -> None:
        """Remove a file, or a folder with all that is in it, if it is there."""
        _remove(self.folder / place)

    def is_old(self, place: str) -> bool:
        """Return whether something has lain there for longer than any commit takes."""
        return time.time() - (self.folder / place).stat().st_mtime > LEFTOVER_S

    def leftovers(self) -> list[str]:
        """Return the places in staging that no commit can still be working on, sorted."""
        staging = self.folder / STAGING
        if not staging.is_dir():
            return []
        places = (f"{STAGING}/{path.name}" for path in staging.iterdir())
        return sorted(place for place in places if self.is_old(place))

    def remove_folder(self, place: str, marker: str | None) -> None:
        """Remove a folder, if it is there; it vanishes in one step, so ``marker`` is not needed."""
        folder = self.folder / place
        if folder.is_dir():
            with self._scratch() as scratch:
                scratch.mkdir()
                folder.rename(scratch / "removed")
                _sync(folder.parent)

    def try_writing(self) -> None:
        """Create the folder if need be, write and remove a file, and sweep."""
        with self._scratch() as scratch:
            scratch.write_bytes(b"nightjar")
        for leftover in self.leftovers():
            self.remove_all(leftover)

    def free_bytes(self) -> int:
        """Return what the disk has left, where the folder is or would be made."""
        return shutil.disk_usage(self.nearest).free

    @property
    def nearest(self) -> Path:
        """The folder, or the nearest one above it that there is."""
        return next(place for place in (self.folder, *self.folder.parents) if place.is_dir())

    @contextmanager
    def commit_file(self, place: str) -> Iterator[Path]:
        """Yield a scratch path whose file takes its place, whole and on disk, on success."""
        with self._scratch() as scratch:
            yield scratch
            final = self.folder / place
            _make_folder(final.parent)
            _sync(scratch)
            scratch.replace(final)
            _sync(final.parent)

    @contextmanager
    def commit_folder(self, place: str, marker: str) -> Iterator[Path]:
        """Yield a scratch folder that takes its place, whole and on disk, on success.

        Raises:
            FileExistsError: Another run has committed that folder in the meantime.
        """
        with self._scratch() as scratch:
            scratch.mkdir()
            yield scratch
            for path in (*scratch.rglob("*"), scratch / marker, scratch):
                _sync(path)
            final = self.folder / place
            _make_folder(final.parent)
            try:
                scratch.rename(final)
            except OSError as error:
                if final.exists():
                    raise FileExistsError(f"{final} exists already") from error
                raise
            _sync(final.parent)

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        """Yield a fresh path on the folder's own file system; nothing stays of it."""
        staging = self.folder / STAGING
        staging.mkdir(parents=True, exist_ok=True)
        scratch = staging / uuid4().hex
        try:
            yield scratch
        finally:  # on cancellation too; after the rename there is nothing left to remove
            _remove(scratch)


def _remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, and wait until their entries are on disk."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def _sync(path: Path) -> None:
    """Wait until a file or a folder's entries are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
