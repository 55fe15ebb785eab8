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
from tasks.encoder.identity import EncoderIdentity
from tasks.progress import advance
from tasks.retrying import STEP
from tasks.selection import LeftOut, choose_footage
from tasks.video.clips import ClipPlan, Sampling
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
    elsewhere = paths_by_video(warehouse)
    with FootageProcess() as footage:
        for path in map(Path, paths):
            try:
                video_id = _extract(warehouse, footage, path)
                _forget_moved(warehouse, elsewhere.get(video_id, []))
            except FileNotFoundError:
                logger.warning("gone before it could be read: %s", printable(path))
            except FootageChangedError as error:
                logger.warning("%s", error)
            advance(units=1, videos=1)


@task(**STEP)
def summarise_extraction(place: str, paths: Sequence[str], identity: EncoderIdentity) -> Extraction:
    """Count the footage at the paths and the clips that an encoder will see of it."""
    warehouse = Warehouse.at(place)
    footage = choose_footage(warehouse, paths, present=True)
    sampling = Sampling(identity.clip_frames, identity.tubelet_frames, identity.stride)
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
    if sighting is None:
        return False
    return FileStamp(sighting.size_bytes, sighting.modified_ns) == FileStamp.of(path)


def _forget_moved(warehouse: Warehouse, paths: Sequence[str]) -> None:
    """Forget where a video lay before it was moved; its embeddings stay."""
    for path in paths:
        if not Path(path).exists():
            forget_sighting(warehouse, path)


def _extract(warehouse: Warehouse, footage: FootageProcess, path: Path) -> str:
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
    return video_id


def _record(video_id: str, probe: Probe) -> VideoRecord:
    """Return a probe as the warehouse keeps it."""
    facts = {
        name: getattr(probe, name)
        for name in ("end_time_s", "width", "height", "rotation", "bits", "codec", "container")
    }
    return VideoRecord(video_id, probe.times_s, {**facts, "damage": probe.damage})
