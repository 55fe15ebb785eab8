"""How numbers, times and rules are put into words on a page."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_TIMES = "\N{MULTIPLICATION SIGN}"
HEALTH_WORDS = {
    "black": "black picture",
    "frozen": "frozen picture",
    "covered": "covered lens",
    "blurred": "blurred picture",
    "moved": "moved view",
}


def counted(number: int, noun: str) -> str:
    """Put a number before a noun: ``1 event``, ``1,200 events``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def clock(time_s: float) -> str:
    """Write a time in footage as ``h:mm:ss.s``."""
    tenths = round(abs(time_s) * 10)
    minutes, rest = divmod(tenths, 600)
    sign = "-" if time_s < 0 and tenths else ""
    return f"{sign}{minutes // 60}:{minutes % 60:02}:{rest // 10:02}.{rest % 10}"


def length(duration_s: float) -> str:
    """Write a duration in the two units that matter at its size."""
    if 0 < duration_s < 0.995:
        return f"{duration_s:.2f} s"
    if duration_s < 59.95:
        return f"{duration_s:.1f} s"
    minutes, seconds = divmod(round(duration_s), 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def multiple(score: float, threshold: float) -> str:
    """Write a score as a multiple of the threshold, never rounded across it."""
    if threshold <= 0:
        return f"score {score:.4g}"
    ratio = score / threshold
    if ratio != 1 and round(ratio, 2) == 1:
        return f"just {'over' if ratio > 1 else 'under'} 1{_TIMES}"
    digits = 2 if ratio < 10 else 1 if ratio < 100 else 0
    return f"{ratio:,.{digits}f}{_TIMES}"


def rule_in_words(rule: str) -> str:
    """Say where a threshold comes from; a rule this page does not know stands as it is."""
    kind, _, value = rule.partition(":")
    if kind == "quantile":
        return f"{float(value) * 100:.6g}% of normal frames score no higher ({rule})"
    return rule


def moment(iso: str) -> str:
    """Write an ISO 8601 time to the minute, in UTC."""
    when = datetime.fromisoformat(iso)
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return f"{aware.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def wall_clock(iso: str) -> str:
    """Write an ISO 8601 time to the second, by the clock of the place it names."""
    when = datetime.fromisoformat(iso)
    zone = "UTC" if not when.utcoffset() else f"{when:%z}"
    return f"{when:%Y-%m-%d %H:%M:%S} {zone}"


def health_in_words(kind: str) -> str:
    """Say what a camera suffers from; a kind this page does not know stands as it is."""
    return HEALTH_WORDS.get(kind, kind)


def frame_range(event: Mapping[str, Any]) -> str:
    """Name an event's first and last frame; half-open intervals are for programs."""
    first, last = event["frame_start"], event["frame_end"] - 1
    return f"frame {first}" if first == last else f"frames {first} to {last}"


# What the page's template may call, by its own name.
WORDS = (
    clock, counted, frame_range, health_in_words, length, moment, multiple, rule_in_words,
    wall_clock,
)  # fmt: skip
