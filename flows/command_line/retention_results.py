"""What a plan, a removal and a list of reports are in words and as JSON."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasks.estimation import RunEstimate
    from tasks.forecast import Rates
    from tasks.holding import ListedReport
    from tasks.retention import Choice, StoredVideo

LEFT_OUT = ("unreadable", "unknown", "pending", "quarantined", "pruned")
DATINGS = {
    "path": "by their paths",
    "container": "by their containers",
    "file": "by their files' modification times",
}


def estimate_document(estimate: RunEstimate) -> dict[str, Any]:
    """Return an estimate as a JSON object."""
    left_out = {
        name: [item.as_json() for item in items] for name, items in _left_out(estimate).items()
    }
    return {
        "videos": estimate.work.videos,
        "clips": estimate.work.clips,
        "estimated_videos": estimate.new.videos,
        "estimated_clips": estimate.new.clips,
        "embedded_videos": estimate.known.embedded,
        "seconds": estimate.seconds,
        "bytes": estimate.bytes,
        "rates": asdict(estimate.rates) if estimate.rates else None,
        **left_out,
    }


def estimate_lines(estimate: RunEstimate) -> list[str]:
    """Return an estimate in words."""
    work, new = estimate.work, estimate.new
    amount = f"{count(work.videos, 'video')}, {count(work.clips, 'clip')}"
    if not work.clips:
        lines = ["nothing is left to embed"]
    elif estimate.rates is None or estimate.seconds is None or estimate.bytes is None:
        lines = [f"{amount}: no past run in this warehouse tells how long that takes"]
    else:
        took = f"about {duration(estimate.seconds)} and {size(estimate.bytes)}"
        lines = [f"{amount}: {took}, by {_basis(estimate.rates)}"]
    if new.videos:
        lines.append(
            f"{count(new.videos, 'video')} and {count(new.clips, 'clip')} of these are estimated "
            "from the headers of new or changed files"
        )
    if estimate.known.embedded:
        lines.append(f"{count(estimate.known.embedded, 'video')} embedded already")
    for name, items in _left_out(estimate).items():
        lines += [f"{name} {item.path}: {item.reason}" for item in items]
    return lines


def prune_document(choice: Choice, older_than: str, dry_run: bool) -> dict[str, Any]:
    """Return what is removed as a JSON object."""
    return {
        "dry_run": dry_run,
        "older_than": older_than,
        "videos": len(choice.videos),
        "shards": sum(video.shards for video in choice.videos),
        "reports": len(choice.reports),
        "bytes": _bytes(choice),
        "cameras": [
            {
                "camera": camera,
                "videos": len(videos),
                "shards": sum(video.shards for video in videos),
                "bytes": sum(video.size_bytes for video in videos),
            }
            for camera, videos in _by_camera(choice)
        ],
        "dated_by": {name: _dated_by(choice)[name] for name in DATINGS},
        "kept": {
            "for_profiles": choice.for_profiles,
            "for_held_reports": choice.for_held_reports,
            "held_reports": choice.held_reports,
            "undated": choice.undated,
        },
        "removed_videos": [
            {
                "video_id": video.video_id,
                "paths": [place.path for place in video.seen],
                "recorded_at": video.recorded_at.isoformat() if video.recorded_at else None,
                "dated_by": video.youngest.dated_by if video.youngest else None,
                "shards": video.shards,
                "bytes": video.size_bytes,
            }
            for video in choice.videos
        ],
        "removed_reports": [
            {
                "report_id": report.report_id,
                "created_at": report.created_at.isoformat(),
                "bytes": report.size_bytes,
            }
            for report in choice.reports
        ],
    }


def prune_lines(choice: Choice, older_than: str, dry_run: bool) -> list[str]:
    """Return what is removed in words."""
    shards = sum(video.shards for video in choice.videos)
    lines = [
        f"{count(len(choice.videos), 'video')} ({count(shards, 'shard')}) and "
        f"{count(len(choice.reports), 'report')} older than {older_than} "
        f"{'would be removed and free' if dry_run else 'removed, which frees'} "
        f"{size(_bytes(choice))}"
    ]
    for camera, videos in _by_camera(choice):
        freed = size(sum(video.size_bytes for video in videos))
        lines.append(f"  {camera}: {count(len(videos), 'video')}, {freed}")
    if dated := _dated_by(choice):
        words = (f"{dated[name]} {how}" for name, how in DATINGS.items() if dated[name])
        lines.append(f"videos are dated {', '.join(words)}")
    kept = (
        (choice.for_profiles, "video", "needed by profiles"),
        (choice.for_held_reports, "video", "needed by held reports"),
        (choice.held_reports, "report", "held"),
        (choice.undated, "video", "of unknown age"),
    )
    if told := [f"{count(number, noun)} {words}" for number, noun, words in kept if number]:
        lines.append(f"kept: {', '.join(told)}")
    return lines


def report_list_lines(listed: Sequence[ListedReport]) -> list[str]:
    """Return a list of reports in words."""
    lines = [f"{count(len(listed), 'report')}, {sum(entry.held for entry in listed)} held"]
    for entry in listed:
        held = f", held{f': {entry.why}' if entry.why else ''}" if entry.held else ""
        lines.append(
            f"  {entry.report_id}: {count(entry.events, 'event')} in "
            f"{count(entry.videos, 'video')}, "
            f"profile {entry.profile['name']}@{entry.profile['version']}{held}"
        )
    return lines


def count(number: int, noun: str) -> str:
    """Return a number of things, as ``1 video`` and ``4,310 clips``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """Return a length of time in the two units that matter of it."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{max(1, round(seconds))} s"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return "{} d {} h".format(*divmod(round(seconds / 3600), 24))


def size(size_bytes: int) -> str:
    """Return a size in the decimal unit that suits it."""
    number, unit = float(size_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if number < 999.5:
            break
        number, unit = number / 1000, larger
    return f"{number:.3g} {unit}" if number < 999.5 else f"{number:,.0f} {unit}"


def _basis(rates: Rates) -> str:
    """Return which runs an estimate rests on."""
    which = "this encoder" if rates.encoder == "this" else "another encoder of its shape"
    return f"{count(rates.runs, 'past run')} of {which} on {' and '.join(rates.devices)}"


def _left_out(estimate: RunEstimate) -> dict[str, Any]:
    """Return the files that would not be embedded, by the reason."""
    work, known = estimate.work, estimate.known
    found = (work.unreadable, work.unknown, work.pending, known.quarantined, known.pruned)
    return dict(zip(LEFT_OUT, found, strict=True))


def _bytes(choice: Choice) -> int:
    """Return what a removal frees."""
    reports = sum(report.size_bytes for report in choice.reports)
    return sum(video.size_bytes for video in choice.videos) + reports


def _by_camera(choice: Choice) -> Iterator[tuple[str, list[StoredVideo]]]:
    """Yield each camera and its videos that go; one seen by several counts for the first."""
    videos: defaultdict[str, list[StoredVideo]] = defaultdict(list)
    for video in choice.videos:
        videos[min((place.camera for place in video.seen), default="unknown")].append(video)
    yield from sorted(videos.items())


def _dated_by(choice: Choice) -> Counter[str]:
    """Return how many of the videos that go are dated by what."""
    dated = (video.youngest.dated_by for video in choice.videos if video.youngest)
    return Counter(name for name in dated if name)
