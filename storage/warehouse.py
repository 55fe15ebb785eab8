"""The warehouse: what everything is called in it, wherever it is kept.

A thing's *place* is its name in the warehouse, ``profiles/default/3/profile.json`` for one. What is
not committed does not exist: files and folders become visible in one step, when they are whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from storage.bucket import Bucket
from storage.errors import NotStoredError, WarehouseUnusableError
from storage.local_folder import LocalFolder

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A folder or bucket that holds shards, profiles, reports and quarantine.

    Attributes:
        medium: What keeps it.
    """

    medium: LocalFolder | Bucket

    @classmethod
    def at(cls, place: str) -> Warehouse:
        """Return the warehouse at a folder, ``file://`` URI or ``s3://bucket/prefix``.

        Nothing is created, and nothing asked of an object store yet. Its credentials, region and
        endpoint come from the environment; the URI's query may give ``region``, ``scheme`` and
        ``endpoint_override``.

        Raises:
            WarehouseUnusableError: The place cannot be a warehouse.
        """
        if place.startswith("s3://"):
            return cls(Bucket.at(place))
        if "://" in place and not place.startswith("file://"):
            told = place.partition("://")[0] + "://…" if "@" in place else place  # it may be secret
            raise WarehouseUnusableError(
                f"--warehouse {told!r}: give a folder or s3://bucket/prefix"
            )
        return cls(LocalFolder.at(place))

    @property
    def root(self) -> str:
        """Where the warehouse is: an absolute path, or ``s3://bucket/prefix``."""
        return self.medium.root

    def uri(self, place: str) -> str:
        """Return where something is: an absolute path, or ``s3://bucket/prefix/…``."""
        return self.medium.uri(place)

    def exists(self, place: str) -> bool:
        """Return whether a file is there."""
        return self.medium.exists(place)

    def existing(self, place: str, what: str) -> str:
        """Return the place of a file that must be there.

        Raises:
            NotStoredError: It is not; the message names ``what``.
        """
        if not self.exists(place):
            raise NotStoredError(f"the warehouse {self.root} holds no {what}")
        return place

    def files_below(self, folder: str) -> list[str]:
        """Return the places of all committed files below a folder, sorted, by one listing."""
        return self.medium.files_below(folder)

    def sizes_below(self, folder: str) -> dict[str, int]:
        """Return the size in bytes of all committed files below a folder, by place, sorted."""
        return self.medium.sizes_below(folder)

    def folders_in(self, folder: str) -> list[str]:
        """Return the names of the folders in a folder, sorted, by one listing."""
        return self.medium.folders_in(folder)

    def open(self, place: str) -> pa.NativeFile:
        """Return a file for random access.

        Raises:
            FileNotFoundError: It is not there.
        """
        return self.medium.open(place)

    def read_bytes(self, place: str) -> bytes:
        """Return what a file holds.

        Raises:
            FileNotFoundError: It is not there.
        """
        with self.open(place) as file:
            content: bytes = file.read()
            return content

    def remove(self, place: str) -> None:
        """Remove a file, if it is there."""
        self.medium.remove(place)

    def remove_all(self, place: str) -> None:
        """Remove a file, or a folder with all that is in it, if it is there."""
        self.medium.remove_all(place)

    def leftovers(self) -> list[str]:
        """Return the places in staging that killed runs have left, sorted."""
        return self.medium.leftovers()

    def is_old(self, place: str) -> bool:
        """Return whether a file has lain there for longer than any commit takes."""
        return self.medium.is_old(place)

    @property
    def folders_appear_whole(self) -> bool:
        """Whether no broken-off commit can leave a part of a folder."""
        return self.medium.FOLDERS_APPEAR_WHOLE

    def remove_folder(self, place: str, marker: str | None = None) -> None:
        """Remove a folder, if it is there.

        On a file system it vanishes in one step, in a bucket object by object.

        Args:
            place: Where it is.
            marker: The file that makes it one that exists: it goes first.
        """
        self.medium.remove_folder(place, marker)

    def each(self, read: Callable[[Key], Value], keys: Iterable[Key]) -> list[Value]:
        """Return what a reader makes of each key, in order; many at once where that is faster."""
        if self.medium.READERS_AT_ONCE == 1:
            return list(map(read, keys))
        with ThreadPoolExecutor(self.medium.READERS_AT_ONCE) as threads:
            return list(threads.map(read, keys))

    def check_writable(self) -> None:
        """Make sure that the warehouse can be written, and sweep what killed runs have left.

        Raises:
            WarehouseUnusableError: It cannot.
        """
        try:
            self.medium.try_writing()
        except OSError as error:
            raise WarehouseUnusableError(
                f"the warehouse {self.root} cannot be written ({error.strerror}): "
                "free or permit the place, or give another with --warehouse"
            ) from error

    def free_bytes(self) -> int | None:
        """Return what the disk below has left; None for a store that knows no such thing."""
        return self.medium.free_bytes()

    def commit_file(self, place: str) -> AbstractContextManager[Path]:
        """Return a block that yields a local scratch path; its file is committed on success."""
        return self.medium.commit_file(place)

    def commit_folder(self, place: str, marker: str) -> AbstractContextManager[Path]:
        """Return a block that yields a local scratch folder; it is committed on success.

        Args:
            place: Where it goes. Entering the block does not reserve it: a commit that comes too
                late raises ``FileExistsError``, and the other run's folder stays as it is.
            marker: The file that the block must write and that makes the folder one that exists,
                for readers look for it.
        """
        return self.medium.commit_folder(place, marker)
