"""Which directives tell a moment in a path, and which moment their texts are together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_TWO = "[0-9]{2}"
# Possessive: what has been read as a number stays read, so that no name is matched in many ways.
_ONE_OR_TWO = "[0-9]{1,2}+"

# The form of each directive's text. Digits are ASCII and, but for the forms without padding, of a
# fixed number: "%Y%m%d" has one reading only.
DIRECTIVES: Mapping[str, str] = MappingProxyType(
    {
        "Y": "[0-9]{4}",
        "y": _TWO,
        "m": _TWO,
        "d": _TWO,
        "j": "[0-9]{3}",
        "H": _TWO,
        "I": _TWO,
        "p": "(?ai:[ap]m)",
        "M": _TWO,
        "S": _TWO,
        "f": "[0-9]{1,6}+",
        "b": f"(?ai:{'|'.join(month[:3] for month in MONTHS)})",
        "B": f"(?ai:{'|'.join(MONTHS)})",
        "z": "(?:Z|[+-][0-9]{2}:?[0-9]{2})",
        "s": "[0-9]{10}",  # 2001 to 2286: milliseconds, of 13 digits, are not taken for seconds
        **{f"-{letter}": _ONE_OR_TWO for letter in "mdHIMS"},
    }
)


def plain(directive: str) -> str:
    """Return the directive that says the same in two digits: ``%b`` and ``%-m`` are a ``%m``."""
    return "m" if directive in ("b", "B") else directive.removeprefix("-")


def missing_from(directives: Iterable[str]) -> list[str]:
    """Return what must be added to directives before they tell a moment, such as ``%d``.

    A day alone is a moment: its midnight.
    """
    told = {plain(directive) for directive in directives}
    needs = {
        "%Y": not told & {"Y", "y", "s"},
        "%m": not told & {"m", "j", "s"},
        "%d": not told & {"d", "j", "s"},
        "%H": "M" in told and not told & {"H", "I", "s"},
        "%I": "p" in told and not told & {"H", "I", "s"},
        "%p": "I" in told and not told & {"p", "H", "s"},
        "%M": "S" in told and not told & {"M", "s"},
        "%S": "f" in told and not told & {"S", "s"},
    }
    return [directive for directive, needed in needs.items() if needed]


def moment_of(texts: Iterable[tuple[str, str]], zone: tzinfo) -> datetime | None:
    """Return the moment that the texts of directives tell, in UTC.

    Unix seconds (``%s``) win over all others, an offset (``%z``) over the zone. A local time that
    occurs twice, when a clock is set back, is the first of the two; one that a clock set forward
    skips is as much later as the clock is set forward.

    Args:
        texts: Pairs of a directive and its text in the path, of the form DIRECTIVES says.
        zone: Where the clock hangs.

    Returns:
        None where the digits form no moment, or where a directive that occurs twice differs.
    """
    values: dict[str, str] = {}
    for directive, text in texts:
        value = _in_digits(directive, text)
        if values.setdefault(plain(directive), value) != value:
            return None
    half, hour = values.pop("p", ""), values.pop("I", "")
    if hour and "H" not in values:
        if not 1 <= int(hour) <= 12:
            return None
        values["H"] = f"{int(hour) % 12 + 12 * (half == 'PM'):02}"
    if "s" in values:
        values = {"s": values["s"], "f": values.get("f", "0")}
    return _read(values, zone)


def _in_digits(directive: str, text: str) -> str:
    """Return a directive's text in the digits of its plain form."""
    if directive in ("b", "B"):
        # By the table, and not by strptime, whose names depend on the locale.
        names = [month[:3].upper() for month in MONTHS]
        return f"{names.index(text[:3].upper()) + 1:02}"
    if directive == "p":
        return text.upper()
    return text.zfill(2) if directive.startswith("-") else text


def _read(values: Mapping[str, str], zone: tzinfo) -> datetime | None:
    """Return the moment of plain directives, in UTC, or None where there is no such moment."""
    try:
        if "s" in values:
            part = datetime.strptime(values["f"], "%f")  # noqa: DTZ007 - only its microseconds count
            return datetime.fromtimestamp(int(values["s"]), UTC).replace(
                microsecond=part.microsecond
            )
        written = datetime.strptime(  # noqa: DTZ007 - made aware below
            " ".join(values.values()), " ".join(f"%{directive}" for directive in values)
        )
        # strptime takes day 366 of any year for one of the next, and %j rather than %m and %d.
        if any(written.strftime(f"%{day}") != values[day] for day in "Yymdj" if day in values):
            return None
        aware = written if written.tzinfo else written.replace(tzinfo=zone)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
