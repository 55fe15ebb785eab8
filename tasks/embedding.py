"""Embedding: planned clips become shards, each committed on its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from prefect import task

from storage.footage import Sighting
from storage.leases import Leases, Owner, this_process
from storage.quarantine import quarantine_video
from storage.shards import index_shards
from storage.videos import count_frames
from storage.warehouse import Warehouse
from tasks.archive_part import ArchivePart, choose_part
from tasks.encoder.identity import EncoderIdentity, identify_encoder
from tasks.encoder.videomae import load_encoder
from tasks.gpu import slot_of
from tasks.parameters import Encoding
from tasks.progress import advance
from tasks.retrying import STEP
from tasks.selection import LeftOut, choose_footage
from tasks.shard_writing import ShardWriter, missing_parts, path_to_read
from tasks.video.clips import ClipPlan, Sampling
from tasks.video.decoding import PIXEL_PATH
from tasks.video.errors import FootageChangedError, FootageUnreachableError, UnreadableVideoError
from tasks.video.isolation import FootageProcess
from tasks.video.parts import PartPlan, rows_per_part
from tasks.video.search import printable

logger = logging.getLogger(__name__)
CLIPS_PER_TASK = 512
LOOK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class EmbeddingJob:
    """What is missing of one video.

    Attributes:
        sightings: Where the video lies; the first that is there unchanged is read.
        frames: N, its frames.
        clips: Clips without a shard.
        parts: Parts without a shard, ascending.
        shared: Whether other workers of the same run embed other parts of the video.
    """

    sightings: tuple[Sighting, ...]
    frames: int
    clips: int
    parts: tuple[int, ...]
    shared: bool = False

    @property
    def video_id(self) -> str:
        """The video."""
        return self.sightings[0].video_id


@dataclass(frozen=True, slots=True)
class Embedded:
    """What embedding did.

    Attributes:
        clips: Clips that were encoded.
        left_out: Footage that could not be read.
        bytes: Size of the shards that were committed.
        seconds: What that took, loading the encoder left out.
        busy: Videos that another run embeds just now.
        frames: Frames that the clips speak for.
        device: Kind of the device that did it, or empty.
    """

    clips: int = 0
    left_out: tuple[LeftOut, ...] = ()
    bytes: int = 0
    seconds: float = 0.0
    busy: tuple[EmbeddingJob, ...] = ()
    frames: int = 0
    device: str = ""

    def __add__(self, other: Embedded) -> Embedded:
        return Embedded(
            self.clips + other.clips,
            self.left_out + other.left_out,
            self.bytes + other.bytes,
            self.seconds + other.seconds,
            self.busy + other.busy,
            self.frames + other.frames,
            self.device or other.device,
        )


@task(**STEP)
def identify(encoding: Encoding) -> EncoderIdentity:
    """Return the identity of the encoder asked for."""
    forced = "" if encoding.decoder == "auto" else f" by {encoding.decoder} alone"
    return identify_encoder(
        encoding.checkpoint,
        encoding.stride,
        PIXEL_PATH + forced,
        encoding.precision,
        encoding.patch_sketch,
    )


@task(**STEP)
def plan_embedding(
    place: str,
    identity: EncoderIdentity,
    footage: Sequence[str],
    present: bool,
    part: ArchivePart | None = None,
) -> list[list[EmbeddingJob]]:
    """Return the videos with clips that have no shard yet, in batches for ``embed_videos``.

    They come in the order of the part of the archive that is asked for, else of their ids.
    """
    warehouse = Warehouse.at(place)
    Leases(warehouse, identity.encoder_id).sweep()
    shards = index_shards(warehouse, identity.encoder_id)
    readable = choose_footage(warehouse, footage, present).readable
    if part is not None:
        readable = choose_part(warehouse, readable, part).footage
    chosen: dict[str, list[Sighting]] = {}
    for sighting in readable:
        chosen.setdefault(sighting.video_id, []).append(sighting)
    jobs = []
    for video_id, sightings in chosen.items() if part is not None else sorted(chosen.items()):
        frames = count_frames(warehouse, video_id)
        parts = parts_of(identity, frames)
        missing = missing_parts(parts, shards.get(video_id, []))
        if missing:
            clips = sum(len(parts.clips(part)) for part in missing)
            jobs.append(EmbeddingJob(tuple(sightings), frames, clips, tuple(missing)))
    return list(batched_by_clips(jobs))


@task(**STEP)
def embed_videos(
    place: str,
    encoding: Encoding,
    identity: EncoderIdentity,
    jobs: Sequence[EmbeddingJob],
    run: Owner | None = None,
) -> Embedded:
    """Encode what is missing of some videos and commit it, a shard a part.

    Videos that another run works on are left for later: ``wait_for_others``.

    Args:
        place: The warehouse.
        encoding: What was asked for.
        identity: What that comes to.
        jobs: The videos.
        run: The run that this worker works for; None where the run's own process does it.
    """
    warehouse = Warehouse.at(place)
    encoder = load_encoder(encoding.checkpoint, encoding.device, identity.checkpoint)
    leases = Leases(warehouse, identity.encoder_id, run or this_process())
    kind = encoder.device.type
    with slot_of(kind, strict=run is not None), FootageProcess() as footage:
        begun, done = time.monotonic(), Embedded(device=kind)
        writer = ShardWriter(warehouse, encoder, identity, encoding, footage, leases)
        for job in jobs:
            if not leases.take(job.video_id):
                done += Embedded(busy=(job,))
                continue
            try:
                done += _embed(writer, job)
            finally:
                if not job.shared:
                    leases.give_back(job.video_id)
            advance(videos=1)
    return done + Embedded(seconds=time.monotonic() - begun)


@task(**STEP)
def wait_for_others(place: str, identity: EncoderIdentity, jobs: Sequence[EmbeddingJob]) -> None:
    """Wait until no other run embeds any of some videos: it is done with them, or gone."""
    leases = Leases(Warehouse.at(place), identity.encoder_id)
    for job in jobs:
        path, camera = printable(job.sightings[0].path), job.sightings[0].camera
        logger.info("another run embeds %s: waiting", path, extra={"camera": camera})
        while leases.is_taken(job.video_id):
            time.sleep(LOOK_AGAIN_S)


def _embed(writer: ShardWriter, job: EmbeddingJob) -> Embedded:
    """Embed one video; one that cannot be read is quarantined, or left for another run."""
    done = Embedded()
    path = printable(job.sightings[0].path)
    try:
        sighting = path_to_read(job.sightings)
        parts = parts_of(writer.identity, job.frames)
        for clips, frames, size_bytes in writer.write(sighting, parts, job.parts):
            done += Embedded(clips, bytes=size_bytes, frames=frames)
    except UnreadableVideoError as error:
        if writer.encoding.decoder == "auto":  # what one decoder alone refuses, another may read
            quarantine_video(
                writer.warehouse, job.sightings[0].video_id, path, error.reason, error.decoder_words
            )
        done += Embedded(0, (LeftOut(path, error.reason),))
    except (FootageChangedError, FootageUnreachableError) as error:
        camera = job.sightings[0].camera
        logger.warning("left for the next run: %s", error, extra={"camera": camera})
        done += Embedded(0, (LeftOut(path, str(error)),))
    return done


def sampling_of(identity: EncoderIdentity) -> Sampling:
    """Return how an encoder samples a video."""
    return Sampling(identity.clip_frames, identity.tubelet_frames, identity.stride)


def parts_of(identity: EncoderIdentity, frames: int) -> PartPlan:
    """Return the parts in which an encoder's shards keep a video."""
    rows = rows_per_part(identity.patches, identity.patch_sketch)
    return PartPlan(ClipPlan(frames, sampling_of(identity)), rows)


def batched_by_clips(
    jobs: Iterable[EmbeddingJob], most: int = CLIPS_PER_TASK
) -> Iterator[list[EmbeddingJob]]:
    """Yield jobs in batches of so many clips: long videos alone, short together."""
    batch: list[EmbeddingJob] = []
    clips = 0
    for job in jobs:
        if batch and clips + job.clips > most:
            yield batch
            batch, clips = [], 0
        batch.append(job)
        clips += job.clips
    if batch:
        yield batch
