"""Footage that lies in an object store, named by ``s3://bucket/key``: found, and fetched whole.

Credentials, region and endpoint come from the environment, as those of a warehouse do.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from pyarrow import fs

from storage.object_store import Address, connect, requesting

SCHEME = "s3://"


def is_object(path: str) -> bool:
    """Return whether a path of footage names an object, not a file."""
    return path.startswith(SCHEME)


def objects_below(uri: str) -> list[str]:
    """Return the URIs of the objects that a URI names: itself, or all below it as a folder, sorted.

    Names that begin with a dot are hidden, as those of files are.

    Raises:
        WarehouseUnusableError: There is no such bucket.
        OSError: The store cannot be asked.
    """
    store, key = _located(uri)
    with requesting(uri):
        there = store.get_file_info(key)
        if there.is_file:
            return [uri]
        selector = fs.FileSelector(key, recursive=True, allow_not_found=True)
        found = store.get_file_info(selector)
    below = [info.path for info in found if info.is_file]
    shown = [path for path in below if "/." not in path.removeprefix(key.rstrip("/"))]
    return sorted(SCHEME + path for path in shown)


def object_stamp(uri: str) -> tuple[int, int]:
    """Return the size in bytes, and when it was put, in nanoseconds since 1970.

    Raises:
        FileNotFoundError: There is no such object.
        OSError: The store cannot be asked.
    """
    store, key = _located(uri)
    with requesting(uri):
        info = store.get_file_info(key)
    if not info.is_file:
        raise FileNotFoundError(f"there is no object {uri}")
    return int(info.size), int(info.mtime_ns)


def fetch_object(uri: str, copy: Path) -> None:
    """Fetch an object, a piece at a time, to a local file.

    Raises:
        OSError: The store does not give it, or the disk does not take it.
    """
    store, key = _located(uri)
    with requesting(uri), store.open_input_stream(key) as source, copy.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)


def _located(uri: str) -> tuple[fs.S3FileSystem, str]:
    """Return the store's client, and the bucket and key as it names them."""
    key = uri.removeprefix(SCHEME)
    bucket, _, _ = key.partition("/")
    return connect(Address.of(bucket, "")), key
