"""Scoring: shards and a profile become a report. No footage and no encoder are touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from prefect import task

from storage.footage import Sighting
from storage.profiles import ProfileRef, encoder_of, find_profile
from storage.reports import new_report, report_place
from storage.shards import index_shards
from storage.warehouse import Warehouse
from tasks.drifting import Drifts
from tasks.normality.errors import IncompatibleProfileError
from tasks.parameters import Scoring
from tasks.profile_use import Judge, ProfileInUse
from tasks.regression import check_anomalies
from tasks.report.page import render_page
from tasks.report.timeline import timeline_of
from tasks.retrying import STEP
from tasks.selection import Footage, LeftOut, choose_footage, embedded_shards, only_encoder
from tasks.static_reuse import reuse_in
from tasks.video_description import describe, rank_events
from tasks.video_scoring import score_videos
from tasks.watching import note_report


@dataclass(frozen=True, slots=True)
class FootageToScore:
    """The footage of a report: what is scored, and what cannot be."""

    scored: tuple[Sighting, ...]
    quarantined: tuple[LeftOut, ...]
    pending: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """What a report comes to, as the command line prints it."""

    report: str
    profile: dict[str, str]
    threshold: float
    videos: int
    frames: int
    flagged_frames: int
    events: int
    health_intervals: int
    quarantined: int
    pending: int
    distance: str
    stale_cameras: int
    embedded_clips: int = 0


@task(**STEP)
def find_version(place: str, profile: str) -> ProfileRef:
    """Return the version that a profile selector means."""
    return find_profile(Warehouse.at(place), profile)


@task(**STEP)
def choose_scored(
    place: str, ref: ProfileRef, footage: Sequence[str], present: bool, normal: Sequence[str]
) -> FootageToScore:
    """Return the footage that the profile can score, and what of it, or of normal, cannot be read.

    Raises:
        IncompatibleProfileError: The footage is embedded, but by other encoders only.
    """
    warehouse = Warehouse.at(place)
    encoder_id = encoder_of(warehouse, ref)
    chosen = choose_footage(warehouse, footage, present)
    shards, pending = embedded_shards(warehouse, encoder_id, chosen.readable)
    if pending and not shards and not present:
        other = only_encoder(warehouse, chosen.readable)
        raise IncompatibleProfileError(
            f"profile {ref.name}@{ref.version} was built with the encoder {encoder_id}, but this "
            f"footage is embedded with {other}: build a profile with that encoder, or embed the "
            "footage with the profile's"
        )
    beside = choose_footage(warehouse, normal, present) if normal else Footage()
    _, beside_pending = embedded_shards(warehouse, encoder_id, beside.readable)
    return FootageToScore(
        scored=tuple(item for item in chosen.readable if item.video_id in shards),
        quarantined=tuple(dict.fromkeys((*chosen.quarantined, *beside.quarantined))),
        pending=tuple(dict.fromkeys((*chosen.pending, *pending, *beside.pending, *beside_pending))),
    )


@task(**STEP, on_completion=[note_report])
def write_report(
    place: str,
    ref: ProfileRef,
    threshold: str,
    footage: FootageToScore,
    scoring: Scoring,
    only_new: bool = False,
) -> ReportSummary:
    """Score the footage against the profile and commit the report, be it of new footage only."""
    warehouse = Warehouse.at(place)
    profile = ProfileInUse.of(warehouse, ref, [scoring.distance])
    judge = Judge.of(profile, threshold, scoring)
    shards = index_shards(warehouse, profile.content.encoder_id)
    videos: list[dict[str, Any]] = []
    timelines, drifts = [], Drifts(profile)
    with new_report(warehouse, profile.distances[1:]) as report:
        for video in score_videos(warehouse, footage.scored, shards, judge):
            report.write_frames(
                video.names, video.times(), video.scores, video.threshold, video.flagged
            )
            drifts.add(video.names["camera"], video.mean)
            videos.append(describe(video, judge))
            timelines.append(timeline_of(video.record.times_s, video.scores[judge.distance]))
        rank_events(videos)
        judged = judge.as_json()
        read = [shard for sighting in footage.scored for shard in shards[sighting.video_id]]
        document = {
            "report_id": report.report_id,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "only_new": only_new,
            **judged,
            "drift": drifts.as_json(),
            "regression": asdict(check_anomalies(warehouse, judge)),
            "static": reuse_in(
                warehouse, read, judged["threshold"] if judge.distance == "mse" else None
            ),
            "videos": videos,
            "quarantined": [item.as_json() for item in footage.quarantined],
            "pending": [item.as_json() for item in footage.pending],
        }
        report.write_document(document, render_page(document, timelines))
    return _sum_up(warehouse, document)


def _sum_up(warehouse: Warehouse, document: Mapping[str, Any]) -> ReportSummary:
    """Return what a report comes to."""
    videos = document["videos"]
    return ReportSummary(
        report=warehouse.uri(report_place(document["report_id"])),
        profile=document["profile"],
        threshold=document["threshold"],
        videos=len(videos),
        frames=sum(video["frames"] for video in videos),
        flagged_frames=sum(video["flagged_frames"] for video in videos),
        events=sum(len(video["events"]) for video in videos),
        health_intervals=sum(len(video["health"]) for video in videos),
        quarantined=len(document["quarantined"]),
        pending=len(document["pending"]),
        distance=document["distance"],
        stale_cameras=sum(bool(item["stale"]) for item in document["drift"]),
    )
