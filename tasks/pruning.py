"""Pruning: what is too old and needed by nobody is removed, so that it does not come back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from prefect import task

from storage.footage import Sighting, all_sightings
from storage.holds import all_holds, find_hold
from storage.profiles import all_profiles, videos_of
from storage.pruned import mark_pruned, pruned_videos
from storage.reports import ReportEntry, all_reports, remove_report, report_sizes
from storage.shards import shard_folders
from storage.videos import creation_time, record_sizes, remove_record
from storage.warehouse import Warehouse
from tasks.progress import advance
from tasks.retention import (
    Choice,
    Needs,
    Rule,
    Seen,
    StoredReport,
    StoredVideo,
    choose_removals,
)
from tasks.retention_request import Retention
from tasks.retrying import STEP
from tasks.video.errors import FootageNotFoundError
from tasks.video.search import printable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
VIDEOS_AT_ONCE = 64


@task(**STEP)
def find_removals(place: str, retention: Retention) -> Choice:
    """Return what goes by a rule of retention, and how much of what is old stays.

    Raises:
        FootageNotFoundError: No footage of a camera that is named was ever seen.
        CorruptShardError: What is needed cannot be told, because a profile or report is damaged.
    """
    warehouse = Warehouse.at(place)
    rule = Rule(datetime.now(UTC) - retention.age, frozenset(retention.cameras), retention.what)
    sightings = list(all_sightings(warehouse))
    known = {sighting.camera for sighting in sightings}
    for camera in sorted(rule.cameras - known):
        raise FootageNotFoundError(
            f"no footage of a camera {camera!r} was seen: the cameras are "
            f"{', '.join(sorted(known)) or 'none yet'}"
        )
    reports = all_reports(warehouse)
    needs = _needs(warehouse, reports)
    videos = _stored_videos(warehouse, sightings)
    return choose_removals(videos, _stored_reports(warehouse, reports), needs, rule)


@task(**STEP)
def remove_reports(place: str, reports: Sequence[StoredReport]) -> None:
    """Remove reports; one that was held in the meantime stays."""
    warehouse = Warehouse.at(place)
    for report in reports:
        if find_hold(warehouse, report.report_id) is None:
            remove_report(warehouse, report.report_id)


@task(**STEP)
def remove_videos(place: str, videos: Sequence[StoredVideo]) -> None:
    """Remove videos; what a kill leaves of one that is marked already, the next run removes."""
    warehouse = Warehouse.at(place)
    if videos:
        warehouse.check_writable()
    for start in range(0, len(videos), VIDEOS_AT_ONCE):
        batch = videos[start : start + VIDEOS_AT_ONCE]
        warehouse.each(partial(_remove, warehouse), batch)
        advance(units=len(batch), videos=len(batch))


def _remove(warehouse: Warehouse, video: StoredVideo) -> None:
    """Remove a video: first it is marked, so that nobody takes what is left of it for a whole."""
    mark_pruned(warehouse, video.video_id, video.recorded_at)
    for folder in video.folders:
        warehouse.remove_folder(folder)
    remove_record(warehouse, video.video_id)


def _needs(warehouse: Warehouse, reports: Sequence[ReportEntry]) -> Needs:
    """Return what profiles and held reports need."""
    held = all_holds(warehouse)
    profiles = warehouse.each(partial(videos_of, warehouse), all_profiles(warehouse))
    return Needs(
        profile_videos=frozenset(video_id for videos in profiles for video_id in videos),
        held_videos=frozenset(
            video_id
            for report in reports
            if report.report_id in held
            for video_id in report.video_ids
        ),
        held_reports=frozenset(held),
    )


def _stored_reports(warehouse: Warehouse, reports: Sequence[ReportEntry]) -> list[StoredReport]:
    """Return the reports as retention sees them."""
    sizes = report_sizes(warehouse)
    return [
        StoredReport(
            report_id=report.report_id,
            created_at=datetime.fromisoformat(report.created_at),
            cameras=frozenset(report.cameras),
            size_bytes=sizes[report.report_id],
        )
        for report in reports
    ]


def _stored_videos(warehouse: Warehouse, sightings: Sequence[Sighting]) -> list[StoredVideo]:
    """Return the videos of which there is a shard or a record, in the order of their ids."""
    folders, records = shard_folders(warehouse), record_sizes(warehouse)
    begun = pruned_videos(warehouse)
    places: defaultdict[str, list[Sighting]] = defaultdict(list)
    for sighting in sightings:
        places[sighting.video_id].append(sighting)

    def describe(video_id: str) -> StoredVideo:
        shards = folders.get(video_id, [])
        seen = places[video_id]
        created_at = None
        if video_id not in begun and not all(sighting.recorded_at for sighting in seen):
            created_at = creation_time(warehouse, video_id)
        return StoredVideo(
            video_id=video_id,
            seen=tuple(_seen(sighting, created_at) for sighting in seen),
            begun=video_id in begun,
            folders=tuple(folder.place for folder in shards),
            shards=sum(folder.shards for folder in shards),
            size_bytes=sum(folder.size_bytes for folder in shards) + records.get(video_id, 0),
        )

    return warehouse.each(describe, sorted(folders.keys() | records.keys()))


def _seen(sighting: Sighting, created_at: str | None) -> Seen:
    """Return how old a video is by a sighting: by its path, its container, or its file's time."""
    path = printable(sighting.path)
    if sighting.recorded_at:
        return Seen(sighting.camera, path, datetime.fromisoformat(sighting.recorded_at), "path")
    if created_at:
        return Seen(sighting.camera, path, datetime.fromisoformat(created_at), "container")
    try:
        modified = EPOCH + timedelta(microseconds=sighting.modified_ns // 1000)
    except OverflowError:  # a clock's mistake
        return Seen(sighting.camera, path, None, None)
    return Seen(sighting.camera, path, modified, "file")
