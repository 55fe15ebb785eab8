"""Embedding: planned clips become shards, each committed on its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence

from prefect import task

from storage.footage import Sighting
from storage.leases import Leases, Owner, this_process
from storage.shards import index_shards
from storage.videos import count_frames
from storage.warehouse import Warehouse
from tasks.archive_part import ArchivePart, choose_part
from tasks.embedding_jobs import Embedded, EmbeddingJob, parts_of
from tasks.embedding_work import EmbeddingWork
from tasks.encoder.batch_size import find_batch_size
from tasks.encoder.identity import EncoderIdentity, identify_encoder
from tasks.encoder.videomae import VideoEncoder, load_encoder
from tasks.engine import Engine
from tasks.gpu import slot_of
from tasks.parameters import Encoding
from tasks.retrying import STEP
from tasks.selection import choose_footage
from tasks.shard_writing import missing_parts
from tasks.video.decoding import PIXEL_PATH
from tasks.video.search import printable

logger = logging.getLogger(__name__)
# What is tried again as one; between tasks a fast encoder waits for the first frames.
CLIPS_PER_TASK = 8192
LOOK_AGAIN_S = 1.0


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
        encoding.preprocessing,
        encoding.skip_static,
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
    encoder = encoder_of(encoding, identity)
    leases = Leases(warehouse, identity.encoder_id, run or this_process())
    kind = encoder.device.type
    work = EmbeddingWork(warehouse, identity, leases, encoding.decoder)
    with slot_of(kind, strict=run is not None):
        engine = Engine(
            encoder,
            patch_sketch=identity.patch_sketch,
            batch_size=encoding.batch_size or find_batch_size(encoder, identity.patch_sketch),
            in_batches=kind != "cpu",
            decoder=encoding.decoder,
            skip_static=identity.skip_static,
        )
        begun, done = time.monotonic(), Embedded(device=kind)
        try:
            for outcome in engine.run(work.videos(jobs), work.renew):
                done += work.take(outcome)
        finally:
            work.give_back()
    return done + work.aside + Embedded(seconds=time.monotonic() - begun)


@task(**STEP)
def wait_for_others(place: str, identity: EncoderIdentity, jobs: Sequence[EmbeddingJob]) -> None:
    """Wait until no other run embeds any of some videos: it is done with them, or gone."""
    leases = Leases(Warehouse.at(place), identity.encoder_id)
    for job in jobs:
        path, camera = printable(job.sightings[0].path), job.sightings[0].camera
        logger.info("another run embeds %s: waiting", path, extra={"camera": camera})
        while leases.is_taken(job.video_id):
            time.sleep(LOOK_AGAIN_S)


def encoder_of(encoding: Encoding, identity: EncoderIdentity) -> VideoEncoder:
    """Return the encoder asked for, which is loaded once a process.

    Raises:
        EncoderError: It cannot be had.
    """
    return load_encoder(
        encoding.checkpoint,
        encoding.device,
        identity.checkpoint,
        encoding.preprocessing,
        encoding.precision == "bfloat16",
    )


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
