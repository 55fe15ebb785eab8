"""Feedback: what people say of events becomes a new version of the profile that found them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from prefect import task

from storage.errors import NotStoredError
from storage.feedback import Feedback, record_feedback
from storage.profiles import find_profile
from storage.reports import all_reports, read_report
from storage.shards import index_shards, is_complete
from storage.warehouse import Warehouse
from tasks.normality.events import EventRule
from tasks.normality.ladder import MISSION
from tasks.normality.spans import overlap
from tasks.normality.thresholds import ThresholdRule
from tasks.profile_use import Judge, ProfileInUse
from tasks.profiling import BuiltProfile
from tasks.retrying import STEP
from tasks.video_scoring import events_in


@dataclass(frozen=True, slots=True)
class Alarm:
    """An event of a report, as far as it is needed to find it again."""

    camera: str
    path: str
    frame_start: int
    frame_end: int


@dataclass(frozen=True, slots=True)
class AlarmChange:
    """Which alarms of a report a new version of its profile would not give, and which it would.

    Attributes:
        report_id: The report.
        alarms: Events that it lists in footage that is still embedded.
        vanished: Those that meet no event by the new version.
        appeared: Events by the new version that meet none of the report's.
        unknown: Videos of the report whose embeddings are gone.
    """

    report_id: str
    alarms: int
    vanished: tuple[Alarm, ...]
    appeared: tuple[Alarm, ...]
    unknown: int


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of feedback on the events of one profile.

    Attributes:
        profile: Its version now.
        changes: What that means for the reports that the events are of.
    """

    profile: BuiltProfile
    changes: tuple[AlarmChange, ...]


@task(**STEP)
def take_feedback(place: str, verdicts: Mapping[str, str]) -> dict[str, list[str]]:
    """Commit what was said of events, after every one of them was found in a report.

    Returns:
        The ids of the reports that list them, by the name of the profile behind the report.

    Args:
        place: The warehouse.
        verdicts: ``normal`` or ``anomaly``, by the event's id.

    Raises:
        NotStoredError: No report lists one of them.
        MissingStatisticsError: The profile cannot tell any more what became of a report's alarms.
    """
    warehouse = Warehouse.at(place)
    found = _events_in_reports(warehouse, verdicts)
    unknown = [event_id for event_id in verdicts if event_id not in found]
    if unknown:
        raise NotStoredError(
            f"no report in the warehouse {warehouse.root} lists the event {unknown[0]!r}"
            f"{f' and {len(unknown) - 1} others' if len(unknown) > 1 else ''}: "
            "events.csv of a report has the ids of its events"
        )
    for name, distance in sorted({_judged_by(report) for report, _, _ in found.values()}):
        ProfileInUse.of(warehouse, find_profile(warehouse, name), [distance])
    now = datetime.now(UTC).isoformat(timespec="seconds")
    reports: defaultdict[str, set[str]] = defaultdict(set)
    for event_id, verdict in verdicts.items():
        report, video, event = found[event_id]
        feedback = Feedback(
            event_id=event_id,
            verdict=verdict,
            video_id=video["video_id"],
            camera=video["camera"],
            path=video["path"],
            frame_start=event["frame_start"],
            frame_end=event["frame_end"],
            report_id=report["report_id"],
            profile=report["profile"]["name"],
            given_at=now,
            recorded_at=video["recorded_at"],
        )
        record_feedback(warehouse, feedback)
        reports[feedback.profile].add(feedback.report_id)
    return {profile: sorted(ids) for profile, ids in sorted(reports.items())}


@task(**STEP)
def compare_alarms(place: str, built: BuiltProfile, report_id: str) -> AlarmChange:
    """Score a report's footage again, as it was then but with another version of the profile."""
    warehouse = Warehouse.at(place)
    report = read_report(warehouse, report_id).document
    _, distance = _judged_by(report)
    rule = ThresholdRule.parse(report["threshold_rule"])
    profile = ProfileInUse.of(warehouse, built.ref, [distance])
    judge = Judge(profile, distance, rule, EventRule(**report.get("event_rule", {})))
    index = index_shards(warehouse, profile.content.encoder_id)
    before: list[Alarm] = []
    vanished, appeared, unknown = [], [], 0
    for video in report["videos"]:
        shards = index.get(video["video_id"], [])
        if not is_complete(warehouse, shards):
            unknown += 1
            continue
        old = [_alarm(video, event["frame_start"], event["frame_end"]) for event in video["events"]]
        new = [
            _alarm(video, event.frame_start, event.frame_end)
            for event in events_in(warehouse, shards, judge, video["camera"], video["recorded_at"])
        ]
        before += old
        vanished += [alarm for alarm in old if not _meets(alarm, new)]
        appeared += [alarm for alarm in new if not _meets(alarm, old)]
    return AlarmChange(report_id, len(before), tuple(vanished), tuple(appeared), unknown)


def _judged_by(report: Mapping[str, Any]) -> tuple[str, str]:
    """Return the name of the profile behind a report, and the distance that its events are by."""
    return report["profile"]["name"], report.get("distance", MISSION)


def _events_in_reports(
    warehouse: Warehouse, wanted: Mapping[str, str]
) -> dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """Return the newest report that lists each event, with the video and the event, by id."""
    found: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {}
    for entry in reversed(all_reports(warehouse)):
        if not wanted.keys() - found.keys():
            break
        report = read_report(warehouse, entry.report_id).document
        for video in report["videos"]:
            for event in video["events"]:
                if event["event_id"] in wanted:
                    found.setdefault(event["event_id"], (report, video, event))
    return found


def _alarm(video: Mapping[str, Any], frame_start: int, frame_end: int) -> Alarm:
    """Return a stretch of a report's video."""
    return Alarm(video["camera"], video["path"], frame_start, frame_end)


def _meets(alarm: Alarm, others: Sequence[Alarm]) -> bool:
    """Return whether an alarm shares a frame with one of others of the same video."""
    span = alarm.frame_start, alarm.frame_end
    return any(overlap(span, (other.frame_start, other.frame_end)) for other in others)
