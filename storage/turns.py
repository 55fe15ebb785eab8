"""Whose turn it is where only one run at a time may look and then write.

Who wants a turn puts a ticket and only then looks for others, so of two that come at once at least
one sees the other, takes its own ticket back and comes again later. A ticket lapses by itself as a
lease does: at once where its process is seen to be gone, and elsewhere after a while without a sign
of life.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from threading import Event, Thread
from uuid import uuid4

from storage.documents import commit_document
from storage.leases import FOLDER, RENEWED_EVERY_S, Holder, holder_of, this_process
from storage.warehouse import Warehouse

logger = logging.getLogger(__name__)
COME_AGAIN_S = (0.2, 1.0)


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that this run has.

    Attributes:
        warehouse: Where others see it.
        what: What it is about.
        ticket: Where its ticket lies.
    """

    warehouse: Warehouse
    what: str
    ticket: str

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the turn from lapsing until the block ends, then give it back."""
        done = Event()

        def renew() -> None:
            while not done.wait(RENEWED_EVERY_S):
                try:
                    _put(self)
                except OSError as error:  # there is time for another try before it lapses
                    logger.warning("the turn of %s was not renewed: %s", self.what, error)

        thread = Thread(target=renew, name=f"turn of {self.what}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()  # or it might put the ticket once more
            self.warehouse.remove(self.ticket)


def await_turn(warehouse: Warehouse, what: str) -> Turn:
    """Wait until no other run has a turn of something, and take it.

    Args:
        warehouse: Where runs see each other.
        what: What the turn is about: letters, digits, dots, dashes and underscores.
    """
    mine = Turn(warehouse, what, f"{FOLDER}/turn~{what}~{uuid4().hex}.json")
    told = False
    while True:
        if not _others(mine) and _is_mine(mine):
            return mine
        if not told:
            logger.info("another run is at %s: waiting", what)
            told = True
        time.sleep(random.uniform(*COME_AGAIN_S))


def _is_mine(turn: Turn) -> bool:
    """Put a ticket and return whether it is the only one; else it is taken back."""
    _put(turn)
    alone = False
    try:
        alone = not _others(turn)
    finally:
        if not alone:
            turn.warehouse.remove(turn.ticket)
    return alone


def _put(turn: Turn) -> None:
    """Commit a turn's ticket, or commit it anew."""
    holder = Holder(*this_process(), time.time())
    commit_document(turn.warehouse, turn.ticket, asdict(holder))


def _others(mine: Turn) -> list[str]:
    """Return the tickets of other runs for the same that have not lapsed."""
    same = mine.ticket.rpartition("~")[0]
    return [
        place
        for place in mine.warehouse.files_below(FOLDER)
        if place != mine.ticket and place.rpartition("~")[0] == same and _is_held(mine, place)
    ]


def _is_held(mine: Turn, place: str) -> bool:
    """Return whether a ticket counts; one that cannot be read does not, as with leases."""
    holder = holder_of(mine.warehouse, place)
    return holder is not None and not holder.is_gone()
