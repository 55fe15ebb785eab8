"""The queue between those who read clips and those who encode them: bounded, oldest video first."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from threading import Condition
from typing import Generic, Protocol, TypeVar


class Numbered(Protocol):
    """Something of a video; videos count up."""

    @property
    def video(self) -> int:
        """The video's number."""


Item = TypeVar("Item", bound=Numbered)


class FeedAbortedError(Exception):
    """Raised in a reader whose work nobody wants any more."""


@dataclass(slots=True, eq=False)
class ClipFeed(Generic[Item]):
    """Clips on their way, from several threads to several threads.

    What is in it or has been taken and is not yet ``settled`` is bounded, so that neither a slow
    encoder nor a slow disk lets memory grow: readers wait. Each video may always have one clip
    waiting, and the oldest video's are taken first: it is done soonest, and what a kill costs is
    least.

    Attributes:
        capacity: Clips on their way beyond which readers wait.
    """

    capacity: int
    _waiting: list[tuple[int, int, Item]] = field(default_factory=list)
    _of_video: dict[int, int] = field(default_factory=dict)
    _on_their_way: int = 0
    _put: int = 0
    _closed: bool = False
    _aborted: bool = False
    _changed: Condition = field(default_factory=Condition)

    def put(self, item: Item) -> None:
        """Give a clip, when there is room.

        Raises:
            FeedAbortedError: Nobody wants it any more.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._aborted or self._has_room(item.video))
            if self._aborted:
                raise FeedAbortedError
            self._put += 1
            heapq.heappush(self._waiting, (item.video, self._put, item))
            self._of_video[item.video] = self._of_video.get(item.video, 0) + 1
            self._on_their_way += 1
            self._changed.notify_all()

    def pass_by(self) -> None:
        """Let something by that needs no encoder, when there is room: it is on its way at once.

        Raises:
            FeedAbortedError: Nobody wants it any more.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._aborted or self._on_their_way < self.capacity)
            if self._aborted:
                raise FeedAbortedError
            self._on_their_way += 1

    def take(self, most: int) -> list[Item]:
        """Return the next clips: as many as asked for, unless no more can come before some go.

        None are returned when all are done.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._aborted or self._has_batch(most))
            if self._aborted:
                return []
            number = min(most, len(self._waiting))
            taken = [heapq.heappop(self._waiting)[2] for _ in range(number)]
            for item in taken:
                self._of_video[item.video] -= 1
            self._changed.notify_all()
            return taken

    def settle(self) -> None:
        """Say that a clip is no longer on its way."""
        with self._changed:
            self._on_their_way -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Say that no more clips will be given."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abort(self) -> None:
        """Let all go home who give or take."""
        with self._changed:
            self._aborted = True
            self._changed.notify_all()

    def _has_room(self, video: int) -> bool:
        return self._on_their_way < self.capacity or not self._of_video.get(video)

    def _has_batch(self, most: int) -> bool:
        there = len(self._waiting)
        return self._closed or there >= most or (there > 0 and self._on_their_way >= self.capacity)
