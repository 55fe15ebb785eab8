"""A lease lapses by itself: a crashed run leaves nothing that a person must remove."""

import os
import subprocess
import sys
import time
from dataclasses import asdict

import pytest

from storage.documents import commit_document
from storage.leases import LAPSES_AFTER_S, Holder, Leases, Owner
from storage.warehouse import Warehouse

VIDEO = "ab" * 16
PLACE = f"leases/enc~{VIDEO}.json"


def taken_by(warehouse: Warehouse, host: str, process: int, age_s: float) -> None:
    commit_document(warehouse, PLACE, asdict(Holder(host, process, time.time() - age_s)))


def gone_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_a_lease_is_taken_seen_and_given_back(warehouse: Warehouse) -> None:
    leases = Leases(warehouse, "enc")
    assert leases.take(VIDEO)
    assert leases.take(VIDEO), "it is this process's own"
    assert warehouse.files_below("leases") == [PLACE]
    leases.renew(VIDEO)
    leases.give_back(VIDEO)
    assert warehouse.files_below("leases") == []


def test_a_lease_of_another_machine_holds_until_it_lapses(warehouse: Warehouse) -> None:
    leases = Leases(warehouse, "enc")
    taken_by(warehouse, "elsewhere", 1, age_s=1)
    assert leases.is_taken(VIDEO)
    assert not leases.take(VIDEO)
    assert not Leases(warehouse, "another encoder").is_taken(VIDEO)
    taken_by(warehouse, "elsewhere", 1, age_s=LAPSES_AFTER_S + 1)
    assert leases.take(VIDEO)
    taken_by(warehouse, "elsewhere", 1, age_s=-LAPSES_AFTER_S - 60)
    assert leases.take(VIDEO), "a clock that runs ahead does not hold a video for ever"


def test_a_lease_of_a_process_that_died_here_lapses_at_once(warehouse: Warehouse) -> None:
    import socket

    leases = Leases(warehouse, "enc")
    taken_by(warehouse, socket.gethostname(), os.getppid(), age_s=1)
    assert not leases.take(VIDEO)
    taken_by(warehouse, socket.gethostname(), gone_process(), age_s=1)
    assert leases.take(VIDEO)


def test_lapsed_leases_are_swept(warehouse: Warehouse) -> None:
    taken_by(warehouse, "elsewhere", 1, age_s=1)
    Leases(warehouse, "enc").sweep()
    assert warehouse.files_below("leases") == [PLACE]
    taken_by(warehouse, "elsewhere", 1, age_s=LAPSES_AFTER_S + 1)
    Leases(warehouse, "another encoder").sweep()
    assert warehouse.files_below("leases") == []


@pytest.mark.parametrize("content", [b"", b"{}", b'{"host": 7}'])
def test_a_damaged_lease_holds_nobody_up(warehouse: Warehouse, content: bytes) -> None:
    with warehouse.commit_file(PLACE) as scratch:
        scratch.write_bytes(content)
    assert Leases(warehouse, "enc").take(VIDEO)


def test_workers_of_one_run_share_a_lease_and_another_run_sees_it(warehouse: Warehouse) -> None:
    run = Owner("elsewhere", 7)
    assert Leases(warehouse, "enc", run).take(VIDEO)
    assert Leases(warehouse, "enc", run).take(VIDEO)
    assert not Leases(warehouse, "enc", Owner("elsewhere", 8)).take(VIDEO)
    assert not Leases(warehouse, "enc").take(VIDEO)
