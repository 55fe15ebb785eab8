"""What several tests of the storage need: names that are hard to store, and what lies where."""

from pathlib import Path
from typing import Any

import pytest
from pyarrow import fs

from storage.local_folder import LocalFolder
from storage.object_store import connect
from storage.warehouse import Warehouse

HOSTILE_PATHS = (
    "/in/plain.mp4",
    "/in/with space/100% #1?.mp4",
    "/in/\"double\"/'single'/back\\slash.mp4",
    "/in/new\nline\r\ttab.mp4",
    "/in/📷/Überwachung/日本.mp4",
    "/in/no unicode \udcff\udc80.mp4",  # as os.fsdecode gives the bytes ff 80
    "/in/=cmd|' /C calc'!A0, b;c.mp4",
    "/in/" + "x" * 255,
)

# What may end a block from within: an error, Ctrl-C, and a worker told to go.
interruptions = pytest.mark.parametrize("interruption", [ValueError, KeyboardInterrupt, SystemExit])


def files_in(warehouse: Warehouse) -> dict[str, bytes]:
    """Return every file of a warehouse, staging included, with its bytes."""
    return {place: warehouse.read_bytes(place) for place in places_in(warehouse)}


def places_in(warehouse: Warehouse) -> list[str]:
    """Return where every file of a warehouse is, staging included, whoever may see it."""
    medium = warehouse.medium
    if isinstance(medium, LocalFolder):
        files = (path for path in medium.folder.rglob("*") if path.is_file())
        return sorted(path.relative_to(medium.folder).as_posix() for path in files)
    root = warehouse.root.removeprefix("s3://")
    selector = fs.FileSelector(root, recursive=True, allow_not_found=True)
    infos = connect(medium.address).get_file_info(selector)
    return sorted(info.path.removeprefix(f"{root}/") for info in infos if info.is_file)


def put(warehouse: Warehouse, place: str, content: bytes) -> None:
    """Put a file to a place, as damage or another program would."""
    with warehouse.commit_file(place) as scratch:
        scratch.write_bytes(content)


def paths_in(folder: Path) -> set[str]:
    """Return every file and folder below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def schema_of(schema: Any) -> list[tuple[str, Any]]:
    """Return the columns of a pyarrow schema, in order."""
    return [(field.name, field.type) for field in schema]
