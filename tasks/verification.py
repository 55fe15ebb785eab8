"""Verification: everything in the warehouse held against what it says of itself, and repair."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from prefect import task

from storage.footage import FOLDER as FOOTAGE
from storage.quarantine import FOLDER as QUARANTINE
from storage.quarantine import quarantined_videos
from storage.shard_inspection import ShardPlace
from storage.shards import FOLDER as EMBEDDINGS
from storage.videos import FOLDER as VIDEOS
from storage.warehouse import Warehouse
from tasks.findings import Finding, Verdict, foreign
from tasks.progress import advance
from tasks.record_checking import (
    check_entries,
    check_nights,
    check_records,
    check_sightings,
    readable_sightings,
    shards_below,
)
from tasks.result_checking import check_profile_versions, check_written_reports
from tasks.retrying import STEP
from tasks.shard_checking import VideoShards, check_video_shards

VIDEOS_PER_TASK = 64
TOP_FOLDERS = {
    *(EMBEDDINGS, FOOTAGE, QUARANTINE, VIDEOS, "profiles", "reports"),
    *(
        "signs",
        "runs",
        "holds",
        "leases",
        "pruned",
        "feedback",
        "backtests",
        "nights",
    ),  # what else nightjar keeps
    "lost+found",  # a file system's own
}


@task(**STEP)
def plan_shard_checks(place: str) -> list[list[VideoShards]]:
    """Return the shards of each video by each encoder, in batches for ``check_shards``."""
    warehouse = Warehouse.at(place)
    seen = {sighting.video_id for sighting in readable_sightings(warehouse)}
    quarantined = quarantined_videos(warehouse)
    shards = sorted(shards_below(warehouse)[0], key=_video_of)
    videos = [
        VideoShards(video, tuple(group), video in seen, video in quarantined)
        for (_, video), group in groupby(shards, key=_video_of)
    ]
    starts = range(0, len(videos), VIDEOS_PER_TASK)
    return [videos[start : start + VIDEOS_PER_TASK] for start in starts]


@task(**STEP)
def check_shards(place: str, videos: Sequence[VideoShards]) -> Verdict:
    """Read all of some shards and hold them against their videos' records and plans."""
    warehouse = Warehouse.at(place)
    found = warehouse.each(partial(check_video_shards, warehouse), videos)
    count = sum(len(video.shards) for video in videos)
    advance(units=count, videos=len(videos))
    return Verdict.of("shards", count, (finding for some in found for finding in some))


@task(**STEP)
def check_footage(place: str) -> Verdict:
    """Check what is known of videos, of the files that hold them, and of what nights reported."""
    warehouse = Warehouse.at(place)
    checks = (check_records, check_sightings, check_entries, check_nights)
    return Verdict.sum_of(check(warehouse) for check in checks)


@task(**STEP)
def check_profiles(place: str) -> Verdict:
    """Check every version of every profile."""
    return check_profile_versions(Warehouse.at(place))


@task(**STEP)
def check_reports(place: str) -> Verdict:
    """Check every report."""
    return check_written_reports(Warehouse.at(place))


@task(**STEP)
def check_folders(place: str) -> Verdict:
    """Find what killed runs have left, and what is none of nightjar's."""
    warehouse = Warehouse.at(place)
    folders = [
        name
        for name in warehouse.folders_in("")
        if name not in TOP_FOLDERS and not name.startswith(".")
    ]
    what = "a run that was killed has left it, over a day ago"
    leftovers = [
        Finding(left, "orphaned", what, "removes it", "repair") for left in warehouse.leftovers()
    ]
    files = shards_below(warehouse)[1]
    findings = [*map(foreign, folders), *map(foreign, files), *leftovers]
    return Verdict.of("shards", 0, findings)


@task(**STEP)
def sum_up(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict on the whole warehouse."""
    return Verdict.sum_of(verdicts)


@task(**STEP)
def remove_findings(place: str, findings: Sequence[Finding]) -> None:
    """Remove what repair is to remove; one removal needs no other, so it can break off anywhere."""
    warehouse = Warehouse.at(place)
    for finding in findings:
        warehouse.remove_all(finding.place)


def _video_of(shard: ShardPlace) -> tuple[str, str]:
    """Return whose shard it is."""
    return shard.encoder_id, shard.video_id
