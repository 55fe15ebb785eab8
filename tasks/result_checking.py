"""What was made of embeddings, checked: profiles and reports, which are never removed."""

from __future__ import annotations

from functools import partial

from storage.errors import CorruptShardError
from storage.profile_content import MARKER as PROFILE
from storage.profile_inspection import inspect_profile, version_folders
from storage.profiles import ProfileRef
from storage.report_inspection import inspect_report, report_folders
from storage.reports import MARKER as REPORT
from storage.reports import report_place
from storage.videos import probed_videos
from storage.warehouse import Warehouse
from tasks.findings import Finding, Verdict, kept
from tasks.record_checking import readable_sightings, shards_below

NEW_PROFILE = (
    "a profile cannot be made again byte for byte; build a new version with 'nightjar profile', "
    "and delete this one's folder when no report needs it"
)
NEW_REPORT = (
    "a report cannot be made again byte for byte; 'nightjar score' writes a new one, "
    "and then this one's folder can be deleted"
)


def check_profile_versions(warehouse: Warehouse) -> Verdict:
    """Check every version of every profile, and that the shards it was built from are there."""
    folders = version_folders(warehouse)
    embedded = {(shard.encoder_id, shard.video_id) for shard in shards_below(warehouse)[0]}
    known = {sighting.video_id for sighting in readable_sightings(warehouse)} if folders else set()
    known |= probed_videos(warehouse)  # a damaged sighting is made again by the run that sees it

    def check(item: tuple[ProfileRef, list[str]]) -> Finding | None:
        ref, files = item
        if f"{ref.place}/{PROFILE}" not in files:
            return _unfinished(warehouse, ref.place, PROFILE, files, NEW_PROFILE)
        try:
            content = inspect_profile(warehouse, ref, files)
        except CorruptShardError as error:
            return kept(ref.place, "damaged", error.what, NEW_PROFILE)
        videos = [video.video_id for video in content.lineage.footage]
        gone = [video for video in videos if (content.encoder_id, video) not in embedded]
        if not gone:
            return None
        what = f"{len(gone)} of its {len(videos)} videos have no shards: "
        what += f"{', '.join(gone)}, by {content.encoder_id}"
        if known.issuperset(gone):
            advice = "nothing: the next run of this encoder on their footage makes them"
            return Finding(ref.place, "missing", what, advice, "run")
        advice = "embed their footage again, or build a new version with 'nightjar profile'"
        return kept(ref.place, "missing", what, advice)

    found = warehouse.each(check, folders.items())
    return Verdict.of("profiles", len(folders), filter(None, found))


def check_written_reports(warehouse: Warehouse) -> Verdict:
    """Check every report."""
    folders = report_folders(warehouse)
    found = warehouse.each(partial(_check_report, warehouse), folders.items())
    return Verdict.of("reports", len(folders), filter(None, found))


def _check_report(warehouse: Warehouse, item: tuple[str, list[str]]) -> Finding | None:
    """Check one report."""
    report_id, files = item
    place = report_place(report_id)
    if f"{place}/{REPORT}" not in files:
        return _unfinished(warehouse, place, REPORT, files, NEW_REPORT)
    try:
        inspect_report(warehouse, report_id, files)
    except CorruptShardError as error:
        return kept(place, "damaged", error.what, NEW_REPORT)
    return None


def _unfinished(
    warehouse: Warehouse, place: str, marker: str, files: list[str], advice: str
) -> Finding | None:
    """Return the finding of a folder without its marker, unless another run may be putting it."""
    if warehouse.folders_appear_whole:
        return kept(place, "damaged", f"there is no {marker}", advice)
    if not all(map(warehouse.is_old, files)):
        return None
    what = f"there is no {marker}: an upload has broken off, over a day ago"
    return Finding(place, "orphaned", what, "removes it", "repair")
