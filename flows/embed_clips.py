"""Embed every planned clip that has no shard yet."""

from __future__ import annotations

from prefect import flow

from tasks.archive_part import ArchivePart
from tasks.embedding import identify, plan_embedding, wait_for_others
from tasks.embedding_jobs import Embedded
from tasks.estimation import announce_embedding, record_embedding
from tasks.parameters import (
    DEFAULT_ENCODING,
    DEFAULT_WAREHOUSE,
    Encoding,
    Selectors,
    WarehousePlace,
)
from tasks.progress import measured
from tasks.spreading import embed_batches
from tasks.watching import WATCHED
from tasks.worker_choice import Workers


@flow(name="embed-clips", **WATCHED)
def embed_clips(
    warehouse: WarehousePlace = DEFAULT_WAREHOUSE,
    encoding: Encoding = DEFAULT_ENCODING,
    footage: Selectors = [],  # noqa: B006 - Prefect shows it in its form, nobody changes it
    present: bool = False,
    part: ArchivePart | None = None,
    workers: Workers = None,
) -> Embedded:
    """Encode the clips of the footage that have no shard; all footage if none is named."""
    identity = identify(encoding)
    batches = plan_embedding(warehouse, identity, footage, present, part)
    announce_embedding(warehouse, identity, encoding, batches)
    clips = sum(job.clips for batch in batches for job in batch)
    with measured("embedding", "clips", total=clips, videos=sum(map(len, batches))):
        done = embed_batches(workers, warehouse, encoding, identity, batches)
        if done.busy:
            wait_for_others(warehouse, identity, done.busy)
            done += embed_batches(workers, warehouse, encoding, identity, [done.busy])
    record_embedding(warehouse, identity, done)
    return done
