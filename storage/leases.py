"""Which run embeds a video just now, so that two runs share the work instead of doing it twice.

A lease is advice and no lock: shards of the same footage have the same bytes, whoever commits them.
It lapses by itself, at once where the process that took it is seen to be gone. The workers of one
run hold their leases in the name of its process, and so do not refuse each other.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

from storage.documents import commit_document, find_record
from storage.errors import CorruptShardError
from storage.warehouse import Warehouse

FOLDER = "leases"
LAPSES_AFTER_S = 120.0
RENEWED_EVERY_S = 30.0


class Owner(NamedTuple):
    """The process that a run is: its host and its number there."""

    host: str
    process: int


def this_process() -> Owner:
    """Return the process that asks."""
    return Owner(socket.gethostname(), os.getpid())


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that works on a video, and when it last said so, seconds since 1970."""

    host: str
    process: int
    renewed_at: float

    def is_gone(self) -> bool:
        """Return whether the lease has lapsed: clocks may differ by less than its time."""
        if abs(time.time() - self.renewed_at) > LAPSES_AFTER_S:
            return True
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except PermissionError:  # it is there, and somebody else's
            return False
        return False


def holder_of(warehouse: Warehouse, place: str) -> Holder | None:
    """Return who holds what lies at a place; advice that cannot be read is none."""
    try:
        return find_record(warehouse, place, Holder)
    except CorruptShardError:
        return None


@dataclass(slots=True)
class Leases:
    """The leases that a run holds.

    Attributes:
        warehouse: Where they are seen by others.
        encoder_id: The encoder that the videos are embedded with.
        owner: The run; this process unless it works for another.
    """

    warehouse: Warehouse
    encoder_id: str
    owner: Owner = field(default_factory=this_process)
    _renewed: dict[str, float] = field(default_factory=dict)

    def take(self, video_id: str) -> bool:
        """Take the lease of a video, unless another run holds it."""
        if self.is_taken(video_id):
            return False
        self._write(video_id)
        return True

    def is_taken(self, video_id: str) -> bool:
        """Return whether another run holds the lease of a video."""
        holder = holder_of(self.warehouse, self._place(video_id))
        if holder is None or (holder.host, holder.process) == self.owner:
            return False
        return not holder.is_gone()

    def sweep(self) -> None:
        """Remove the leases that have lapsed."""
        for place in self.warehouse.files_below(FOLDER):
            holder = holder_of(self.warehouse, place)
            if holder is None or holder.is_gone():
                self.warehouse.remove(place)

    def renew(self, video_id: str) -> None:
        """Say that the run still works on a video, if it is time to."""
        if time.monotonic() - self._renewed[video_id] > RENEWED_EVERY_S:
            self._write(video_id)

    def give_back(self, video_id: str) -> None:
        """Give a lease back."""
        self._renewed.pop(video_id, None)
        self.warehouse.remove(self._place(video_id))

    def _write(self, video_id: str) -> None:
        """Commit the lease anew."""
        holder = Holder(*self.owner, time.time())
        commit_document(self.warehouse, self._place(video_id), asdict(holder))
        self._renewed[video_id] = time.monotonic()

    def _place(self, video_id: str) -> str:
        """Return where the lease of a video is kept."""
        return f"{FOLDER}/{self.encoder_id}~{video_id}.json"
