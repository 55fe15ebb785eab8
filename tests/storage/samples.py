"""What several tests of the storage need: names that are hard to store, and what lies where."""

from pathlib import Path
from typing import Any

import pytest

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


def files_in(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, hidden ones included, with its bytes."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def paths_in(folder: Path) -> set[str]:
    """Return every file and folder below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def schema_of(schema: Any) -> list[tuple[str, Any]]:
    """Return the columns of a pyarrow schema, in order."""
    return [(field.name, field.type) for field in schema]
