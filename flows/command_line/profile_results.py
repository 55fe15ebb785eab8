"""What is said of profiles, as JSON and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tasks.profile_listing import ProfileDifference, ProfileEntry, ProfileView
    from tasks.profiling import BuiltProfile
    from tasks.regression import Regression


def built_result(built: BuiltProfile) -> tuple[dict[str, Any], list[str]]:
    """Return what building a profile came to as a JSON object and in words."""
    document = {
        "profile": {"name": built.name, "version": built.version},
        "new": built.is_new,
        "videos": built.videos,
        "frames": built.frames,
        "standing_out": list(built.standing_out),
        "regression": asdict(built.regression),
        "embedded_clips": 0,
    }
    word = "" if built.is_new else ", unchanged: its newest version was built from just this"
    lines = [f"profile {built.selector} of {built.frames} frames of {built.videos} videos{word}"]
    for item in built.standing_out:
        what = "left out" if item["left_out"] else "taken in (--robust leaves it out)"
        lines.append(
            f"  {item['camera']}: video {item['video_id']} lies {item['ratio']:.1f} times as far "
            f"from the rest as is usual: {what}"
        )
    return document, [*lines, *regression_lines(built.regression)]


def regression_lines(regression: Regression) -> list[str]:
    """Return how a profile does on confirmed anomalies in words; nothing where there are none."""
    if not regression.anomalies:
        return []
    flagged = regression.anomalies - len(regression.missed)
    return [
        f"{flagged} of {regression.anomalies} confirmed anomalies are flagged",
        *(f"  MISSED: event {event_id}" for event_id in regression.missed),
    ]


def list_lines(listed: Sequence[ProfileEntry]) -> list[str]:
    """Return the versions of profiles in words."""
    lines = [
        f"{entry.name}@{entry.version}  {entry.videos} videos, {entry.frames} frames, "
        f"by {entry.by}, {entry.made_by}, encoder {entry.encoder_id}"
        for entry in listed
    ]
    return lines or ["no profile yet: build one with 'nightjar profile build'"]


def view_lines(view: ProfileView) -> list[str]:
    """Return what a version of a profile holds in words."""
    lines = [*list_lines([view.entry]), f"distances: {', '.join(view.distances)}"]
    lines += [
        f"  {item['camera']}: {item['videos']} videos, {item['frames']} frames"
        for item in view.cameras
    ]
    lines += [
        f"  threshold of {item['scope']} by {item['distance']}: {item['value']:.6g}"
        + (" (extrapolated)" if item["extrapolated"] else "")
        for item in view.thresholds
    ]
    if view.left_out:
        intervals = len(view.left_out)
        lines.append(f"{view.frames_left_out} frames in {intervals} intervals do not count")
    lines += [
        f"  video {item['video_id']} of {item['camera']} looks unlike the rest"
        for item in view.standing_out
    ]
    return lines


def difference_lines(found: ProfileDifference) -> list[str]:
    """Return how two versions of profiles differ in words."""
    share = found.mean_distance / found.spread if found.spread else 0.0
    lines = [
        f"{found.before} has {found.frames[0]} frames, {found.after} has {found.frames[1]}",
        f"{len(found.added)} videos added, {len(found.removed)} removed",
        f"their means differ by {found.mean_distance:.6g}, {share:.3g} of the mean variance",
    ]
    lines += [
        f"  threshold of {item['scope']} by {item['distance']}: "
        f"{item['before']:.6g}, then {item['after']:.6g}"
        for item in found.thresholds
    ]
    return lines
