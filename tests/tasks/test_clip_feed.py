from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

import pytest

from tasks.clip_feed import ClipFeed, FeedAbortedError

SOON_S = 0.05


@dataclass(frozen=True)
class Thing:
    video: int
    name: str = ""


def test_the_oldest_video_goes_first_and_each_in_its_own_order() -> None:
    feed = ClipFeed[Thing](capacity=9)
    for thing in (Thing(1, "a"), Thing(0, "b"), Thing(1, "c"), Thing(0, "d")):
        feed.put(thing)
    feed.close()
    assert [thing.name for thing in feed.take(3)] == ["b", "d", "a"]
    assert [thing.name for thing in feed.take(3)] == ["c"]
    assert feed.take(3) == []


def test_a_full_feed_makes_readers_wait_until_something_is_settled() -> None:
    feed = ClipFeed[Thing](capacity=2)
    with ThreadPoolExecutor() as threads:
        feed.put(Thing(0))
        feed.put(Thing(0))
        third = threads.submit(feed.put, Thing(0))
        repeated = threads.submit(feed.pass_by)
        assert not wait([third, repeated], SOON_S).done
        feed.put(Thing(1))  # a video that has none waiting may give one
        assert len(feed.take(9)) == 3, "no more can come, so fewer than asked for are given"
        for _ in range(3):
            feed.settle()
        third.result(timeout=9)
        repeated.result(timeout=9)


def test_a_batch_waits_until_it_is_full_or_nothing_more_comes() -> None:
    feed = ClipFeed[Thing](capacity=9)
    with ThreadPoolExecutor() as threads:
        feed.put(Thing(0, "a"))
        batch = threads.submit(feed.take, 2)
        assert not wait([batch], SOON_S).done
        feed.put(Thing(0, "b"))
        assert len(batch.result(timeout=9)) == 2
        rest = threads.submit(feed.take, 2)
        feed.put(Thing(0, "c"))
        assert not wait([rest], SOON_S).done
        feed.close()
        assert len(rest.result(timeout=9)) == 1


def test_an_aborted_feed_lets_everybody_go() -> None:
    feed = ClipFeed[Thing](capacity=1)
    with ThreadPoolExecutor() as threads:
        feed.put(Thing(0))
        waiting = threads.submit(feed.put, Thing(0))
        feed.abort()
        with pytest.raises(FeedAbortedError):
            waiting.result(timeout=9)
    assert feed.take(1) == []
    with pytest.raises(FeedAbortedError):
        feed.pass_by()
