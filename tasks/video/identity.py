"""A video's identity: what its file holds, never what it is called."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from tasks.video.errors import FootageChangedError
from tasks.video.search import printable


@dataclass(frozen=True, slots=True)
class FileStamp:
    """Size and modification time of a file: while both stay, its content is taken to stay."""

    size_bytes: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> FileStamp:
        """Return the stamp of a file as it is now."""
        status = os.stat(path)  # noqa: PTH116 - one call, also for odd file names
        return cls(status.st_size, status.st_mtime_ns)


def video_id_of(path: Path) -> str:
    """Return the video's id: the first 128 bits of the SHA-256 of its content, in hex.

    Raises:
        FootageChangedError: The file was written to while it was read.
    """
    before = FileStamp.of(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:32]
    if FileStamp.of(path) != before:
        raise FootageChangedError(f"{printable(path)!r} is still being written: run again later")
    return digest
