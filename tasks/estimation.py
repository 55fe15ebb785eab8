"""Estimating: what a run over footage would embed, and what that takes. Nothing is changed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prefect import task
from prefect.artifacts import create_markdown_artifact

from storage.footage import Sighting, find_sightings
from storage.footage_objects import is_object
from storage.pruned import pruned_videos
from storage.quarantine import find_quarantined, quarantined_videos
from storage.runs import RunRecord, recent_runs, record_run
from storage.shards import index_shards
from storage.videos import count_frames, probed_videos
from storage.warehouse import Warehouse
from tasks.embedding_jobs import Embedded, EmbeddingJob, parts_of, sampling_of
from tasks.encoder.device import choose_device
from tasks.encoder.identity import EncoderIdentity
from tasks.footage_files import find_files, stamp_of, trouble_with
from tasks.forecast import Rates, rates_of
from tasks.naming import check_grammar
from tasks.parameters import Archive, Encoding
from tasks.progress import advance
from tasks.report.words import counted, length
from tasks.retrying import STEP
from tasks.selection import PRUNED, LeftOut, lies_as_seen
from tasks.shard_writing import missing_parts
from tasks.video.clips import ClipPlan
from tasks.video.errors import FootageUnreachableError, UnreadableVideoError
from tasks.video.isolation import FootageProcess
from tasks.video.search import printable

logger = logging.getLogger(__name__)
FILES_PER_TASK = 64


@dataclass(frozen=True, slots=True)
class Work:
    """Footage to embed, and files that are none.

    Attributes:
        videos: Videos with clips that have no shard.
        clips: Those clips.
        unreadable: Files that would be quarantined.
        unknown: Files whose headers do not tell how long they are.
        pending: Files that would be left for the next run.
    """

    videos: int = 0
    clips: int = 0
    unreadable: tuple[LeftOut, ...] = ()
    unknown: tuple[LeftOut, ...] = ()
    pending: tuple[LeftOut, ...] = ()

    def __add__(self, other: Work) -> Work:
        return Work(
            self.videos + other.videos,
            self.clips + other.clips,
            self.unreadable + other.unreadable,
            self.unknown + other.unknown,
            self.pending + other.pending,
        )


@dataclass(frozen=True, slots=True)
class KnownWork:
    """What the warehouse tells of the files.

    Attributes:
        work: What is missing of videos that are known, and files that are not settled.
        embedded: Videos of which nothing is missing.
        quarantined: Files that cannot be read.
        pruned: Files whose videos retention has removed.
        new: Files that are unknown or changed, in batches for ``read_headers``.
    """

    work: Work
    embedded: int
    quarantined: tuple[LeftOut, ...]
    pruned: tuple[LeftOut, ...]
    new: list[list[str]]


@dataclass(frozen=True, slots=True)
class RunEstimate:
    """What a run over some footage would do.

    Attributes:
        known: What is known of the footage.
        new: What the headers of new and changed files tell.
        rates: What a clip took before, or None where no run tells.
    """

    known: KnownWork
    new: Work
    rates: Rates | None

    @property
    def work(self) -> Work:
        """All of it."""
        return self.known.work + self.new

    @property
    def seconds(self) -> float | None:
        """What encoding would take; None where no past run tells."""
        return self.rates.seconds_per_clip * self.work.clips if self.rates else None

    @property
    def bytes(self) -> int | None:
        """What the shards would take; None where no past run tells."""
        return round(self.rates.bytes_per_clip * self.work.clips) if self.rates else None


@task(**STEP)
def plan_known(
    place: str, paths: Sequence[str], identity: EncoderIdentity, archive: Archive
) -> KnownWork:
    """Return what the warehouse tells of the files at the paths.

    Raises:
        FootageNotFoundError: A path leads to no file, or the path grammar matches none.
    """
    warehouse = Warehouse.at(place)
    found = find_files(paths)
    check_grammar(archive.pattern, found)
    judged = probed_videos(warehouse) | quarantined_videos(warehouse) | pruned_videos(warehouse)
    seen = find_sightings(warehouse, found)
    known, new, pending = [], [], []
    for path in found:
        sighting = seen.get(path)
        if sighting and sighting.video_id in judged and lies_as_seen(sighting):
            known.append(sighting)
        elif why := _why_not_now(path, archive.settle_s):
            pending.append(LeftOut(printable(path), why))
        else:
            new.append(path)
    planned = _plan(warehouse, identity, known)
    batches = [new[start : start + FILES_PER_TASK] for start in range(0, len(new), FILES_PER_TASK)]
    return KnownWork(
        work=planned.work + Work(pending=tuple(pending)),
        embedded=planned.embedded,
        quarantined=planned.quarantined,
        pruned=planned.pruned,
        new=batches,
    )


@task(**STEP)
def read_headers(paths: Sequence[str], identity: EncoderIdentity) -> Work:
    """Return what the headers of files promise; none is decoded."""
    work = Work()
    with FootageProcess() as footage:
        for path in paths:
            work += _promised(footage, path, identity)
            advance(units=1, videos=1)
    return work


@task(**STEP)
def find_rates(place: str, identity: EncoderIdentity, encoding: Encoding) -> Rates | None:
    """Return what a clip took in past runs of this encoder, or of others of its shape."""
    device = choose_device(encoding.device).type
    runs = recent_runs(Warehouse.at(place))
    return rates_of(runs, identity.encoder_id, shape_of(identity), device)


@task(**STEP)
def announce_embedding(
    place: str,
    identity: EncoderIdentity,
    encoding: Encoding,
    batches: Sequence[Sequence[EmbeddingJob]],
) -> None:
    """Say in the log and in Prefect what is going to be embedded, in which order, how long."""
    jobs = [job for batch in batches for job in batch]
    if not jobs:
        return
    clips = sum(job.clips for job in jobs)
    rates = find_rates.fn(place, identity, encoding)
    words = f"{counted(len(jobs), 'video')}, {counted(clips, 'clip')} to embed"
    if rates:
        words += f", about {length(rates.seconds_per_clip * clips)} by what past runs took"
    else:
        words += "; no past run tells how long that takes"
    first, last = (printable(job.sightings[0].path) for job in (jobs[0], jobs[-1]))
    logger.info("%s; first %s, last %s", words, first, last)
    lines = [
        words,
        "",
        f"- first `{first}`",
        f"- last `{last}`",
        f"- encoder `{identity.encoder_id}`",
    ]
    create_markdown_artifact("\n".join(lines), key="nightjar-estimate", description=words)


@task(**STEP)
def record_embedding(place: str, identity: EncoderIdentity, embedded: Embedded) -> None:
    """Commit what a run took, if it has encoded something."""
    if embedded.clips:
        started = datetime.now(UTC) - timedelta(seconds=embedded.seconds)
        record = RunRecord(
            encoder_id=identity.encoder_id,
            shape=shape_of(identity),
            device=embedded.device,
            clips=embedded.clips,
            seconds=embedded.seconds,
            bytes=embedded.bytes,
            started_at=started.isoformat(timespec="seconds"),
        )
        record_run(Warehouse.at(place), record)


def shape_of(identity: EncoderIdentity) -> str:
    """Return what decides what a clip costs; the stride does not."""
    shape = f"t{identity.clip_frames}u{identity.tubelet_frames}p{identity.patches}d{identity.width}"
    if identity.precision == "bfloat16":
        shape += "-bfloat16"
    return f"{shape}k{identity.patch_sketch}" if identity.patch_sketch else shape


def _plan(warehouse: Warehouse, identity: EncoderIdentity, known: Sequence[Sighting]) -> KnownWork:
    """Return what is missing of videos that are known."""
    shards = index_shards(warehouse, identity.encoder_id)
    unreadable, gone = quarantined_videos(warehouse), pruned_videos(warehouse)
    quarantined, pruned, readable = [], [], set()
    for sighting in known:
        if sighting.video_id in gone:
            pruned.append(LeftOut(printable(sighting.path), PRUNED))
        elif sighting.video_id in unreadable:
            entry = find_quarantined(warehouse, sighting.video_id)
            quarantined.append(LeftOut(printable(sighting.path), entry.reason if entry else ""))
        else:
            readable.add(sighting.video_id)
    missing = []
    for video_id in sorted(readable):
        frames = count_frames(warehouse, video_id)
        parts = parts_of(identity, frames)
        absent = missing_parts(parts, shards.get(video_id, []))
        missing.append(sum(len(parts.clips(part)) for part in absent))
    return KnownWork(
        work=Work(videos=sum(clips > 0 for clips in missing), clips=sum(missing)),
        embedded=sum(clips == 0 for clips in missing),
        quarantined=tuple(quarantined),
        pruned=tuple(pruned),
        new=[],
    )


def _why_not_now(path: str, settle_s: float) -> str | None:
    """Return why a run would leave a file for the next one, or None."""
    trouble = trouble_with(path)
    if trouble or stamp_of(path).is_settled(settle_s):
        return trouble
    return "it changed shortly before (see --settle-s)"


def _promised(footage: FootageProcess, path: str, identity: EncoderIdentity) -> Work:
    """Return what the header of one file promises."""
    name = printable(path)
    if is_object(path):
        return Work(unknown=(LeftOut(name, "it would have to be fetched to be looked at"),))
    try:
        frames = footage.count_frames(Path(path))
    except UnreadableVideoError as error:
        return Work(unreadable=(LeftOut(name, error.reason),))
    except FootageUnreachableError as error:
        return Work(pending=(LeftOut(name, str(error.__cause__)),))
    if frames is None:
        return Work(unknown=(LeftOut(name, "its header does not tell how long it is"),))
    return Work(videos=1, clips=len(ClipPlan(frames, sampling_of(identity))))
