"""Several processes and machines: the same bytes, whoever has made them and whoever has died."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import dask
import pytest

from tasks.video import parts
from tests.flows.conftest import Nightjar
from tests.flows.test_wrong_usage import assert_refused
from tests.footage import ROOT, write_video
from tests.small_parts import ROWS_PER_PART

Shards = dict[str, bytes]


@pytest.fixture
def footage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a video of 38 clips in five parts, and two short ones."""
    monkeypatch.setattr(parts, "ROWS_PER_PART", ROWS_PER_PART)
    for seed, (name, frames) in enumerate({"long": 603, "short": 40, "shorter": 20}.items()):
        write_video(tmp_path / "door" / f"{name}.avi", frames, seed=seed)
    return tmp_path / "door"


@pytest.fixture
def embed(nightjar: Nightjar, model: Path, footage: Path, tmp_path: Path) -> Callable[..., Shards]:
    """Return a function that embeds the footage in a warehouse of its own, for its shards."""

    def run(name: str, *options: str) -> Shards:
        common = ("--model", model, "--warehouse", tmp_path / name, "--json")
        assert nightjar("extract", "--footage", footage, *common).code == 0
        done = nightjar("embed", *common, *options)
        assert done.code == 0, done.err
        assert done.document == {"embedded_clips": 38 + 3 + 2, "left_out": []}
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
        t = time.monotonic()
        assert embed("together", "--workers", "local:2") == alone
        print("TOOK", time.monotonic() - t)
