"""The words and the order of report.html: what an operator reads first, and how numbers are put."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tasks.report.timeline import CHART_HEIGHT, CHART_WIDTH, Chart, Timeline, draw

_TIMES = "\N{MULTIPLICATION SIGN}"
_REPLACEMENT = 0xFFFD
# File names may hold bytes that are no text, line breaks and marks that turn the reading direction:
# shown as signs they can neither break the page's encoding nor pass for another name.
_VISIBLE = (
    {code: 0x2400 + code for code in range(0x20)}
    | dict.fromkeys(range(0x7F, 0xA0), _REPLACEMENT)
    | dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), _REPLACEMENT)
    | dict.fromkeys(range(0xD800, 0xE000), _REPLACEMENT)
)


@dataclass(frozen=True, slots=True)
class EventView:
    """One event and its place among all events of the report, 1 being the highest peak."""

    rank: int
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VideoView:
    """One video with its chart; ``events`` are in order of time, as are ``chart.bands``."""

    anchor: str
    name: str
    facts: Mapping[str, Any]
    peak: float
    chart: Chart
    events: tuple[EventView, ...]


def render_page(document: Mapping[str, Any], timelines: Sequence[Timeline]) -> str:
    """Render a report as one self-contained HTML page; the same input gives the same text.

    Args:
        document: The content of report.json.
        timelines: One timeline a video, in the order of ``document["videos"]``.

    Raises:
        ValueError: There are more or fewer timelines than videos.
    """
    videos = _view_videos(document, timelines)
    ranked = sorted(
        ((event, video) for video in videos for event in video.events),
        key=lambda pair: pair[0].rank,
    )
    cameras = Counter(video.facts["camera"] for _, video in ranked)
    return (
        _environment()
        .get_template("page.html")
        .render(
            report=document,
            headline=headline(document),
            ranked=ranked,
            cameras=sorted(cameras.items(), key=lambda item: (-item[1], item[0])),
            num_quiet_cameras=len({video.facts["camera"] for video in videos} - cameras.keys()),
            eventful=sorted((v for v in videos if v.events), key=lambda v: _best_rank(v.events)),
            quiet=sorted((v for v in videos if not v.events), key=_by_camera),
            canvas=(CHART_WIDTH, CHART_HEIGHT),
        )
    )


def headline(document: Mapping[str, Any]) -> str:
    """Say in one line whether anything happened."""
    videos = document["videos"]
    num_events = sum(len(video["events"]) for video in videos)
    num_eventful = sum(bool(video["events"]) for video in videos)
    if not videos:
        return "No video could be checked" if document["quarantined"] else "No videos to check"
    if num_events == 0:
        return f"Nothing out of the ordinary in {counted(len(videos), 'video')}"
    if num_eventful == len(videos):
        where = f"{'all ' if num_eventful > 1 else ''}{counted(len(videos), 'video')}"
    else:
        where = f"{num_eventful:,} of {counted(len(videos), 'video')}"
    return f"{counted(num_events, 'event')} in {where}"


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


def frame_range(event: Mapping[str, Any]) -> str:
    """Name an event's first and last frame; half-open intervals are for programs."""
    first, last = event["frame_start"], event["frame_end"] - 1
    return f"frame {first}" if first == last else f"frames {first} to {last}"


def _view_videos(document: Mapping[str, Any], timelines: Sequence[Timeline]) -> list[VideoView]:
    """Join each video with its drawing, and each event with its rank."""
    ranks = _ranks(document["videos"])
    views = []
    for index, (video, timeline) in enumerate(zip(document["videos"], timelines, strict=True)):
        order = sorted(range(len(video["events"])), key=lambda i: video["events"][i]["frame_start"])
        events = tuple(EventView(ranks[index, i], video["events"][i]) for i in order)
        spans_s = [(event.facts["time_start_s"], event.facts["time_end_s"]) for event in events]
        views.append(
            VideoView(
                anchor=f"video-{index + 1}",
                name=video["path"].replace("\\", "/").rstrip("/").rpartition("/")[2],
                facts=video,
                peak=timeline.peak,
                chart=draw(timeline, document["threshold"], spans_s, video["duration_s"]),
                events=events,
            )
        )
    return views


def _ranks(videos: Sequence[Mapping[str, Any]]) -> dict[tuple[int, int], int]:
    """Rank events, named by the index of their video and their own, by peak; ties by place."""
    found = [
        (-event["peak_score"], video["camera"], video["path"], event["frame_start"], (v, e))
        for v, video in enumerate(videos)
        for e, event in enumerate(video["events"])
    ]
    return {place: rank for rank, (*_, place) in enumerate(sorted(found), start=1)}


def _best_rank(events: Sequence[EventView]) -> int:
    return min(event.rank for event in events)


def _by_camera(video: VideoView) -> tuple[str, str]:
    return video.facts["camera"], video.facts["path"]


def _visible(value: object) -> object:
    """Make characters that have no look of their own visible, in all text the page is given."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return value.translate(_VISIBLE)
    return value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = (clock, counted, frame_range, length, moment, multiple, rule_in_words)
    environment.filters.update({word.__name__: word for word in words})
    return environment
