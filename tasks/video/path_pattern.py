"""Which camera recorded a footage file and when it begins, by nothing but the file's path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from tasks.video.errors import PathPatternError
from tasks.video.path_directives import moment_of
from tasks.video.path_grammar import Grammar
from tasks.video.path_presets import PRESETS, Preset
from tasks.video.search import printable

__all__ = ["PRESETS", "PathFacts", "PathPattern", "Preset", "describe_mismatch"]

EXAMPLE = "{camera}/{start:%Y-%m-%d/%H.%M.%S}.mp4"


@dataclass(frozen=True, slots=True)
class PathFacts:
    """What a path says.

    Attributes:
        camera: Valid Unicode, never empty; None where the grammar has no ``{camera}``.
        start: In UTC; None where the grammar has no ``{start:FORMAT}``.
    """

    camera: str | None
    start: datetime | None

    def __post_init__(self) -> None:
        if self.camera == "":
            raise ValueError("a camera's name has one character at least")
        if self.start is not None and self.start.utcoffset() != timedelta(0):
            raise ValueError(f"a start is in UTC, got {self.start!r}")


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A path grammar, or the name of a preset, and the timezone of the times in the paths.

    A grammar describes how absolute paths end, from some folder on; one that begins with ``/``
    describes whole paths. In it stand for

    - ``{camera}``: the camera's name, one or more characters of a folder's or the file's name;
      ``{camera:path}``: one or more whole folders. One of the two, once.
    - ``{start:FORMAT}``: the moment the footage begins, in directives as of ``strptime``; in
      several places, if need be, which then tell it together and must not contradict each other.
      Numbers have leading zeros unless written ``%-m``; months are in English; ``%s`` is Unix
      time; ``%z`` in a path wins over the timezone.
    - ``*``: any characters of a folder's or the file's name, also none; ``**``: any number of
      folders, also none.

    Wildcards take as little as they can. All else is itself; only the file's ending may be in
    capitals or not. A path whose digits form no date does not match.

    A local time that occurs twice, when clocks are set back, is taken for the first of the two.
    One that never occurs, since clocks were set forward, is taken as if they had not yet been:
    02:30 in a skipped hour is the moment at which clocks show 03:30.

    Attributes:
        text: The grammar or the preset's name, as the user gave it.
        timezone: IANA name.
    """

    text: str
    timezone: str

    def __post_init__(self) -> None:
        try:
            _grammars(self.text)
        except ValueError as error:
            raise PathPatternError(f"the path pattern {_quoted(self.text)} {error}") from None
        try:
            ZoneInfo(self.timezone)
        except (LookupError, ValueError, OSError):  # unknown; no such name; the name of a folder
            raise PathPatternError(
                f"there is no timezone {_quoted(self.timezone)}: "
                "give an IANA name such as Europe/Berlin, America/New_York or UTC"
            ) from None

    @classmethod
    def parse(cls, text: str, timezone: str | None = None) -> PathPattern:
        """Return the pattern that a user means.

        Args:
            text: A grammar or a preset's name.
            timezone: IANA name; None is the preset's own if it has one, else UTC.

        Raises:
            PathPatternError: The text is neither, or there is no such timezone.
        """
        if timezone is None:
            preset = PRESETS.get(text)
            timezone = (preset and preset.timezone) or "UTC"
        return cls(text, timezone)

    def match(self, path: str) -> PathFacts | None:
        """Return what an absolute path says, or None where it is of another form."""
        for grammar in _grammars(self.text):
            cut = grammar.cut(path)
            if cut is None:
                continue
            start = moment_of(cut.times, ZoneInfo(self.timezone)) if grammar.tells_time else None
            if start is not None or not grammar.tells_time:
                return PathFacts(None if cut.camera is None else printable(cut.camera), start)
        return None


def describe_mismatch(pattern: PathPattern, paths: Iterable[str]) -> str:
    """Return what to tell a user whose pattern matches none of the footage, in one line.

    Args:
        pattern: It matches none of the paths.
        paths: Those that were tried; the first three are named.
    """
    preset = PRESETS.get(pattern.text)
    form = f" ({' or '.join(map(_quoted, preset.grammars))})" if preset else ""
    tried = ", ".join(_quoted(path) for path in islice(paths, 3)) or "no path"
    return (
        f"the path pattern {_quoted(pattern.text)}{form} matches no file, tried {tried}: "
        f"write it as these paths end, such as {EXAMPLE!r}, or name a preset ({', '.join(PRESETS)})"
    )


@lru_cache(maxsize=64)
def _grammars(text: str) -> tuple[Grammar, ...]:
    """Return the grammars that a text stands for; ValueError says why there is none."""
    preset = PRESETS.get(text)
    if preset:
        return tuple(map(Grammar.parse, preset.grammars))
    if not set(text) & set("{}/*"):
        raise ValueError(
            f"is neither a preset nor a grammar: name one of {', '.join(PRESETS)}, "
            f"or write how the paths end, such as {EXAMPLE!r}"
        )
    return (Grammar.parse(text),)


def _quoted(text: str) -> str:
    """Return text in quotes, on one line and in valid Unicode."""
    return repr(printable(text))
