"""Spreading: units of work are given to workers, a few at a time, and their results summed up."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from storage.footage import Sighting
from storage.leases import Leases, this_process
from storage.warehouse import Warehouse
from tasks.crew import Needs, check_crew, crew, server_here, versions_here
from tasks.embedding import Embedded, EmbeddingJob, embed_videos
from tasks.encoder.identity import EncoderIdentity
from tasks.parameters import Encoding
from tasks.progress import advance
from tasks.units import cut_for
from tasks.worker_choice import WorkersLostError

if TYPE_CHECKING:
    from distributed import Future
    from prefect_dask.task_runners import DaskTaskRunner

ON_THEIR_WAY = 2  # units a worker, so that none waits for its next one
FOLDERS_LOOKED_AT = 100


def embed_batches(
    workers: str | None,
    place: str,
    encoding: Encoding,
    identity: EncoderIdentity,
    batches: Sequence[Sequence[EmbeddingJob]],
) -> Embedded:
    """Encode what is missing of batches of videos: in this process, or spread over workers.

    Raises:
        WorkersUnusableError: The workers cannot be had, or lack something.
        WorkersLostError: Work was lost with them.
    """
    if not workers or not batches:
        here = (embed_videos(place, encoding, identity, batch) for batch in batches)
        return sum(here, start=Embedded())
    jobs = [job for batch in batches for job in batch]
    needs = Needs(
        place=place if "://" in place else Warehouse.at(place).root,
        video_id=jobs[0].video_id,
        sightings=_one_a_folder(jobs),
        encoding=_with_absolute_model(encoding),
        identity=identity,
        versions=versions_here(),
        server=server_here(),
    )
    begun = time.monotonic()
    with crew(workers, needs.server) as runner:
        number = check_crew(runner, needs)
        units = cut_for(number, jobs, identity)
        shared = {job.video_id for unit in units for job in unit if job.shared}
        try:
            done = sum(_spread(runner, needs, units, number * ON_THEIR_WAY), start=Embedded())
        finally:
            _give_back(Leases(Warehouse.at(place), identity.encoder_id), shared)
    left_out = tuple(dict.fromkeys(done.left_out))  # each part of a video may say the same
    return replace(done, left_out=left_out, seconds=time.monotonic() - begun)


def _spread(
    runner: DaskTaskRunner, needs: Needs, units: Sequence[Sequence[EmbeddingJob]], at_once: int
) -> Iterator[Embedded]:
    """Yield what came of each unit, in the order in which they are done.

    Raises:
        WorkersLostError: Workers died of it, again and again, or their scheduler is gone.
    """
    import distributed

    pieces = Counter(job.video_id for unit in units for job in unit)
    waiting = iter(units)
    given = {}

    def give(unit: Sequence[EmbeddingJob]) -> Future[Any]:
        parameters = {
            "place": needs.place,
            "encoding": needs.encoding,
            "identity": needs.identity,
            "jobs": unit,
            "run": this_process(),
        }
        future = runner.submit(embed_videos, parameters)
        given[future.wrapped_future.key] = future, unit
        return future.wrapped_future

    as_completed: Any = distributed.as_completed
    finished = as_completed(map(give, islice(waiting, at_once)), loop=runner.client.loop)
    for wrapped in finished:
        if wrapped.status == "lost":  # done, but its worker died with the result: done again
            finished.add(wrapped)
            continue
        future, unit = given.pop(wrapped.key)
        if wrapped.status != "finished":  # what a task itself fails with is a result of Dask's
            raise WorkersLostError(
                f"work was lost with its workers ({wrapped.status}): what was committed stays; "
                "see why they died, and run again"
            )
        done: Embedded = future.result()
        pieces.subtract(job.video_id for job in unit)
        advance(units=done.clips, videos=sum(not pieces[job.video_id] for job in unit))
        yield done
        finished.update(map(give, islice(waiting, 1)))


def _give_back(leases: Leases, videos: Iterable[str]) -> None:
    """Give back the leases that several workers shared."""
    for video_id in videos:
        if not leases.is_taken(video_id):
            leases.give_back(video_id)


def _one_a_folder(jobs: Sequence[EmbeddingJob]) -> tuple[Sighting, ...]:
    """Return footage of each folder, of a hundred at most: folders may be shares of their own."""
    folders: dict[str, Sighting] = {}
    for job in jobs:
        first = job.sightings[0]
        folders.setdefault(first.path.rpartition("/")[0], first)
    return tuple(islice(folders.values(), FOLDERS_LOOKED_AT))


def _with_absolute_model(encoding: Encoding) -> Encoding:
    """Return an encoding whose checkpoint, if it is a folder, is named alike from everywhere."""
    folder = encoding.checkpoint.folder
    return (
        encoding
        if folder is None
        else encoding.model_copy(update={"model": str(folder.absolute())})
    )
