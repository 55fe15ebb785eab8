"""When a camera was black, covered, frozen, blurred or moved: about itself, not about its scene.

Black and frozen pictures are so by themselves. The rest is told by what the camera shows when it is
well, or by what most of the video shows where no more is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tasks.normality.references import (
    CameraReference,
    Mask,
    Signs,
    sharpness,
    summarise,
    usual_state,
)
from tasks.normality.views import ALIKE, likeness, median_view, shows_another_view, structure

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
    "frozen": Shortest(8, 4),
    "blurred": Shortest(8, 3),
    "moved": Shortest(10, 3),
}
LAPSE = 2  # samples that a state outlasts, if it has half of them at least

BLACK_LUMA = 32
BLACK_SHARE = 0.98
SILENT = 0.0005
STILL_LUMA = 3
DULL = 0.3
SOFT = 0.6
POOR = 0.5
FLAT = 0.25
LEAST_STRUCTURE = 1.5


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
            if state.kind == "moved" and known and not _is_elsewhere(signs, start, end, known):
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
    if known is None or known.structure < LEAST_STRUCTURE:
        return
    alike = likeness(signs.thumbnails, known.views) >= ALIKE
    share = structure(signs.thumbnails) / known.structure
    flat = share <= FLAT
    soft = (signs.fine <= DULL * known.fine) & (sharpness(signs) <= SOFT * known.sharpness)
    covered = ~alike & (flat | (soft & (share <= POOR)))
    anything = np.ones_like(black)
    yield State("covered", covered, anything)
    yield State("blurred", alike & soft & ~flat, anything)
    yield State("moved", ~alike & ~covered, anything)


def _is_black(signs: Signs) -> Mask:
    """Return the samples that show black, but for a clock."""
    dark = signs.thumbnails <= BLACK_LUMA
    return dark.mean(axis=(1, 2)) >= BLACK_SHARE


def _frozen(signs: Signs) -> State:
    """Return the samples after which nothing changes until the next one.

    An encoder renews a picture now and then: its pixels change, but not the means of its parts.
    """
    before, after = signs.thumbnails[:-1], signs.thumbnails[1:]
    moved = (np.maximum(before, after) - np.minimum(before, after)).max(axis=(1, 2), initial=0)
    silent = signs.changed[1:] <= SILENT
    # The last sample has no next one: it goes on as it came.
    return State(
        "frozen",
        np.append(silent, silent[-1:]) if len(silent) else np.zeros(len(signs.changed), np.bool_),
        np.append(moved <= STILL_LUMA, [False] * min(len(signs.changed), 1)),
    )


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


def _lasts(signs: Signs, start: int, end: int, shortest: Shortest, whole: bool) -> bool:
    """Whether samples last long enough, or are all that a video has."""
    seconds = signs.time_end_s[end - 1] - signs.time_start_s[start]
    return end - start >= shortest.samples and bool(whole or seconds >= shortest.seconds)


def _is_elsewhere(signs: Signs, start: int, end: int, known: CameraReference) -> bool:
    """Whether samples show none of the camera's views, whatever passes in them."""
    view = median_view(signs.thumbnails[start:end])
    return all(shows_another_view(view, other) for other in known.views)


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
