import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from tasks import in_order as module
from tasks.in_order import ONE_THREAD_OF_BLAS, Once, in_order


def threads_of_blas() -> set[int]:
    """Return how many threads each BLAS that is loaded uses."""
    return {found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"}


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


def test_blas_has_one_thread_while_results_are_awaited_and_its_own_again_afterwards() -> None:
    with threadpool_limits(2, "blas"):
        one = in_order(lambda _: threads_of_blas(), range(100))
        other = in_order(lambda _: threads_of_blas(), range(3))
        assert next(one) == next(other) == threads_of_blas() == {1}
        one.close()  # not the last to end
        assert list(other) == [{1}, {1}]
        assert threads_of_blas() == {2}
        with pytest.raises(KeyError), ONE_THREAD_OF_BLAS:
            raise KeyError
        assert threads_of_blas() == {2}


def test_one_thread_works_it_out_for_all_that_ask() -> None:
    asked: list[int] = []

    def slow() -> object:
        asked.append(1)
        time.sleep(0.05)
        return object()

    once = Once(slow)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: once(), range(8)))
    assert len(asked) == len(set(map(id, found))) == 1
