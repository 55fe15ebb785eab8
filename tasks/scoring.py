"""Scoring: shards and a profile become a report. No footage and no encoder are touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from prefect import task

from storage.footage import Sighting
from storage.profiles import ProfileRef, encoder_of, find_profile, read_profile
from storage.reports import new_report, report_place
from storage.shards import index_shards
from storage.warehouse import Warehouse
from tasks.normality.errors import IncompatibleProfileError
from tasks.normality.thresholds import ThresholdRule
from tasks.report.page import render_page
from tasks.report.timeline import timeline_of
from tasks.retrying import STEP
from tasks.selection import Footage, LeftOut, choose_footage, embedded_shards, only_encoder
from tasks.video_scoring import describe, score_video


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


@task(**STEP)
def write_report(
    place: str, ref: ProfileRef, threshold_rule: str, footage: FootageToScore
) -> ReportSummary:
    """Score the footage against the profile and commit the report."""
    warehouse = Warehouse.at(place)
    profile = read_profile(warehouse, ref)
    threshold = ThresholdRule.parse(threshold_rule).resolve(profile.scores, profile.score_weights)
    shards = index_shards(warehouse, profile.encoder_id)
    videos, timelines = [], []
    with new_report(warehouse) as report:
        for sighting in footage.scored:
            video = score_video(warehouse, sighting, shards[sighting.video_id], profile, threshold)
            report.write_frames(video.names, video.times(), video.scores, threshold, video.flagged)
            videos.append(describe(video))
            timelines.append(timeline_of(video.record.times_s, video.scores))
        document = {
            "report_id": report.report_id,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "profile": {"name": ref.name, "version": ref.version},
            "encoder_id": profile.encoder_id,
            "threshold": threshold,
            "threshold_rule": threshold_rule,
            "normal": {
                "videos": len(profile.video_ids),
                "frames": int(profile.frames.sum()),
                "frames_left_out": sum(
                    interval["frame_end"] - interval["frame_start"] for interval in profile.left_out
                ),
            },
            "videos": videos,
            "quarantined": [item.as_json() for item in footage.quarantined],
            "pending": [item.as_json() for item in footage.pending],
        }
        report.write_document(document, render_page(document, timelines))
    return ReportSummary(
        report=warehouse.uri(report_place(report.report_id)),
        profile={"name": ref.name, "version": ref.version},
        threshold=threshold,
        videos=len(videos),
        frames=sum(video["frames"] for video in videos),
        flagged_frames=sum(video["flagged_frames"] for video in videos),
        events=sum(len(video["events"]) for video in videos),
        health_intervals=sum(len(video["health"]) for video in videos),
        quarantined=len(footage.quarantined),
        pending=len(footage.pending),
    )
