"""Several processes and machines: the same bytes, whoever has made them and whoever has died."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Container, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import dask
import pytest

from tasks import crew
from tasks.video import parts
from tests.flows.conftest import Nightjar
from tests.flows.test_process import wait_until
from tests.flows.test_wrong_usage import assert_refused
from tests.footage import ROOT, write_video
from tests.small_parts import ROWS_PER_PART

pytest.importorskip("distributed")  # which adds its settings to Dask's; a test changes some
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


def test_a_worker_that_dies_costs_nothing_that_was_committed(
    embed: Callable[..., Shards],
    machines: tuple[str, list[subprocess.Popen[bytes]]],
    tmp_path: Path,
) -> None:
    address, workers = machines
    warehouse = tmp_path / "spread"

    def kill_one() -> None:
        wait_until(lambda: shards_in(warehouse), seconds=120)
        workers[0].send_signal(signal.SIGKILL)

    with ThreadPoolExecutor(1) as threads:
        killing = threads.submit(kill_one)
        spread = embed("spread", "--workers", address, encoded=range(43))
        killing.result()
    assert workers[0].wait() == -signal.SIGKILL
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
