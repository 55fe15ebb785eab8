"""Extraction: footage is found, identified and probed, and its clips are planned."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prefect import task

from storage.footage import (
    Sighting,
    find_sighting,
    forget_sighting,
    paths_by_video,
    record_sighting,
)
from storage.quarantine import find_quarantined, quarantine_video
from storage.videos import VideoRecord, count_frames, has_video, write_video
from storage.warehouse import Warehouse
from tasks.embedding import sampling_of
from tasks.encoder.identity import EncoderIdentity
from tasks.progress import advance
from tasks.retrying import STEP
from tasks.selection import LeftOut, choose_footage, lies_as_seen
from tasks.video.clips import ClipPlan
from tasks.video.errors import FootageChangedError, UnreadableVideoError
from tasks.video.identity import FileStamp, video_id_of
from tasks.video.isolation import FootageProcess
from tasks.video.probing import Probe
from tasks.video.search import camera_of, find_footage, printable

logger = logging.getLogger(__name__)
FILES_PER_TASK = 64


@dataclass(frozen=True, slots=True)
class Extraction:
    """What extraction found."""

    videos: int
    frames: int
    clips: int
    quarantined: tuple[LeftOut, ...]


@task(**STEP)
def find_new_files(place: str, paths: Sequence[str]) -> list[list[str]]:
    """Return the files that are not known as they are now, in batches for ``probe_files``."""
    warehouse = Warehouse.at(place)
    warehouse.check_writable()
    new = [str(path) for path in find_footage(paths) if not _is_known(warehouse, path)]
    return [new[start : start + FILES_PER_TASK] for start in range(0, len(new), FILES_PER_TASK)]


@task(**STEP)
def probe_files(place: str, paths: Sequence[str]) -> None:
    """Identify files and probe the videos among them; what cannot be read is quarantined."""
    warehouse = Warehouse.at(place)
    with FootageProcess() as footage:
        for path in map(Path, paths):
            try:
                _extract(warehouse, footage, path)
            except FileNotFoundError:
                logger.warning("gone before it could be read: %s", printable(path))
            except FootageChangedError as error:
                logger.warning("%s", error)
            advance(units=1, videos=1)


@task(**STEP)
def forget_moved(place: str, paths: Sequence[str]) -> None:
    """Forget where the videos of new files lay before, if they are gone there; shards stay."""
    warehouse = Warehouse.at(place)
    seen = [find_sighting(warehouse, path) for path in paths]
    elsewhere = paths_by_video(warehouse) if paths else {}
    for video_id in {sighting.video_id for sighting in seen if sighting is not None}:
        for path in elsewhere[video_id]:
            if not Path(path).exists():
                forget_sighting(warehouse, path)


@task(**STEP)
def summarise_extraction(place: str, paths: Sequence[str], identity: EncoderIdentity) -> Extraction:
    """Count the footage at the paths and the clips that an encoder will see of it."""
    warehouse = Warehouse.at(place)
    footage = choose_footage(warehouse, paths, present=True)
    sampling = sampling_of(identity)
    frames = [count_frames(warehouse, sighting.video_id) for sighting in footage.readable]
    return Extraction(
        videos=len(frames),
        frames=sum(frames),
        clips=sum(len(ClipPlan(number, sampling)) for number in frames),
        quarantined=footage.quarantined,
    )


def _is_known(warehouse: Warehouse, path: Path) -> bool:
    """Return whether a file was seen as it is now."""
    sighting = find_sighting(warehouse, str(path))
    return sighting is not None and lies_as_seen(sighting)


def _extract(warehouse: Warehouse, footage: FootageProcess, path: Path) -> None:
    """Identify one file, probe it unless its content is known, and record where it lies."""
    stamp = FileStamp.of(path)
    video_id = video_id_of(path)
    known = has_video(warehouse, video_id) or find_quarantined(warehouse, video_id)
    if not known:
        try:
            write_video(warehouse, _record(video_id, footage.probe(path)))
        except UnreadableVideoError as error:
            logger.warning("quarantined %s: %s", printable(path), error.reason)
            quarantine_video(
                warehouse, video_id, printable(path), error.reason, error.decoder_words
            )
    record_sighting(
        warehouse,
        Sighting(str(path), camera_of(path), video_id, stamp.size_bytes, stamp.modified_ns),
    )


def _record(video_id: str, probe: Probe) -> VideoRecord:
    """Return a probe as the warehouse keeps it."""
    facts = {
        name: getattr(probe, name)
        for name in ("end_time_s", "width", "height", "rotation", "bits", "codec", "container")
    }
    return VideoRecord(video_id, probe.times_s, {**facts, "damage": probe.damage})
