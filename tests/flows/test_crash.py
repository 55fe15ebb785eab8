"""A process killed at any moment leaves nothing half done, and what it had committed is not redone.

``make crash`` runs the whole campaign: every step of every commit of a run, each from the start,
and 60 random moments. The tests of every day kill run after run in one warehouse instead.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.crashing import findings, random_moments
from tests.footage import ROOT, write_video

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and reads inodes")
campaign = pytest.mark.skipif(not os.environ.get("NIGHTJAR_CRASH"), reason="make crash runs it")
RANDOM_MOMENTS = 60
# Of a report and of a record of a run, time and id are its own.
OF_A_RUN = ("reports/", "runs/", ".staging/")
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    write_video(folder / "normal/door/a.avi", 40, seed=1)
    write_video(folder / "new/yard/b.avi", 70, seed=2)
    return folder


@contextmanager
def runner(model: Path, archive: Path) -> Iterator[Ask]:
    """Yield a function that runs the whole job in a process that may be killed."""
    command = [sys.executable, "-m", "tests.crashing", str(model)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def run(warehouse: Path, **how: Any) -> dict[str, Any]:
            assert process.stdin
            assert process.stdout
            folders = {"normal": str(archive / "normal"), "footage": str(archive / "new")}
            job = {"place": str(warehouse), "model": str(model), **folders, **how}
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            assert not answer["failed"], "see what it printed on standard error"
            return answer

        yield run


@pytest.fixture(scope="module")
def ask(model: Path, archive: Path) -> Iterator[Ask]:
    with runner(model, archive) as run:
        yield run


@pytest.fixture(scope="module")
def undisturbed(ask: Ask, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Return the warehouse of a run that nothing disturbs, and how many moments it has."""
    warehouse = tmp_path_factory.mktemp("undisturbed") / "warehouse"
    return warehouse, ask(warehouse, count=True)


def contents(warehouse: Path) -> dict[str, bytes]:
    """Return all that the same footage must give the same bytes for."""
    files = {path.relative_to(warehouse).as_posix(): path for path in warehouse.rglob("*")}
    return {
        place: path.read_bytes()
        for place, path in files.items()
        if path.is_file() and not place.startswith(OF_A_RUN)
    }


def shards(warehouse: Path) -> dict[str, tuple[int, int]]:
    """Return which file each committed shard is: one that is written again is another."""
    found = warehouse.glob("embeddings/**/part-*.parquet")
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def test_runs_killed_one_after_the_other_get_there_in_the_end(
    ask: Ask,
    undisturbed: tuple[Path, dict[str, Any]],
    tmp_path: Path,
) -> None:
    warehouse = tmp_path / "warehouse"
    chosen = random.Random(0)
    committed: dict[str, tuple[int, int]] = {}
    kills = 0
    while ask(warehouse, moment=chosen.randint(0, 12 + kills))["killed"]:
        kills += 1
        assert shards(warehouse).items() >= committed.items(), "what was committed is not redone"
        committed = shards(warehouse)
    assert kills >= 10
    assert contents(warehouse) == contents(undisturbed[0])
    assert findings(str(warehouse)) == []


def test_two_runs_at_once_share_the_work_and_leave_what_one_leaves(
    ask: Ask,
    undisturbed: tuple[Path, dict[str, Any]],
    tmp_path: Path,
    model: Path,
    archive: Path,
) -> None:
    warehouse = tmp_path / "warehouse"
    with runner(model, archive) as other, ThreadPoolExecutor() as threads:
        both = [threads.submit(run, warehouse) for run in (ask, other)]
        clips = [future.result()["clips"] for future in both]
    told = undisturbed[1]["clips"]
    # Both may take the same video in the same instant: then it is encoded twice, to the same bytes.
    assert told <= sum(clips) <= 2 * told
    assert contents(warehouse) == contents(undisturbed[0])
    assert findings(str(warehouse)) == []


@campaign
def test_a_run_killed_at_any_step_of_a_commit_is_made_good_by_the_next(
    ask: Ask, undisturbed: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    place, told = undisturbed
    for moment in range(told["moments"]):
        assert_made_good(ask, place, told, tmp_path / "warehouse", {"moment": moment})


@campaign
def test_a_run_killed_at_a_random_moment_is_made_good_by_the_next(
    ask: Ask, undisturbed: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    place, told = undisturbed
    for after_s in random_moments(0, RANDOM_MOMENTS, told["seconds"]):
        assert_made_good(ask, place, told, tmp_path / "warehouse", {"after_s": after_s})


def assert_made_good(
    ask: Ask,
    undisturbed: Path,
    told: dict[str, Any],
    warehouse: Path,
    kill: dict[str, float],
) -> None:
    """Kill a run, run again, and compare what is there with what an undisturbed run leaves."""
    shutil.rmtree(warehouse, ignore_errors=True)
    ask(warehouse, **kill)
    committed = shards(warehouse)
    again = ask(warehouse)
    assert shards(warehouse).items() >= committed.items(), kill
    assert contents(warehouse) == contents(undisturbed), kill
    assert again["clips"] <= told["clips"], kill
    assert findings(str(warehouse)) == [], kill
