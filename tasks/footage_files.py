"""Footage wherever it lies: files of this machine, and objects that are fetched to be read."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from storage.errors import WarehouseUnusableError
from storage.footage_objects import fetch_object, is_object, object_stamp, objects_below
from tasks.video.errors import FootageNotFoundError, FootageUnreachableError
from tasks.video.identity import FileStamp, reaching
from tasks.video.search import find_footage, printable
from tasks.video.selector import Selector

SCRATCH_SHARE = 0.9  # of the free space of the scratch disk that one object may take
SCRATCH_PREFIX = "nightjar-footage-"


def find_files(paths: Iterable[str]) -> list[str]:
    """Return all footage that paths stand for, each once, in order.

    Args:
        paths: Files, folders or globs, and ``s3://bucket/key`` likewise.

    Raises:
        FootageNotFoundError: A path leads to no footage.
    """
    listed = list(paths)
    local = [path for path in listed if not is_object(path)]
    found = {str(file) for file in (find_footage(local) if local else [])}
    for uri in filter(is_object, listed):
        found.update(_find_objects(uri))
    return sorted(found, key=os.fsencode)


def stamp_of(path: str) -> FileStamp:
    """Return the stamp of footage as it is now.

    Raises:
        OSError: It is gone, or cannot be asked for.
    """
    return FileStamp(*object_stamp(path)) if is_object(path) else FileStamp.of(Path(path))


def trouble_with(path: str) -> str | None:
    """Return why footage that is listed cannot be read, in the system's words, or None."""
    try:
        stamp_of(path)
        if not is_object(path):
            with Path(path).open("rb") as file:
                file.read(1)
    except OSError as error:
        return str(error)
    return None


def is_there(path: str) -> bool:
    """Return whether footage is where it was; what cannot be asked for is taken to be."""
    try:
        stamp_of(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


@contextmanager
def at_hand(path: str) -> Iterator[Path]:
    """Yield footage as a local file: itself, or a copy of an object that is removed afterwards.

    Raises:
        FootageUnreachableError: The object cannot be fetched, or is too large for the scratch disk.
    """
    if not is_object(path):
        yield Path(path)
        return
    with tempfile.TemporaryDirectory(prefix=SCRATCH_PREFIX) as folder:
        copy = Path(folder) / f"copy{PurePosixPath(path).suffix}"
        with reaching(Path(path)):
            size_bytes = stamp_of(path).size_bytes
            free_bytes = shutil.disk_usage(folder).free
            if size_bytes > SCRATCH_SHARE * free_bytes:
                raise FootageUnreachableError(
                    f"{printable(path)!r} takes {size_bytes >> 20} MiB to fetch, and {folder} has "
                    f"{free_bytes >> 20} MiB free: free some, or set TMPDIR to a larger disk"
                )
            fetch_object(path, copy)
        yield copy


def _find_objects(uri: str) -> list[str]:
    """Return the objects that a URI stands for."""
    plain = uri
    while glob.has_magic(plain):
        plain = plain.rpartition("/")[0]
    try:
        found = objects_below(plain)
    except (WarehouseUnusableError, OSError) as error:
        raise FootageNotFoundError(f"the footage {uri!r} cannot be listed: {error}") from error
    chosen = [item for item in found if Selector(uri).matches(item, "")]
    if not chosen:
        raise FootageNotFoundError(f"there is no footage {uri!r}: give an object or a folder")
    return chosen
