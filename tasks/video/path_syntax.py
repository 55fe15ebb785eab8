"""How a path grammar is written: the pieces that its text consists of, and what makes no sense."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise

from tasks.video.path_directives import DIRECTIVES, missing_from

_FIELDS = "{camera}, {camera:path} and {start:FORMAT}"
_TOKEN = re.compile(r"\{(?P<field>[^{}]*)\}|(?P<stars>\*+)|(?P<brace>[{}])|(?P<text>[^{}*]+)")
_FORMAT_TOKEN = re.compile(r"%(?P<directive>-?.|\Z)|(?P<text>[^%]+)", re.DOTALL)


class Kind(Enum):
    """What a piece of a grammar stands for."""

    TEXT = auto()  # itself
    TIME = auto()  # the text of a directive
    STAR = auto()  # any characters of a folder's or the file's name, also none
    CAMERA = auto()  # one or more characters of a folder's or the file's name
    FOLDERS = auto()  # any number of folders, also none
    CAMERA_FOLDERS = auto()  # one or more folders


WILDCARDS = (Kind.STAR, Kind.CAMERA)
GAPS = (Kind.FOLDERS, Kind.CAMERA_FOLDERS)
_CAMERAS = (Kind.CAMERA, Kind.CAMERA_FOLDERS)


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a grammar; ``text`` is a literal text, a directive, or empty."""

    kind: Kind
    text: str = ""


def parts_of(text: str) -> list[list[Piece]]:
    """Return the pieces of each folder's name, and of the file's, that a grammar's text spells.

    The first has no piece where the text begins at the root; no other is empty.

    Raises:
        ValueError: It spells none; what it says is the end of a sentence that begins with the text.
    """
    pieces = list(_pieces(text))
    _check_fields(pieces)
    parts: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece.kind is not Kind.TEXT:
            parts[-1].append(piece)
            continue
        for index, name in enumerate(piece.text.split("/")):
            if index:
                parts.append([])
            if name:
                parts[-1].append(Piece(Kind.TEXT, name))
    _check_names(parts[1:] if text.startswith("/") else parts)
    return parts


def _pieces(text: str) -> Iterator[Piece]:
    """Yield the pieces of a grammar, in order."""
    for token in _TOKEN.finditer(text):
        field = token["field"]
        if token["text"]:
            yield Piece(Kind.TEXT, token["text"])
        elif token["stars"]:
            yield Piece(Kind.STAR if token["stars"] == "*" else Kind.FOLDERS)
        elif token["brace"]:
            raise ValueError(f"has a {token[0]!r} without its other half: fields are {_FIELDS}")
        elif field in ("camera", "camera:path"):
            yield Piece(Kind.CAMERA if field == "camera" else Kind.CAMERA_FOLDERS)
        elif field.startswith("start:"):
            yield from _pieces_of_format(field.removeprefix("start:"))
        else:
            raise ValueError(f"has {token[0]!r}, which is no field: fields are {_FIELDS}")


def _pieces_of_format(text: str) -> Iterator[Piece]:
    """Yield the pieces of what follows ``start:``."""
    told = False
    for token in _FORMAT_TOKEN.finditer(text):
        directive = token["directive"]
        if directive is None or directive == "%":
            yield Piece(Kind.TEXT, token["text"] or "%")
        elif directive in DIRECTIVES:
            told = True
            yield Piece(Kind.TIME, directive)
        else:
            known = " ".join(f"%{name}" for name in DIRECTIVES)
            raise ValueError(f"has {token[0]!r}, which is no directive: use {known} or %%")
    if not told:
        raise ValueError("has a {start:FORMAT} without a directive: write {start:%Y-%m-%d}")


def _check_fields(pieces: Sequence[Piece]) -> None:
    """Raise ValueError where the fields of a grammar cannot tell what they should."""
    cameras = sum(piece.kind in _CAMERAS for piece in pieces)
    directives = [piece.text for piece in pieces if piece.kind is Kind.TIME]
    if cameras > 1:
        raise ValueError("names the camera more than once: keep one and write * for the others")
    if not cameras and not directives:
        raise ValueError("has neither {camera} nor {start:FORMAT}: give it one at least")
    missing = " and ".join(missing_from(directives)) if directives else ""
    if missing:
        raise ValueError(f"tells no moment without {missing}: add it to a {{start:FORMAT}}")


def _check_names(parts: Sequence[Sequence[Piece]]) -> None:
    """Raise ValueError where the names of a grammar match no path, or match it by chance."""
    for part in parts:
        kinds = [piece.kind for piece in part]
        if not part or part in ([Piece(Kind.TEXT, ".")], [Piece(Kind.TEXT, "..")]):
            raise ValueError("has a folder or file named '', '.' or '..', which no path has")
        if len(part) > 1 and any(kind in GAPS for kind in kinds):
            raise ValueError("has ** or {camera:path} within a name: write it between two '/'")
        if any(one in WILDCARDS and other in WILDCARDS for one, other in pairwise(kinds)):
            raise ValueError("has * and {camera} side by side: write a text between them")
    if parts[-1][0].kind in GAPS:
        raise ValueError("ends with folders: add the file's name, such as *.mp4")
