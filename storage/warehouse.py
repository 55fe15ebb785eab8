"""The warehouse's root: where things lie in it, and how they become visible in one step.

What is not committed does not exist. Files and folders are made in ``.staging`` and renamed to
their place when they are whole and on disk; readers never look into ``.staging``.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from storage.errors import NotStoredError, WarehouseUnusableError

STAGING = ".staging"
LEFTOVER_S = 24 * 3600.0  # no commit takes as long


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A folder that holds shards, profiles, reports and quarantine.

    Attributes:
        root: The folder, absolute.
    """

    root: Path

    @classmethod
    def at(cls, place: str) -> Warehouse:
        """Return the warehouse at a folder or ``file://`` URI; nothing is created.

        Raises:
            WarehouseUnusableError: The place cannot be a warehouse.
        """
        parts = urlsplit(place)
        if parts.scheme == "file":
            place = unquote(parts.path)
        elif "://" in place:
            raise WarehouseUnusableError(
                f"--warehouse {place!r}: only folders are supported yet, give a folder"
            )
        root = Path(os.path.expanduser(place)).absolute()  # noqa: PTH111 - leaves ~nobody as it is
        if root.exists() and not root.is_dir():
            raise WarehouseUnusableError(f"--warehouse {place!r} is a file: give a folder")
        return cls(root)

    def path(self, relative: str) -> Path:
        """Return the place of something in the warehouse."""
        return self.root / relative

    def existing(self, relative: str, what: str) -> Path:
        """Return the place of something that must be there.

        Raises:
            NotStoredError: It is not; the message names ``what``.
        """
        path = self.path(relative)
        if not path.exists():
            raise NotStoredError(f"the warehouse {self.root} holds no {what}")
        return path

    def check_writable(self) -> None:
        """Create the warehouse if need be, and make sure that it can be written.

        Raises:
            WarehouseUnusableError: It cannot.
        """
        try:
            with self._scratch() as scratch:
                scratch.write_bytes(b"nightjar")
            self._sweep()
        except OSError as error:
            raise WarehouseUnusableError(
                f"the warehouse {self.root} cannot be written ({error.strerror}): "
                "free or permit the place, or give another with --warehouse"
            ) from error

    @contextmanager
    def commit_file(self, relative: str) -> Iterator[Path]:
        """Yield a scratch path whose file takes its place, whole and on disk, on success."""
        with self._scratch() as scratch:
            yield scratch
            final = self.path(relative)
            _make_folder(final.parent)
            _sync(scratch)
            scratch.replace(final)
            _sync(final.parent)

    @contextmanager
    def commit_folder(self, relative: str) -> Iterator[Path]:
        """Yield a scratch folder that takes its place, whole and on disk, on success.

        Raises:
            FileExistsError: Another run has committed that folder in the meantime.
        """
        with self._scratch() as scratch:
            scratch.mkdir()
            yield scratch
            for path in (*scratch.rglob("*"), scratch):
                _sync(path)
            final = self.path(relative)
            _make_folder(final.parent)
            try:
                scratch.rename(final)
            except OSError as error:
                if final.exists():
                    raise FileExistsError(f"{final} exists already") from error
                raise
            _sync(final.parent)

    def _sweep(self) -> None:
        """Remove what killed runs have left in staging long ago."""
        for leftover in self.path(STAGING).iterdir():
            if time.time() - leftover.stat().st_mtime > LEFTOVER_S:
                _remove(leftover)

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        """Yield a fresh path on the warehouse's own file system; nothing stays of it."""
        staging = self.path(STAGING)
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
