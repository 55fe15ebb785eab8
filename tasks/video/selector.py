"""Which footage a SELECTOR means, by path and camera alone: the files need not exist any more."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath

CAMERA_PREFIX = "camera:"


@dataclass(frozen=True, slots=True)
class Selector:
    """A path, a folder, a glob pattern or ``camera:NAME``."""

    text: str

    def matches(self, path: str, camera: str) -> bool:
        """Return whether footage at an absolute path, of a camera, is meant.

        In a pattern, ``*`` stays within a folder and ``**`` crosses any number of them.
        """
        if self.text.startswith(CAMERA_PREFIX):
            return camera == self.text.removeprefix(CAMERA_PREFIX)
        remote = "://" in self.text
        wanted = self.text if remote else os.path.abspath(self.text)  # noqa: PTH100 - as found
        if path == wanted or path.startswith(wanted.rstrip("/") + "/"):
            return True
        parts, pattern = PurePath(path).parts, PurePath(wanted).parts
        return glob.has_magic(self.text) and _parts_match(parts, pattern)


def _parts_match(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Return whether the folders and name of a path match those of a pattern."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_parts_match(parts[skip:], pattern[1:]) for skip in range(len(parts) + 1))
    return (
        bool(parts) and fnmatchcase(parts[0], pattern[0]) and _parts_match(parts[1:], pattern[1:])
    )
