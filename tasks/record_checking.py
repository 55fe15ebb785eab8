"""What is known of videos and their files, checked: records, sightings and quarantine entries."""

from __future__ import annotations

from functools import partial
from pathlib import PurePosixPath

from storage.errors import CorruptShardError
from storage.footage import FOLDER as FOOTAGE
from storage.footage import Sighting, inspect_sighting
from storage.night_ledger import inspect_ledger
from storage.nights import FOLDER as NIGHTS
from storage.nights import inspect_night
from storage.pruned import pruned_videos
from storage.quarantine import FOLDER as QUARANTINE
from storage.quarantine import inspect_quarantined, quarantined_videos
from storage.shard_inspection import ShardPlace
from storage.shards import FOLDER as EMBEDDINGS
from storage.shards import encoders_in, index_shards, is_complete
from storage.videos import FOLDER as VIDEOS
from storage.videos import inspect_video, probed_videos
from storage.warehouse import Warehouse
from tasks.findings import Finding, Verdict, foreign
from tasks.video.search import printable


def shards_below(warehouse: Warehouse) -> tuple[list[ShardPlace], list[str]]:
    """Return every shard, in the order of places, and what else lies among them."""
    places = warehouse.files_below(EMBEDDINGS)
    shards = [(place, ShardPlace.of(place)) for place in places]
    return (
        [shard for _, shard in shards if shard is not None],
        [place for place, shard in shards if shard is None],
    )


def readable_sightings(warehouse: Warehouse) -> list[Sighting]:
    """Return every sighting that is sound."""
    found = warehouse.each(partial(_sighting, warehouse), warehouse.files_below(FOOTAGE))
    return [item for item in found if isinstance(item, Sighting)]


def check_records(warehouse: Warehouse) -> Verdict:
    """Check the record of every video."""
    places = warehouse.files_below(VIDEOS)
    used = {sighting.video_id for sighting in readable_sightings(warehouse)}
    used |= {shard.video_id for shard in shards_below(warehouse)[0]}
    used |= quarantined_videos(warehouse)

    def check(place: str) -> Finding | None:
        if not _is_document(place, ".parquet"):
            return foreign(place)
        try:
            inspect_video(warehouse, place)
        except CorruptShardError as error:
            repair = "removes it, and the next run that sees the video's file probes it again"
            return Finding(place, "damaged", error.what, repair, "repair")
        if PurePosixPath(place).stem not in used and warehouse.is_old(place):
            what = "no file is known that holds the video, and no shard is made of it"
            return Finding(place, "orphaned", what, "removes it", "repair")
        return None

    found = warehouse.each(check, places)
    return Verdict.of("videos", len(places), filter(None, found))


def check_sightings(warehouse: Warehouse) -> Verdict:
    """Check everything that is known of files of footage."""
    places = warehouse.files_below(FOOTAGE)
    judged = probed_videos(warehouse) | quarantined_videos(warehouse) | pruned_videos(warehouse)

    def check(place: str) -> Finding | None:
        found = _sighting(warehouse, place)
        if isinstance(found, Sighting) and found.video_id not in judged:
            what = f"the video {found.video_id} has no record; {printable(found.path)} held it"
            repair = (
                "nothing: the next run that sees the file probes it again; "
                "if the file is gone for good, delete this"
            )
            return Finding(place, "missing", what, repair, "run")
        return found if isinstance(found, Finding) else None

    found = warehouse.each(check, places)
    return Verdict.of("footage", len(places), filter(None, found))


def check_entries(warehouse: Warehouse) -> Verdict:
    """Check every quarantine entry."""
    places = warehouse.files_below(QUARANTINE)
    probed = probed_videos(warehouse)
    encoders = encoders_in(warehouse) if places else []
    shards = {encoder: index_shards(warehouse, encoder) for encoder in encoders}

    def check(place: str) -> Finding | None:
        if not _is_document(place, ".json"):
            return foreign(place)
        try:
            entry = inspect_quarantined(warehouse, place)
        except CorruptShardError as error:
            repair = "removes it, and the next run that sees the file tries it again"
            return Finding(place, "damaged", error.what, repair, "repair")
        if entry is not None and entry.video_id in probed:
            for encoder, index in shards.items():
                if _is_whole(warehouse, index.get(entry.video_id, [])):
                    what = f"the video can be read: all of it is embedded by {encoder}"
                    return Finding(place, "orphaned", what, "removes it", "repair")
        return None

    found = warehouse.each(check, places)
    return Verdict.of("quarantined", len(places), filter(None, found))


def check_nights(warehouse: Warehouse) -> Verdict:
    """Check what nights have reported."""
    places = warehouse.files_below(NIGHTS)

    def check(place: str) -> Finding | None:
        inspect = {".json": inspect_night, ".parquet": inspect_ledger}.get(
            PurePosixPath(place).suffix
        )
        if place.count("/") != 2 or inspect is None:
            return foreign(place)
        try:
            inspect(warehouse, place)
        except CorruptShardError as error:
            repair = "removes it, and the next night reports what it lists once more"
            return Finding(place, "damaged", error.what, repair, "repair")
        return None

    found = warehouse.each(check, places)
    return Verdict.of("nights", len(places), filter(None, found))


def _sighting(warehouse: Warehouse, place: str) -> Sighting | Finding | None:
    """Return a sighting, or what is wrong with it, or None if it is gone by now."""
    if not _is_document(place, ".json"):
        return foreign(place)
    try:
        return inspect_sighting(warehouse, place)
    except CorruptShardError as error:
        repair = "removes it, and the next run that sees the file takes it for a new one"
        return Finding(place, "damaged", error.what, repair, "repair")


def _is_document(place: str, suffix: str) -> bool:
    """Return whether a place can be that of one of nightjar's documents."""
    return place.count("/") == 1 and place.endswith(suffix)


def _is_whole(warehouse: Warehouse, shards: list[str]) -> bool:
    """Return whether a video's shards are all there, as far as they can be read."""
    try:
        return is_complete(warehouse, shards)
    except CorruptShardError:
        return False
