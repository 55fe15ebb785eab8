"""A warehouse in an object store, where an object appears whole and nothing can be renamed.

A folder is there when its marker document is: it is put last. Who puts a folder claims it first by
an object in ``.staging``, because the store has no rename that fails where something lies already.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

import pyarrow as pa
from pyarrow import fs

from storage.errors import WarehouseUnusableError
from storage.local_folder import LEFTOVER_S, STAGING
from storage.object_store import Address, connect, open_object, put_objects, requesting


@dataclass(frozen=True, slots=True)
class Bucket:
    """The objects of a bucket whose keys begin with a prefix.

    Attributes:
        address: The bucket.
        prefix: The prefix, without slashes at its ends; may be empty.
    """

    address: Address
    prefix: str

    READERS_AT_ONCE: ClassVar[int] = 16  # pyarrow's client holds 25 connections
    FOLDERS_APPEAR_WHOLE: ClassVar[bool] = False

    @classmethod
    def at(cls, place: str) -> Bucket:
        """Return what ``s3://bucket/prefix?query`` means; nothing is asked of the store.

        Raises:
            WarehouseUnusableError: The place cannot be a warehouse.
        """
        path, _, query = place.removeprefix("s3://").partition("?")
        bucket, *names = path.split("/")
        address = Address.of(bucket, query)
        names = [name for name in names if name]
        if {".", ".."} & {*names}:
            raise WarehouseUnusableError("--warehouse: a prefix holds no '.' and no '..'")
        return cls(address, "/".join(names))

    @property
    def root(self) -> str:
        """The place, as people are told of it: how the store is reached is not said."""
        return "/".join(filter(None, (f"s3://{self.address.bucket}", self.prefix)))

    def uri(self, place: str) -> str:
        """Return the URI of something, as people are told of it."""
        return f"{self.root}/{place}"

    def exists(self, place: str) -> bool:
        """Return whether an object is there."""
        with requesting(self.uri(place)):
            return bool(self._store.get_file_info(self._key(place)).type is fs.FileType.File)

    def files_below(self, folder: str) -> list[str]:
        """Return the places of all objects below a folder, sorted."""
        found = (self._place(info) for info in self._list(folder, recursive=True) if info.is_file)
        return sorted(place for place in found if not place.startswith(f"{STAGING}/"))

    def sizes_below(self, folder: str) -> dict[str, int]:
        """Return the size in bytes of every object below a folder, by place, by one listing."""
        found = (info for info in self._list(folder, recursive=True) if info.is_file)
        sizes = sorted((self._place(info), int(info.size)) for info in found)
        return {place: size for place, size in sizes if not place.startswith(f"{STAGING}/")}

    def folders_in(self, folder: str) -> list[str]:
        """Return the names of the folders in a folder, sorted."""
        found = self._list(folder, recursive=False)
        folders = {info.base_name for info in found if info.type is fs.FileType.Directory}
        return sorted(folders - {STAGING})

    def open(self, place: str) -> pa.NativeFile:
        """Return an object for random access."""
        return open_object(self._store, self._key(place), self.uri(place))

    def remove(self, place: str) -> None:
        """Remove an object, if it is there."""
        with suppress(FileNotFoundError), requesting(self.uri(place)):
            self._store.delete_file(self._key(place))

    def remove_all(self, place: str) -> None:
        """Remove an object, or all that is below a folder, if it is there."""
        for below in self._list(place, recursive=True):
            if below.is_file:
                self.remove(self._place(below))
        self.remove(place)

    def is_old(self, place: str) -> bool:
        """Return whether an object has lain there for longer than any commit takes."""
        with requesting(self.uri(place)):
            return _is_old(self._store.get_file_info(self._key(place)))

    def leftovers(self) -> list[str]:
        """Return the places in staging that no commit can still be working on, sorted."""
        found = self._list(STAGING, recursive=True)
        return sorted(self._place(info) for info in found if _is_old(info))

    def remove_folder(self, place: str, marker: str | None) -> None:
        """Remove the objects of a folder: its marker first, the others from the last to the first.

        If this breaks off, the folder is none any more, or one without its last objects.
        """
        first = f"{place}/{marker}"
        for found in sorted(self.files_below(place), key=lambda at: (at == first, at))[::-1]:
            self.remove(found)

    def try_writing(self) -> None:
        """Put and remove an object, and sweep."""
        self.remove(self._put_note(uuid4().hex))
        for leftover in self.leftovers():
            self.remove(leftover)

    def free_bytes(self) -> None:
        """Return None: a store has as much room as is paid for."""

    @contextmanager
    def commit_file(self, place: str) -> Iterator[Path]:
        """Yield a local scratch path whose file is put to its place, whole, on success."""
        with _scratch() as scratch:
            yield scratch
            put_objects(self._store, [(self._key(place), scratch)], self.uri(place))

    @contextmanager
    def commit_folder(self, place: str, marker: str) -> Iterator[Path]:
        """Yield a local scratch folder that is put to its place, its marker last, on success.

        Raises:
            FileExistsError: Another run has committed that folder in the meantime, or claims it.
        """
        with _scratch() as scratch:
            scratch.mkdir()
            yield scratch
            (scratch / marker).stat()  # or the block has forgotten it
            files = [path for path in scratch.rglob("*") if path.is_file()]
            names = [path.relative_to(scratch).as_posix() for path in files]
            claim = self._claim(place)
            for batch in ([name for name in names if name != marker], [marker]):
                uploads = [(self._key(f"{place}/{name}"), scratch / name) for name in batch]
                put_objects(self._store, uploads, self.uri(place))
            with suppress(OSError):  # it is committed; what is left of the claim is swept one day
                self.remove(claim)

    def _claim(self, place: str) -> str:
        """Claim a folder for this run alone, and return the claim's place.

        Of two runs at least one sees the other's claim, because each puts its own before it looks.
        A claim is taken back only when the folder is there to be seen, or by a run that has put
        nothing: a run that failed half-way leaves its number unused, for its last request may
        still arrive.

        Raises:
            FileExistsError: Something lies there, or another run claims it.
        """
        name = place.replace("/", "~")
        mine = self._put_note(f"{name}~{uuid4().hex}")
        claims = {self._place(info) for info in self._list(STAGING, recursive=True)}
        same = {claim for claim in claims if claim.rpartition("~")[0] == f"{STAGING}/{name}"}
        if same != {mine} or self.files_below(place):
            self.remove(mine)
            raise FileExistsError(f"{self.uri(place)} exists already, or another run makes it now")
        return mine

    def _put_note(self, name: str) -> str:
        """Put a small object into staging and return its place."""
        place = f"{STAGING}/{name}"
        with self.commit_file(place) as scratch:
            scratch.write_bytes(b"nightjar")
        return place

    def _list(self, folder: str, recursive: bool) -> list[fs.FileInfo]:
        """Return what lies in a folder, or all below it, by one request a thousand objects."""
        selector = fs.FileSelector(self._key(folder), recursive=recursive, allow_not_found=True)
        with requesting(self.uri(folder)):
            infos: list[fs.FileInfo] = self._store.get_file_info(selector)
            return infos

    @property
    def _store(self) -> fs.S3FileSystem:
        """The client; each process makes one of its own."""
        return connect(self.address)

    def _key(self, place: str) -> str:
        """Return the key of a place, with the bucket before it."""
        return "/".join(filter(None, (self.address.bucket, self.prefix, place)))

    def _place(self, info: fs.FileInfo) -> str:
        """Return the place of something listed."""
        return str(info.path).removeprefix(f"{self._key('')}/")


def _is_old(info: fs.FileInfo) -> bool:
    """Return whether an object is there, and older than any commit that still goes on."""
    return bool(info.is_file and datetime.now(UTC) - info.mtime > timedelta(seconds=LEFTOVER_S))


@contextmanager
def _scratch() -> Iterator[Path]:
    """Yield a fresh path on the local disk; nothing stays of it."""
    with tempfile.TemporaryDirectory(prefix="nightjar-") as folder:
        yield Path(folder) / "scratch"
