"""A video's identity: what its file holds, never what it is called."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tasks.video.errors import FootageChangedError, FootageUnreachableError
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

    def is_settled(self, settle_s: float) -> bool:
        """Return whether the file has not changed for so many seconds.

        A time further ahead than that is the mistake of a clock, and no sign of a file in work.
        """
        return abs(time.time() - self.modified_ns / 1e9) >= settle_s


@contextmanager
def reaching(path: Path) -> Iterator[None]:
    """Turn an error of the disk or share on which footage lies into one that costs that file alone.

    Raises:
        FootageUnreachableError: The block met such an error.
    """
    try:
        yield
    except OSError as error:
        words = error.strerror or str(error)
        raise FootageUnreachableError(f"{printable(path)!r} cannot be read: {words}") from error


def video_id_of(path: Path) -> str:
    """Return the video's id: the first 128 bits of the SHA-256 of its content, in hex.

    Raises:
        FootageChangedError: The file was written to while it was read.
        FootageUnreachableError: It is gone, or the disk does not give it.
    """
    with reaching(path):
        before = FileStamp.of(path)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:32]
        after = FileStamp.of(path)
    if after != before:
        raise FootageChangedError(f"{printable(path)!r} is still being written: run again later")
    return digest
