"""Several processes and machines: the same bytes, whoever has made them and whoever has died."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Container, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import dask
import pytest
from prefect.client.orchestration import get_client
from prefect.concurrency._asyncio import ConcurrencySlotAcquisitionError

from storage.footage import all_sightings
from storage.warehouse import Warehouse
from tasks import crew
from tasks.embedding import identify
from tasks.extraction import find_new_files, probe_files
from tasks.gpu import GPU_LIMIT, slot_of
from tasks.parameters import Archive, Encoding
from tasks.video import parts
from tests.flows.conftest import Nightjar
from tests.flows.test_process import wait_until
from tests.flows.test_wrong_usage import assert_refused
from tests.footage import ROOT, write_video
from tests.small_parts import ROWS_PER_PART

distributed = pytest.importorskip("distributed")  # adds to Dask's settings; a test changes some
Shards = dict[str, bytes]


@pytest.fixture
def footage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a video of 38 clips in five parts, and two with 5 clips."""
    monkeypatch.setattr(parts, "ROWS_PER_PART", ROWS_PER_PART)
    for seed, (name, frames) in enumerate({"long": 603, "short": 40, "shorter": 20}.items()):
        write_video(tmp_path / "door" / f"{name}.avi", frames, seed=seed)
    return tmp_path / "door"


@pytest.fixture
def embed(nightjar: Nightjar, model: Path, footage: Path, tmp_path: Path) -> Callable[..., Shards]:
    """Return a function that embeds the footage in a warehouse of its own, for its shards."""

    def run(name: str, *options: str, encoded: Container[int] = (43,)) -> Shards:
        common = ("--model", model, "--warehouse", tmp_path / name, "--json")
        assert nightjar("extract", "--footage", footage, *common).code == 0
        done = nightjar("embed", *common, *options)
        assert done.code == 0, done.err
        assert done.document["left_out"] == []
        assert done.document["embedded_clips"] in encoded
        assert not list((tmp_path / name / "leases").iterdir())
        return shards_in(tmp_path / name)

    return run


def shards_in(warehouse: Path) -> Shards:
    found = sorted((warehouse / "embeddings").rglob("*.parquet"))
    return {str(path.relative_to(warehouse)): path.read_bytes() for path in found}


def test_two_processes_give_the_bytes_of_one(embed: Callable[..., Shards]) -> None:
    alone = embed("alone")
    assert len(alone) == 5 + 1 + 1
    with dask.config.set({"distributed.worker.preload": ["tests.small_parts"]}):
        assert embed("together", "--workers", "local:2") == alone


@pytest.fixture
def machines(tmp_path: Path, footage: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Start a scheduler and two workers as a site does; yield its address and the workers."""
    place = tmp_path / "scheduler.json"
    dask_command = [str(Path(sys.executable).parent / "dask")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    told = ["--scheduler-file", str(place), "--no-dashboard"]
    scheduler = [*dask_command, "scheduler", "--host", "127.0.0.1", "--port", "0", *told]
    worker = [*dask_command, "worker", "--nthreads", "1", "--no-nanny", *told]
    worker += ["--preload", "tests.small_parts"]
    with ExitStack() as stack:

        def start(command: list[str]) -> subprocess.Popen[bytes]:
            process = stack.enter_context(
                subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
            )
            stack.callback(process.kill)
            return process

        start(scheduler)
        workers = [start(worker), start(worker)]
        wait_until(place.exists, seconds=60)
        yield json.loads(place.read_text())["address"].replace("tcp", "dask"), workers


def test_a_worker_that_dies_with_a_result_costs_nothing_that_was_committed(
    embed: Callable[..., Shards],
    machines: tuple[str, list[subprocess.Popen[bytes]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    killed: list[int] = []

    as_completed: Any = distributed.as_completed

    class Losing(as_completed):  # type: ignore[misc]
        def __next__(self) -> Any:
            future = super().__next__()
            if not killed:
                (holder,) = future.client.who_has([future])[future.key]
                killed.append(future.client.run(os.getpid)[holder])
                os.kill(killed[0], signal.SIGKILL)
                wait_until(lambda: future.status == "lost", seconds=60)
            return future

    monkeypatch.setattr(distributed, "as_completed", Losing)
    spread = embed("spread", "--workers", machines[0], encoded=range(44))
    assert killed[0] in {worker.pid for worker in machines[1]}
    assert spread == embed("alone")


@pytest.mark.parametrize("wrong", ["many", "local:0", "dask://here", "tcp://localhost:8786"])
def test_workers_that_mean_nothing_are_refused(
    nightjar: Nightjar, model: Path, wrong: str, tmp_path: Path
) -> None:
    options = ("--model", model, "--warehouse", tmp_path, "--workers", wrong)
    assert_refused(nightjar("embed", *options), "--workers", "dask://HOST:PORT", wrong)


def test_workers_that_cannot_be_had_are_refused(
    nightjar: Nightjar, model: Path, footage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "ANSWERS_WITHIN_S", 1)
    options: list[str | Path] = ["--normal", footage, "--footage", footage, "--model", model]
    options += ["--warehouse", tmp_path / "warehouse", "--workers"]
    assert_refused(nightjar("run", *options, "dask://127.0.0.1:1"), "dask://127.0.0.1:1", "start")
    monkeypatch.setitem(sys.modules, "prefect_dask", None)
    assert_refused(nightjar("run", *options, "local:2"), "pip install 'nightjar[dask]'")


def test_a_worker_that_does_not_see_what_it_needs_says_so(
    api_url: str, model: Path, footage: Path, tmp_path: Path
) -> None:
    place, elsewhere = str(tmp_path / "warehouse"), str(tmp_path / "elsewhere")
    encoding = Encoding(model=str(model))
    for batch in find_new_files.fn(place, [str(footage)], Archive()):
        probe_files.fn(place, batch, Archive())
    sighting = next(iter(all_sightings(Warehouse.at(place))))
    needs = crew.Needs(
        place, sighting.video_id, (sighting,), encoding, identify.fn(encoding),
        crew.versions_here(), api_url,
    )  # fmt: skip
    assert crew.look_around(needs) == ""
    lacking: dict[str, dict[str, Any]] = {
        elsewhere: {"place": elsewhere},
        "nowhere.avi": {"sightings": (replace(sighting, path="/nowhere.avi"),)},
        "another checkpoint": {"identity": replace(needs.identity, checkpoint="another")},
        "torch": {"versions": {"torch": "1.0"}},
        "http://127.0.0.1:1/api": {"server": "http://127.0.0.1:1/api"},
    }
    for word, wrong in lacking.items():
        assert word in crew.look_around(replace(needs, **wrong))


def test_a_gpu_is_waited_for_only_where_somebody_has_said_how_many_there_are(api_url: str) -> None:
    with slot_of("cpu", strict=True):
        pass
    with (
        pytest.raises(ConcurrencySlotAcquisitionError, match=GPU_LIMIT),
        slot_of("cuda", strict=True),
    ):
        pass
    with get_client(sync_client=True) as client:
        assert GPU_LIMIT in crew.trouble_with_limit(client)
        client.upsert_global_concurrency_limit_by_name(GPU_LIMIT, 1)
        assert not crew.trouble_with_limit(client)
        with slot_of("cuda", strict=True):
            limit = client.read_global_concurrency_limit_by_name(GPU_LIMIT)
            assert (limit.limit, limit.active_slots) == (1, 1)
