"""Extraction: footage is found, identified and probed, and its clips are planned."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from prefect import task

from storage.footage import (
    Sighting,
    find_sighting,
    find_sightings,
    forget_sighting,
    paths_by_video,
    record_sighting,
)
from storage.pruned import find_pruned, pruned_videos
from storage.quarantine import find_quarantined, quarantine_video, quarantined_videos
from storage.signs import write_signs
from storage.videos import VideoRecord, count_frames, has_video, probed_videos, write_video
from storage.warehouse import Warehouse
from tasks.archive_part import ArchivePart, find_part, may_belong
from tasks.embedding_jobs import sampling_of
from tasks.encoder.identity import EncoderIdentity
from tasks.footage_files import at_hand, find_files, is_there, stamp_of
from tasks.health import columns_of
from tasks.naming import check_grammar, name_sighting
from tasks.parameters import Archive
from tasks.progress import advance
from tasks.retrying import STEP
from tasks.selection import LeftOut, choose_footage, lies_as_seen
from tasks.video.child_pool import each_with_a_child
from tasks.video.clips import ClipPlan
from tasks.video.errors import (
    FootageChangedError,
    FootageUnreachableError,
    UnreadableVideoError,
    VideoError,
)
from tasks.video.identity import reaching, video_id_of
from tasks.video.isolation import FootageProcess
from tasks.video.probing import Probe
from tasks.video.search import camera_of, printable

logger = logging.getLogger(__name__)
FILES_PER_TASK = 64
MOST_AT_ONCE = 16  # files; each may take a gigabyte of memory
# What the warehouse keeps of a probe beside the times of its frames.
FACTS = (
    "end_time_s", "width", "height", "rotation", "bits", "codec", "container", "damage",
    "truncated", "created_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Extraction:
    """What extraction found."""

    videos: int
    frames: int
    clips: int
    quarantined: tuple[LeftOut, ...]
    pending: tuple[LeftOut, ...]
    pruned: int = 0


@dataclass(frozen=True, slots=True)
class Examined:
    """A file, and what its content was found to be.

    Attributes:
        sighting: The file.
        probe: The probe of its content, or why that cannot be read; None if it was known before.
    """

    sighting: Sighting
    probe: Probe | UnreadableVideoError | None = None


@task(**STEP)
def find_new_files(
    place: str, paths: Sequence[str], archive: Archive, part: ArchivePart | None = None
) -> list[list[str]]:
    """Return the settled files that are not known as they are, in batches for ``probe_files``.

    Files that are known are named anew where the path grammar says something else of them.

    Raises:
        FootageNotFoundError: The path grammar matches no file, or none is of the part.
    """
    warehouse = Warehouse.at(place)
    warehouse.check_writable()
    found = find_files(paths)
    check_grammar(archive.pattern, found)
    if part is not None:
        found = may_belong(warehouse, found, archive, part)
    judged = probed_videos(warehouse) | quarantined_videos(warehouse) | pruned_videos(warehouse)
    seen = find_sightings(warehouse, found)
    new = []
    for path in found:
        known = seen.get(path)
        if known is None or known.video_id not in judged or not lies_as_seen(known):
            if _is_settled(path, archive.settle_s):
                new.append(path)
        elif (named := name_sighting(known, archive.pattern, known)) != known:
            record_sighting(warehouse, named)
    return [new[start : start + FILES_PER_TASK] for start in range(0, len(new), FILES_PER_TASK)]


@task(**STEP)
def probe_files(place: str, paths: Sequence[str], archive: Archive) -> None:
    """Identify files and probe the videos among them; what cannot be read is quarantined."""
    warehouse = Warehouse.at(place)
    at_once = min(MOST_AT_ONCE, os.cpu_count() or 1, len(paths))
    with closing(each_with_a_child(partial(_examine, warehouse), paths, at_once)) as examined:
        for path, found in zip(paths, examined, strict=True):
            if isinstance(found, VideoError):
                logger.warning("left for the next run: %s", found)
            else:
                known = find_sighting(warehouse, path)
                _record_probe(warehouse, found)
                record_sighting(warehouse, name_sighting(found.sighting, archive.pattern, known))
            advance(units=1, videos=1)


@task(**STEP)
def forget_moved(place: str, paths: Sequence[str]) -> None:
    """Forget where the videos of new files lay before, if they are gone there; shards stay."""
    warehouse = Warehouse.at(place)
    if not paths:
        return
    seen = find_sightings(warehouse, paths).values()
    elsewhere = paths_by_video(warehouse)
    for video_id in {sighting.video_id for sighting in seen}:
        for path in elsewhere[video_id]:
            if not is_there(path):
                forget_sighting(warehouse, path)


@task(**STEP)
def summarise_extraction(
    place: str,
    paths: Sequence[str],
    identity: EncoderIdentity,
    archive: Archive,
    part: ArchivePart | None = None,
) -> Extraction:
    """Count the footage at the paths and the clips that an encoder will see of it."""
    warehouse = Warehouse.at(place)
    if part is not None:
        footage, _ = find_part(warehouse, paths, archive, part)
    else:
        footage = choose_footage(warehouse, paths, present=True)
    sampling = sampling_of(identity)
    videos = [sighting.video_id for sighting in footage.readable]
    frames = warehouse.each(partial(count_frames, warehouse), videos)
    return Extraction(
        videos=len(frames),
        frames=sum(frames),
        clips=sum(len(ClipPlan(number, sampling)) for number in frames),
        quarantined=footage.quarantined,
        pending=footage.pending,
        pruned=len(footage.pruned),
    )


def _is_settled(path: str, settle_s: float) -> bool:
    """Return whether a file can be looked at, and has not changed for a while."""
    try:
        return stamp_of(path).is_settled(settle_s)
    except OSError:
        return False


def _examine(warehouse: Warehouse, footage: FootageProcess, path: str) -> Examined | VideoError:
    """Identify one file, and probe it unless its content is known; it may be gone or changed."""
    try:
        with reaching(Path(path)):
            stamp = stamp_of(path)
        with at_hand(path) as file:
            video_id = video_id_of(file)
            camera = camera_of(Path(path))
            sighting = Sighting(path, camera, video_id, stamp.size_bytes, stamp.modified_ns)
            if _is_known(warehouse, video_id):
                return Examined(sighting)
            try:
                return Examined(sighting, footage.probe(file))
            except UnreadableVideoError as error:
                words = error.decoder_words.replace(str(file), path)
                return Examined(sighting, UnreadableVideoError(error.reason, words))
    except (FootageChangedError, FootageUnreachableError) as error:
        return error


def _is_known(warehouse: Warehouse, video_id: str) -> bool:
    """Return whether a file of this content was seen before."""
    return any(judge(warehouse, video_id) for judge in (has_video, find_quarantined, find_pruned))


def _record_probe(warehouse: Warehouse, examined: Examined) -> None:
    """Keep what was found in a file; what cannot be read is quarantined."""
    video_id, path, probe = examined.sighting.video_id, examined.sighting.path, examined.probe
    if probe is None or _is_known(warehouse, video_id):  # by a copy of it
        return
    if isinstance(probe, UnreadableVideoError):
        logger.warning("quarantined %s: %s", printable(path), probe.reason)
        quarantine_video(warehouse, video_id, printable(path), probe.reason, probe.decoder_words)
    else:
        write_signs(warehouse, video_id, columns_of(probe.signs))
        write_video(warehouse, _record(video_id, probe))  # a video is known when this is there


def _record(video_id: str, probe: Probe) -> VideoRecord:
    """Return a probe as the warehouse keeps it."""
    facts = {name: getattr(probe, name) for name in FACTS}
    return VideoRecord(video_id, probe.times_s, facts)
