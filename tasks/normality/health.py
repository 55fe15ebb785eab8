"""When a camera was black, covered, frozen, blurred or moved: about itself, not about its scene."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from tasks.normality.references import CameraReference, Signs, summarise, usual_state
from tasks.normality.states import Kind, State, black_state, frozen_state, relative_states
from tasks.normality.stretches import Mask, stretches


@dataclass(frozen=True, slots=True)
class Shortest:
    """How long something must last to be told, so that a lorry or a headlight is not."""

    seconds: float
    samples: int


# In the order of precedence: a black picture is covered as well, and either may stand still; what
# is frozen may be blurred, or be another view.
SHORTEST: dict[Kind, Shortest] = {
    "black": Shortest(2, 2),
    "covered": Shortest(8, 3),
    "frozen": Shortest(8, 3),
    "blurred": Shortest(8, 3),
    "moved": Shortest(10, 3),
}
PRECEDENCE = list(SHORTEST)


@dataclass(frozen=True, slots=True)
class HealthInterval:
    """Frames in which a camera saw nothing, or not what it should.

    Attributes:
        kind: What was wrong.
        frame_start: The first of them.
        frame_end: End of them, exclusive.
    """

    kind: Kind
    frame_start: int
    frame_end: int

    def __post_init__(self) -> None:
        if not 0 <= self.frame_start < self.frame_end:
            raise ValueError(f"an interval holds a frame at least, got {self}")


def find_health_intervals(
    signs: Signs, reference: CameraReference | None = None
) -> list[HealthInterval]:
    """Return when a camera was not well, in order and without overlap.

    Args:
        signs: What was measured of a video.
        reference: What its camera shows when it is well; None takes what most of the video shows.
    """
    free = np.ones(len(signs.frame_start), dtype=np.bool_)
    found = []
    for state in sorted(_states(signs, reference), key=lambda state: PRECEDENCE.index(state.kind)):
        for start, end in stretches(state.holds & free, state.may_lapse & free):
            whole = reference is not None and end - start == len(free)
            if _lasts(signs, start, end, SHORTEST[state.kind], whole):
                free[start:end] = False
                frames = int(signs.frame_start[start]), int(signs.frame_end[end - 1])
                found.append(HealthInterval(state.kind, *frames))
    return sorted(found, key=lambda interval: interval.frame_start)


def learn_reference(videos: Iterable[Signs]) -> CameraReference | None:
    """Return what a camera shows when it is well, or None where its videos show nothing.

    Args:
        videos: The signs of its normal videos, each without what is wrong in it by itself.
    """
    return summarise((signs, _is_well(signs)) for signs in videos)


def _states(signs: Signs, reference: CameraReference | None) -> Iterator[State]:
    """Yield what may be wrong, of every kind that can be told."""
    black = black_state(signs)
    yield black
    yield frozen_state(signs)
    usual = reference or usual_state(signs, ~black.holds)
    if usual is not None:
        yield from relative_states(signs, usual)


def _lasts(signs: Signs, start: int, end: int, shortest: Shortest, whole: bool) -> bool:
    """Whether samples last long enough; what a whole video shows need not last for seconds."""
    seconds = signs.time_end_s[end - 1] - signs.time_start_s[start]
    return end - start >= shortest.samples and (whole or bool(seconds >= shortest.seconds))


def _is_well(signs: Signs) -> Mask:
    """Return the samples in which a video by itself shows nothing wrong."""
    well = np.ones(len(signs.frame_start), dtype=np.bool_)
    for interval in find_health_intervals(signs):
        start, end = np.searchsorted(signs.frame_start, (interval.frame_start, interval.frame_end))
        well[start:end] = False
    return well
