"""The order of report.html: what an operator reads first."""

import base64
import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tasks.report.heat import HeatMap, heat_of
from tasks.report.timeline import CHART_HEIGHT, CHART_WIDTH, Chart, Timeline, draw
from tasks.report.words import WORDS, counted, health_in_words

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
    heat: HeatMap | None

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        span_s = self.facts["time_end_s"] - self.facts["time_start_s"]
        return float(self.facts.get("duration_s", span_s))


@dataclass(frozen=True, slots=True)
class VideoView:
    """One video with its chart; ``events`` are in order of time, as are ``chart.bands``."""

    anchor: str
    name: str
    facts: Mapping[str, Any]
    threshold: float
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
    ailments = [(interval, video) for video in videos for interval in video.facts["health"]]
    return (
        environment()
        .get_template("page.html")
        .render(
            report=document,
            headline=headline(document),
            ranked=ranked,
            cameras=sorted(cameras.items(), key=lambda item: (-item[1], item[0])),
            num_quiet_cameras=len({video.facts["camera"] for video in videos} - cameras.keys()),
            eventful=sorted((v for v in videos if v.events), key=lambda v: _best_rank(v.events)),
            quiet=sorted((v for v in videos if not v.events), key=_by_camera),
            ailments=sorted(ailments, key=_by_camera_and_time),
            unwell=_unwell(ailments),
            thresholds=sorted({video.threshold for video in videos} or {document["threshold"]}),
            stale=[camera for camera in document.get("drift") or () if camera["stale"]],
            canvas=(CHART_WIDTH, CHART_HEIGHT),
            script=_script(),
            script_digest=_digest(_script()),
        )
    )


def headline(document: Mapping[str, Any]) -> str:
    """Say in one line whether anything happened."""
    videos = document["videos"]
    num_events = sum(len(video["events"]) for video in videos)
    num_eventful = sum(bool(video["events"]) for video in videos)
    if not videos:
        return _nothing_checked(document)
    if num_events == 0:
        return f"Nothing out of the ordinary in {counted(len(videos), 'video')}"
    if num_eventful == len(videos):
        where = f"{'all ' if num_eventful > 1 else ''}{counted(len(videos), 'video')}"
    else:
        where = f"{num_eventful:,} of {counted(len(videos), 'video')}"
    return f"{counted(num_events, 'event')} in {where}"


def _nothing_checked(document: Mapping[str, Any]) -> str:
    """Say why a report is about no video."""
    if document["quarantined"]:
        return "No video could be checked"
    words = "Nothing new" if document.get("only_new") else "No videos to check"
    pending = len(document["pending"])
    return f"{words} yet, {counted(pending, 'file')} left for the next run" if pending else words


def _view_videos(document: Mapping[str, Any], timelines: Sequence[Timeline]) -> list[VideoView]:
    """Join each video with its drawing, and each event with its rank."""
    ranks = _ranks(document["videos"])
    views = []
    for index, (video, timeline) in enumerate(zip(document["videos"], timelines, strict=True)):
        order = sorted(range(len(video["events"])), key=lambda i: video["events"][i]["frame_start"])
        events = tuple(
            EventView(ranks[index, i], video["events"][i], heat_of(video["events"][i]))
            for i in order
        )
        threshold = float(video.get("threshold", document["threshold"]))
        spans_s = [(event.facts["time_start_s"], event.facts["time_end_s"]) for event in events]
        views.append(
            VideoView(
                anchor=f"video-{index + 1}",
                name=video["path"].replace("\\", "/").rstrip("/").rpartition("/")[2],
                facts=video,
                threshold=threshold,
                peak=timeline.peak,
                chart=draw(timeline, threshold, spans_s, video["duration_s"]),
                events=events,
            )
        )
    return views


def _ranks(videos: Sequence[Mapping[str, Any]]) -> dict[tuple[int, int], int]:
    """Return the rank of each event, named by the index of its video and its own.

    The report's own ranks count; a report without them is ranked by peak, ties by place.
    """
    ranked = all("rank" in event for video in videos for event in video["events"])
    found = [
        (
            event["rank"] if ranked else -event["peak_score"],
            video["camera"],
            video["path"],
            event["frame_start"],
            (v, e),
        )
        for v, video in enumerate(videos)
        for e, event in enumerate(video["events"])
    ]
    return {place: rank for rank, (*_, place) in enumerate(sorted(found), start=1)}


def _unwell(
    ailments: Sequence[tuple[Mapping[str, Any], VideoView]],
) -> list[tuple[str, list[str]]]:
    """Return each camera that did not see well, with what it suffered from."""
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for interval, video in ailments:
        kinds[video.facts["camera"]].add(health_in_words(interval["kind"]))
    return [(camera, sorted(found)) for camera, found in sorted(kinds.items())]


def _by_camera_and_time(ailment: tuple[Mapping[str, Any], VideoView]) -> tuple[str, str, int]:
    interval, video = ailment
    return video.facts["camera"], video.facts["path"], interval["frame_start"]


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
def _script() -> Markup:
    """Return the page's script: a constant, into which nothing from outside is ever written."""
    return Markup(Path(__file__).with_name("page.js").read_text(encoding="utf-8"))


def _digest(script: str) -> str:
    """Return how a content security policy names a script: no other one may run."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


@cache
def environment() -> Environment:
    """Return what fills in this package's pages: all text is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({word.__name__: word for word in WORDS})
    return environment
