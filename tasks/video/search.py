"""Which files a PATH of the command line stands for, and which camera recorded them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from tasks.video.errors import FootageNotFoundError


def find_footage(paths: Iterable[str]) -> list[Path]:
    """Return every file that the paths stand for, absolute, each once, in sorted order.

    Args:
        paths: Files, folders (searched recursively, hidden entries left out) or glob patterns.

    Raises:
        FootageNotFoundError: A path does not exist, or leads to no file.
    """
    return sorted({file for path in paths for file in _files_of(path)}, key=os.fsencode)


def camera_of(path: Path) -> str:
    """Return the camera that recorded a file: the name of the folder it lies in."""
    return printable(path.parent.name) or "root"


def printable(text: str | Path) -> str:
    """Return text as valid Unicode: bytes of a file name that are none become escapes."""
    return os.fsencode(str(text)).decode("utf-8", "backslashreplace")


def _files_of(path: str) -> list[Path]:
    """Return the files that one path stands for."""
    place = Path(path)
    if place.is_dir():
        files = list(_files_below(place))
        if not files:
            raise FootageNotFoundError(
                f"the folder {printable(path)!r} holds no file: give the folder of the footage"
            )
        return files
    if place.is_file():
        return [_absolute(place)]
    if place.exists():
        raise FootageNotFoundError(f"{printable(path)!r} is neither a file nor a folder")
    matches = (
        glob.glob(path, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        if glob.has_magic(path)
        else []
    )
    files = [_absolute(Path(match)) for match in matches if Path(match).is_file()]
    if not files:
        kind = "no file matches the pattern" if glob.has_magic(path) else "there is no file"
        raise FootageNotFoundError(f"{kind} {printable(path)!r}: give an existing file or folder")
    return files


def _files_below(folder: Path) -> Iterator[Path]:
    """Yield the regular files below a folder; a dot at the front hides a file or a folder."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = Path(parent, name)
            if not name.startswith(".") and file.is_file():
                yield _absolute(file)


def _absolute(path: Path) -> Path:
    """Return the path made absolute; a link keeps its own name."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
