"""How numbers, times and rules are put into words on a page."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from shlex import quote
from typing import Any

_TIMES = "\N{MULTIPLICATION SIGN}"
HEALTH_WORDS = {
    "black": "black picture",
    "frozen": "frozen picture",
    "covered": "covered lens",
    "blurred": "blurred picture",
    "moved": "moved view",
}
_DISTANCE_WORDS = {
    "mse": "mean squared error (mse)",
    "patch": "patch by patch (patch)",
}
_DAYS_A_YEAR = 365.25
_YEARS_FORESEEN = 10


def counted(number: int, noun: str, several: str | None = None) -> str:
    """Put a number before a noun: ``1 event``, ``1,200 events``, ``2 anomalies`` if told so."""
    return f"{number:,} {noun if number == 1 else several or f'{noun}s'}"


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
    if kind == "budget":
        number, _, unit = value.partition("/")
        events = f"{float(number):g} event{'' if float(number) == 1 else 's'}"
        return f"normal footage gives at most {events} a camera a {unit} ({rule})"
    return rule


def often(once_in_days: float | None) -> str:
    """Say how often normal footage looks as strange; empty where nobody knows.

    Rare numbers come from little evidence, so the words get coarser as the days get more.
    """
    if once_in_days is None or not once_in_days >= 0:
        return ""
    if once_in_days < 1 / 36:
        return "several times an hour"
    if once_in_days < 1 / 18:
        return "about once an hour"
    if once_in_days < 2 / 3:
        return "several times a day"
    if once_in_days < 1.5:
        return "about once a day"
    if once_in_days < 89.5:
        return f"once in {round(once_in_days)} days"
    if once_in_days < 2 * _DAYS_A_YEAR:
        return f"once in {round(once_in_days * 12 / _DAYS_A_YEAR)} months"
    if once_in_days <= _YEARS_FORESEEN * _DAYS_A_YEAR:
        return f"once in {round(once_in_days / _DAYS_A_YEAR)} years"
    return f"less than once in {_YEARS_FORESEEN} years"


def scope_in_words(scope: str) -> str:
    """Say which normal footage a video is compared with; an unknown scope stands as it is."""
    if scope == "all":
        return "what is normal on all cameras"
    if not scope.startswith("camera:"):
        return scope
    camera, by_hour, rest = scope.removeprefix("camera:").rpartition(" by hour of day")
    if by_hour and not rest:
        return f"what is normal on {camera} at that hour"
    return f"what is normal on {scope.removeprefix('camera:')}"


def distance_in_words(distance: str) -> str:
    """Name the distance between footage and profile; an unknown one stands as it is."""
    return _DISTANCE_WORDS.get(distance, distance)


def event_rule_in_words(rule: Mapping[str, Any]) -> str:
    """Say how flagged frames become events; steps that do nothing are left out."""
    past = ", of the past alone" if rule.get("causal") else ""
    steps = (
        ("smooth_s", f"scores smoothed over {{}}{past}"),
        ("min_length_s", "none shorter than {}"),
        ("merge_gap_s", "gaps up to {} closed"),
        ("padding_s", "{} shown before and after"),
    )
    said = [words.format(length(rule[name])) for name, words in steps if rule.get(name)]
    if rule.get("hysteresis", 1) < 1:
        said.append(f"they end below {rule['hysteresis']:.4g} of the threshold")
    return "; ".join(said) or "every stretch of flagged frames"


def learn_command(cameras: Sequence[str], profile: str) -> str:
    """Return the command that teaches a profile what these cameras show, safe to paste."""
    selectors = " ".join(quote(f"camera:{camera}") for camera in cameras)
    return f"nightjar profile --update --profile {quote(profile)} --normal {selectors}"


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
    clock, counted, distance_in_words, event_rule_in_words, frame_range, health_in_words,
    learn_command, length, moment, multiple, often, rule_in_words, scope_in_words, wall_clock,
)  # fmt: skip
