"""The workers of a Dask cluster: found, and looked at before they are given anything to do."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL, temporary_settings

from storage.footage import Sighting
from storage.videos import has_video
from storage.warehouse import Warehouse
from tasks.embedding import identify
from tasks.encoder.device import choose_device
from tasks.encoder.identity import EncoderIdentity
from tasks.gpu import GPU_LIMIT
from tasks.parameters import Encoding
from tasks.selection import lies_as_seen
from tasks.shard_writing import VERSIONS_OF
from tasks.video.search import printable
from tasks.worker_choice import DASK, LOCAL, WorkersUnusableError, are_elsewhere

if TYPE_CHECKING:
    from prefect_dask.task_runners import DaskTaskRunner

ANSWERS_WITHIN_S = 15
SAME_EVERYWHERE = (*VERSIONS_OF, "prefect", "numpy", "pyarrow")


@dataclass(frozen=True, slots=True)
class Needs:
    """What every worker must find where it is.

    Attributes:
        place: The warehouse.
        video_id: A video that is known there.
        sightings: Footage.
        encoding: What was asked for.
        identity: What that comes to here.
        versions: Versions of what decides a shard's bytes.
        server: Prefect's API.
    """

    place: str
    video_id: str
    sightings: tuple[Sighting, ...]
    encoding: Encoding
    identity: EncoderIdentity
    versions: dict[str, str]
    server: str


def versions_here() -> dict[str, str]:
    """Return the versions of what decides a shard's bytes, and of what workers are reached by."""
    return {name: version(name) for name in SAME_EVERYWHERE}


def server_here() -> str:
    """Return where Prefect's API is, be it a server of which no setting tells."""
    with get_client(sync_client=True) as client:
        return str(client.api_url).rstrip("/")


def check_dask() -> None:
    """Make sure that what is behind ``--workers`` is installed.

    Raises:
        WorkersUnusableError: It is not.
    """
    try:
        import prefect_dask  # noqa: F401
    except ImportError as error:
        raise WorkersUnusableError(
            "--workers needs Dask, which is not installed: pip install 'nightjar[dask]'"
        ) from error


def check_workers_answer(workers: str | None) -> None:
    """Make sure that the workers asked for can be had, before anything else is done.

    Raises:
        WorkersUnusableError: They cannot.
    """
    if workers is not None:
        check_dask()
    if are_elsewhere(workers):
        with crew(str(workers), server_here()):
            pass


@contextmanager
def crew(workers: str, server: str) -> Iterator[DaskTaskRunner]:
    """Yield the runner of the workers asked for.

    Args:
        workers: ``local:N``, whose processes end with the block, or ``dask://HOST:PORT``.
        server: Prefect's API, to which they report.

    Raises:
        WorkersUnusableError: They cannot be had.
    """
    check_dask()
    import dask
    from prefect_dask.task_runners import DaskTaskRunner

    with ExitStack() as stack:
        stack.enter_context(temporary_settings({PREFECT_API_URL: server}))
        # A worker that is a daemon could have no child process to open footage in.
        stack.enter_context(dask.config.set({"distributed.worker.daemon": False}))
        runner = stack.enter_context(DaskTaskRunner(**_place_of(workers)))
        try:
            runner.client.wait_for_workers(1, timeout=ANSWERS_WITHIN_S)
        except OSError as error:  # a TimeoutError is one
            raise WorkersUnusableError(
                f"--workers {workers}: no scheduler with a worker answers within "
                f"{ANSWERS_WITHIN_S} s: start them, or correct the address"
            ) from error
        yield runner


def _place_of(workers: str) -> dict[str, Any]:
    """Return how Dask is told where the workers are."""
    if workers.startswith(DASK):
        # Without a scheme Dask takes its configured one: a site may have set up TLS.
        address = workers.removeprefix(DASK)
        return {"address": address, "client_kwargs": {"timeout": ANSWERS_WITHIN_S}}
    import torch

    number = int(workers.removeprefix(LOCAL))
    threads = max(1, torch.get_num_threads() // number)
    return {
        "cluster_class": "distributed.LocalCluster",
        "cluster_kwargs": {
            "n_workers": number,
            "threads_per_worker": 1,
            "dashboard_address": None,
            "memory_limit": 0,  # Dask would kill what is near it, and footage has its own ceiling
            "env": {"OMP_NUM_THREADS": threads},
        },
    }


def check_crew(runner: DaskTaskRunner, needs: Needs) -> int:
    """Return the number of workers, all of which have what it takes.

    Raises:
        WorkersUnusableError: One lacks something.
    """
    answers = runner.client.run(look_around, needs, on_error="return")
    for address, answer in sorted(answers.items()):
        if answer:
            raise WorkersUnusableError(f"the worker {address}: {answer}")
    return len(answers)


def look_around(needs: Needs) -> str:
    """Return what the worker that this runs on lacks, or nothing."""
    if multiprocessing.current_process().daemon:
        return "it can start no process: start it with DASK_DISTRIBUTED__WORKER__DAEMON=False"
    there = versions_here()
    for name, wanted in needs.versions.items():
        if there[name] != wanted:
            return f"it has {name} {there[name]}, and {wanted} is needed"
    warehouse = Warehouse.at(needs.place)
    if not has_video(warehouse, needs.video_id):
        return f"it does not see the warehouse {warehouse.root}: mount it at the same path"
    warehouse.check_writable()
    for sighting in needs.sightings:
        if not lies_as_seen(sighting):
            path = printable(sighting.path)
            return f"it does not see the footage {path!r} as it is: mount it at the same path"
    if identify.fn(needs.encoding) != needs.identity:
        return f"it has another checkpoint as {needs.encoding.model!r}"
    return _trouble_with_server(needs)


def _trouble_with_server(needs: Needs) -> str:
    """Return what stands in the way of reporting to Prefect's server, or nothing."""
    with (
        temporary_settings({PREFECT_API_URL: needs.server}),
        get_client(sync_client=True) as client,
    ):
        if trouble := client.api_healthcheck():
            return f"it does not reach the Prefect server {needs.server}: {trouble}"
        if choose_device(needs.encoding.device).type == "cuda":
            return trouble_with_limit(client)
    return ""


def trouble_with_limit(client: SyncPrefectClient) -> str:
    """Return what to do where Prefect does not know how many GPUs there are, or nothing."""
    try:
        client.read_global_concurrency_limit_by_name(GPU_LIMIT)
    except ObjectNotFound:
        return f"say how many GPUs there are: prefect gcl create {GPU_LIMIT} --limit NUMBER"
    return ""
