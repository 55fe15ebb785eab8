import time
from collections.abc import Iterator

import pytest

from tasks import in_order as module
from tasks.in_order import in_order


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_jobs(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    monkeypatch.setattr(module, "THREADS", threads)

    def late(number: int) -> int:
        time.sleep(0.002 * (number % 3))
        return number

    assert list(in_order(late, range(40))) == list(range(40))
    assert list(in_order(late, [])) == []


def test_neither_jobs_nor_results_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "THREADS", 2)
    drawn: list[int] = []

    def jobs() -> Iterator[int]:
        for number in range(1000):
            drawn.append(number)
            yield number

    for result in in_order(lambda number: number, jobs()):
        assert drawn[-1] - result <= 2 * 2
    assert len(drawn) == 1000


def test_the_first_job_that_fails_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "THREADS", 2)
    done: list[int] = []

    def work(number: int) -> int:
        if number == 3:
            raise ValueError("the third")
        done.append(number)
        return number

    found = in_order(work, range(1000))
    with pytest.raises(ValueError, match="the third"):
        list(found)
    assert len(done) < 20


def test_nobody_works_on_once_nobody_wants_the_rest() -> None:
    done: list[int] = []
    found = in_order(lambda number: done.append(number), range(1000))
    next(found)
    found.close()
    worked = len(done)
    time.sleep(0.02)
    assert len(done) == worked < 100
