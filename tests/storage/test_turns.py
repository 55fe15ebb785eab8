"""One run at a time has a turn, and a run that is gone holds nobody up."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from threading import Event

import pytest

from storage import turns
from storage.documents import commit_document
from storage.leases import LAPSES_AFTER_S, Holder, Leases
from storage.turns import await_turn
from storage.warehouse import Warehouse
from tests.footage import ROOT

# Each adds one to a number in a file, as no two could at once without losing some.
COUNTER = """
import sys, time
from pathlib import Path
from storage import turns
from storage.warehouse import Warehouse

turns.COME_AGAIN_S = (0.0, 0.02)
warehouse, path = Warehouse.at(sys.argv[1]), Path(sys.argv[2])
for _ in range(int(sys.argv[3])):
    with turns.await_turn(warehouse, "night").kept():
        number = int(path.read_text())
        time.sleep(0.002)
        path.write_text(str(number + 1))
"""
DIES = """
import os, signal, sys
from storage.turns import await_turn
from storage.warehouse import Warehouse

with await_turn(Warehouse.at(sys.argv[1]), "night").kept():
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "COME_AGAIN_S", (0.0, 0.02))


def started(code: str, *arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT)


def test_processes_take_turns(local_warehouse: Warehouse, tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("0")
    processes = [started(COUNTER, local_warehouse.root, number, 20) for _ in range(3)]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    assert number.read_text() == "60"
    assert local_warehouse.files_below("leases") == []


def test_who_comes_later_waits_until_the_turn_is_given_back(warehouse: Warehouse) -> None:
    order: list[str] = []
    waits, ends = Event(), Event()

    def other() -> None:
        waits.set()
        with await_turn(warehouse, "default").kept():
            order.append("other")
        ends.set()

    with ThreadPoolExecutor() as threads:
        with await_turn(warehouse, "default").kept():
            done = threads.submit(other)
            assert waits.wait(30)
            with await_turn(warehouse, "default-2").kept():
                order.append("of something else")
            assert not ends.wait(0.2)
            order.append("first")
        done.result(30)
    assert order == ["of something else", "first", "other"]
    assert warehouse.files_below("leases") == []


def test_a_turn_is_given_back_whatever_happens(local_warehouse: Warehouse) -> None:
    with pytest.raises(KeyboardInterrupt), await_turn(local_warehouse, "night").kept():
        raise KeyboardInterrupt
    assert local_warehouse.files_below("leases") == []


def test_a_killed_run_holds_nobody_up(local_warehouse: Warehouse) -> None:
    assert started(DIES, local_warehouse.root).wait(60) == -signal.SIGKILL
    (left,) = local_warehouse.files_below("leases")
    with await_turn(local_warehouse, "night").kept():
        Leases(local_warehouse, "enc").sweep()
        (mine,) = local_warehouse.files_below("leases")
        assert mine != left, "what the dead have left is swept, and no turn that is kept"


def test_a_run_on_another_machine_holds_its_turn_until_it_lapses(warehouse: Warehouse) -> None:
    def seen(age_s: float) -> None:
        holder = Holder("elsewhere", os.getpid(), time.time() - age_s)
        commit_document(warehouse, "leases/turn~night~ab.json", asdict(holder))

    seen(age_s=1)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(await_turn, warehouse, "night")
        time.sleep(0.2)
        assert not waiting.done()
        seen(age_s=LAPSES_AFTER_S + 1)
        turn = waiting.result(30)
    with turn.kept():
        pass
    assert warehouse.files_below("leases") == ["leases/turn~night~ab.json"]


def test_a_turn_that_is_kept_does_not_lapse(
    local_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "RENEWED_EVERY_S", 0.01)
    turn = await_turn(local_warehouse, "night")
    path = Path(local_warehouse.uri(turn.ticket))
    with turn.kept():
        first = path.stat().st_ino
        while path.stat().st_ino == first:
            time.sleep(0.01)
    assert not path.exists()
