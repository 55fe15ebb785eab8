"""Which paths have the form that a grammar describes, and what its fields cut out of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tasks.video.path_directives import DIRECTIVES
from tasks.video.path_syntax import GAPS, WILDCARDS, Kind, Piece, parts_of

Texts = list[tuple[str, str]]  # a field (``camera`` or a directive) and what it cut out


@dataclass(frozen=True, slots=True)
class Name:
    """The form of a folder's or the file's name.

    Attributes:
        expression: It matches the whole name.
        fields: What each of its groups is: ``camera`` or a directive.
    """

    expression: re.Pattern[str]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """What a grammar cut out of a path.

    Attributes:
        camera: None where the grammar has no such field.
        times: Pairs of a directive and its text, in no order.
    """

    camera: str | None
    times: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Grammar:
    """The form of a path: runs of names that follow each other directly, with gaps between them.

    Attributes:
        rooted: Whether it describes whole paths, and not only how they end.
        tells_time: Whether it has a start.
        runs: The names; where a gap comes first, the first run is empty.
        gaps: What is between two runs; one fewer than runs.
    """

    rooted: bool
    tells_time: bool
    runs: tuple[tuple[Name, ...], ...]
    gaps: tuple[Kind, ...]

    @classmethod
    def parse(cls, text: str) -> Grammar:
        """Return the grammar that a text spells.

        Raises:
            ValueError: It spells none; what it says ends a sentence that begins with the text.
        """
        parts = parts_of(text)
        runs: list[tuple[Name, ...]] = [()]
        gaps = []
        for part in parts:
            if part and part[0].kind in GAPS:
                gaps.append(part[0].kind)
                runs.append(())
            elif part:
                runs[-1] += (_name(part, is_file=part is parts[-1]),)
        tells_time = any(piece.kind is Kind.TIME for part in parts for piece in part)
        return cls(text.startswith("/"), tells_time, tuple(runs), tuple(gaps))

    def cut(self, path: str) -> Cut | None:
        """Return what the fields cut out of a path, or None where the path is of another form.

        From the file upwards, ``**`` and ``{camera:path}`` take as few folders as they can. Within
        a name, from its front, ``*`` and ``{camera}`` take as few characters as they can. What is
        taken stays taken: no path is tried in many ways, however many wildcards there are.
        """
        if self.rooted and not path.startswith("/"):
            return None
        names = path.removeprefix("/").split("/")
        texts: Texts = []
        end = len(names)
        for index in reversed(range(len(self.runs))):
            gap = self.gaps[index] if index < len(self.gaps) else None
            place = self._place(index, names, end - (gap is Kind.CAMERA_FOLDERS))
            if place is None:
                return None
            start, found = place
            if gap is Kind.CAMERA_FOLDERS:
                found.append(("camera", "/".join(names[start + len(self.runs[index]) : end])))
            texts += found
            end = start
        camera = next((text for field, text in texts if field == "camera"), None)
        return Cut(camera, tuple(pair for pair in texts if pair[0] != "camera"))

    def _place(self, index: int, names: Sequence[str], end: int) -> tuple[int, Texts] | None:
        """Return the last place of a run that ends by a name: where it starts, and its texts."""
        run = self.runs[index]
        last = end - len(run)
        starts: Iterable[int] = (last,)
        if index < len(self.gaps):
            starts = range(last, -1, -1)
        if self.rooted and index == 0:
            starts = (0,) if 0 in starts else ()
        for start in starts:
            texts = _texts(run, names[start : start + len(run)]) if start >= 0 else None
            if texts is not None:
                return start, texts
        return None


def _texts(run: Sequence[Name], names: Sequence[str]) -> Texts | None:
    """Return what the fields of names cut out, or None where a name is of another form."""
    texts: Texts = []
    for form, name in zip(run, names, strict=True):
        found = form.expression.fullmatch(name)
        if found is None:
            return None
        texts += zip(form.fields, found.groups(), strict=True)
    return texts


def _name(part: Sequence[Piece], is_file: bool) -> Name:
    """Return the form of a name from its pieces."""
    expression, fields = "", []
    wild = [index for index, piece in enumerate(part) if piece.kind in WILDCARDS]
    for index, piece in enumerate(part):
        if index in wild:
            # A wildcard ends where what follows it fits first: an atomic group, "(?>", tries no
            # other place. Only the last one may have to go on, to the end of the name.
            expression += ")" if index != wild[0] else ""
            expression += "(?>" if index != wild[-1] else ""
        expression += _expression(piece, is_ending=is_file and index == len(part) - 1)
        if piece.kind in (Kind.CAMERA, Kind.TIME):
            fields.append(piece.text or "camera")
    return Name(re.compile(expression, re.DOTALL), tuple(fields))


def _expression(piece: Piece, is_ending: bool) -> str:
    """Return a piece as a regular expression; a file's ending may be in capitals."""
    if piece.kind is Kind.TIME:
        return f"({DIRECTIVES[piece.text]})"
    if piece.kind is not Kind.TEXT:
        return "(.+?)" if piece.kind is Kind.CAMERA else ".*?"
    stem, dot, ending = piece.text.rpartition(".")
    if is_ending and dot:
        return f"{re.escape(stem)}(?ai:{re.escape(dot + ending)})"
    return re.escape(piece.text)
