"""When a camera was black, covered, frozen, blurred or moved: about itself, not about its scene.

Black and frozen pictures are so by themselves. The rest is told by what the camera shows when it is
well, or by what most of the video shows where no more is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tasks.normality.moves import shows_other_views
from tasks.normality.references import (
    CameraReference,
    Mask,
    Signs,
    sharpness,
    summarise,
    usual_state,
)
from tasks.normality.views import ALIKE, light_likeness, likeness, structure

Kind = Literal["black", "covered", "frozen", "blurred", "moved"]


@dataclass(frozen=True, slots=True)
class Shortest:
    """How long a state must last to be told, so that a lorry or a headlight is not."""

    seconds: float
    samples: int


# In the order of precedence: a black picture is a covered one too, and either may stand still; a
# frozen one may be blurred, or show another view.
SHORTEST: dict[Kind, Shortest] = {
    "black": Shortest(2, 2),
    "covered": Shortest(8, 3),
    "frozen": Shortest(8, 3),
    "blurred": Shortest(8, 3),
    "moved": Shortest(10, 3),
}
LAPSE = 2  # samples that a state outlasts, if it has half of them at least

BLACK_LUMA = 32
BLACK_SHARE = 0.98
SILENT = 0.006
STILL_LUMA = 8
DULL = 0.5
SOFT = 0.6
VERY_SOFT = 0.4
POOR = 0.5
FLAT = 0.25
LIT_ALIKE = 0.65
LEAST_STRUCTURE = 1.5
TELLING_STRUCTURE = 5


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


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Where something is wrong with a camera.

    Attributes:
        kind: What.
        holds: The samples that show it.
        may_lapse: Those that do not, but do not speak against it either.
    """

    kind: Kind
    holds: Mask
    may_lapse: Mask


def find_health_intervals(
    signs: Signs, reference: CameraReference | None = None
) -> list[HealthInterval]:
    """Return when a camera was not well, in order and without overlap.

    Args:
        signs: What was measured of a video.
        reference: What its camera shows when it is well; None takes what most of the video shows.
    """
    known = reference or usual_state(signs, ~_is_black(signs))
    free = np.ones(len(signs.frame_start), dtype=np.bool_)
    found: list[HealthInterval] = []
    for state in sorted(_states(signs, known), key=lambda state: list(SHORTEST).index(state.kind)):
        for start, end in _stretches(state.holds & free, state.may_lapse & free):
            whole = reference is not None and end - start == len(free)
            if not _lasts(signs, start, end, SHORTEST[state.kind], whole):
                continue
            free[start:end] = False
            frames = int(signs.frame_start[start]), int(signs.frame_end[end - 1])
            found.append(HealthInterval(state.kind, *frames))
    return sorted(found, key=lambda interval: interval.frame_start)


def _states(signs: Signs, known: CameraReference | None) -> Iterator[State]:
    """Yield what is wrong, sample by sample."""
    black = _is_black(signs)
    yield State("black", black, np.zeros_like(black))
    yield _frozen(signs)
    if known is None or known.structure < LEAST_STRUCTURE or not known.sharpness:
        return
    alike = likeness(signs.thumbnails, known.views) >= ALIKE
    lit_alike = light_likeness(signs.thumbnails, known.views) >= LIT_ALIKE
    share = structure(signs.thumbnails) / known.structure
    flat = share <= FLAT
    sharp = sharpness(signs) / known.sharpness
    soft = (signs.fine <= DULL * known.fine) & (sharp <= SOFT)
    covered = flat & (~alike | (sharp <= VERY_SOFT))
    covered |= (share <= POOR) & soft & ~alike & ~lit_alike
    anything = np.ones_like(black)
    yield State("covered", covered, anything)
    yield State("blurred", soft & lit_alike & ~flat, anything)
    if known.structure >= TELLING_STRUCTURE:
        moved = np.zeros_like(black)
        moved[~black] = shows_other_views(signs.thumbnails[~black], known.views)
        yield State("moved", moved, anything)


def _is_black(signs: Signs) -> Mask:
    """Return the samples that show black, but for a clock."""
    dark = signs.thumbnails <= BLACK_LUMA
    return np.asarray(dark.mean(axis=(1, 2)) >= BLACK_SHARE)


def _frozen(signs: Signs) -> State:
    """Return the samples after which nothing changes until the next one.

    An encoder renews a picture now and then: its pixels change, but hardly the means of its parts.
    """
    before, after = signs.thumbnails[:-1], signs.thumbnails[1:]
    steps = (np.maximum(before, after) - np.minimum(before, after)).max(axis=(1, 2), initial=0)
    holds, still = signs.changed[1:] <= SILENT, steps <= STILL_LUMA
    if len(holds):  # the last sample has no next one: it goes on as it came
        holds, still = np.append(holds, holds[-1]), np.append(still, still[-1])
    else:
        holds, still = np.zeros((2, len(signs.changed)), dtype=np.bool_)
    for start, _ in list(_stretches(holds, still)):
        # The picture that an encoder starts from settles, too: that begins where something moved.
        quiet = _length(still[:start][::-1])
        if quiet <= LAPSE:
            holds[start - quiet : start] = True
    return State("frozen", holds, still)


def _stretches(holds: Mask, may_lapse: Mask) -> Iterator[tuple[int, int]]:
    """Yield the stretches [start, end) of samples that hold, with short lapses between them."""
    places = np.flatnonzero(holds)
    if not len(places):
        return
    start = before = int(places[0])
    for place in [*places[1:].tolist(), len(holds) + LAPSE + 1]:
        if place - before - 1 > LAPSE or not may_lapse[before + 1 : place].all():
            yield start, before + 1
            start = place
        before = place


def _length(run: Mask) -> int:
    """Return how many samples hold from the first on."""
    return int(np.argmin(run)) if not run.all() else len(run)


def _lasts(signs: Signs, start: int, end: int, shortest: Shortest, whole: bool) -> bool:
    """Whether samples last long enough, or are all that a video has."""
    seconds = signs.time_end_s[end - 1] - signs.time_start_s[start]
    return end - start >= shortest.samples and bool(whole or seconds >= shortest.seconds)


def learn_reference(videos: Iterable[Signs]) -> CameraReference | None:
    """Return what a camera shows when it is well, or None where its videos show nothing.

    Args:
        videos: The signs of its normal videos. What is wrong in them by themselves is left out.
    """
    return summarise((signs, _healthy(signs)) for signs in videos)


def _healthy(signs: Signs) -> Mask:
    """Return the samples in which nothing is wrong that the video tells by itself."""
    healthy = np.ones(len(signs.frame_start), dtype=np.bool_)
    for interval in find_health_intervals(signs):
        inside = signs.frame_start >= interval.frame_start
        healthy &= ~(inside & (signs.frame_start < interval.frame_end))
    return healthy
