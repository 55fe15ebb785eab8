"""What moves when: the street's everyday traffic, and the anomalies put in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import dist

import numpy as np

from tasks.scene.backdrop import FAR_PAVEMENT, NEAR_PAVEMENT, WIDTH
from tasks.scene.drawing import Colour, Picture
from tasks.scene.figures import Pose, car, cover, crates, fire, pedestrian, truck

FPS = 10

_COATS: tuple[Colour, ...] = (
    (64, 70, 84), (92, 84, 74), (120, 58, 54), (58, 84, 70), (132, 128, 120), (52, 64, 108)
)  # fmt: skip
_TROUSERS: tuple[Colour, ...] = ((44, 48, 62), (58, 56, 54), (84, 76, 66))
_PAINTS: tuple[Colour, ...] = (
    (158, 160, 164), (70, 74, 82), (112, 40, 40), (44, 60, 94), (132, 126, 112), (84, 98, 90)
)  # fmt: skip

Paint = Callable[[Picture, Pose], None]


@dataclass(frozen=True, slots=True)
class Movement:
    """A figure on its straight way at constant speed, in view in frames [start, end)."""

    frame_start: int
    frame_end: int
    origin: tuple[float, float]  # pixels, the point of the ground below the figure
    target: tuple[float, float]
    paint: Paint

    def pose(self, frame: int) -> Pose | None:
        """Return where the figure is in a frame, None where it is out of view."""
        if not self.frame_start <= frame < self.frame_end:
            return None
        progress = (frame - self.frame_start) / (self.frame_end - self.frame_start)
        return Pose(
            x=self.origin[0] + progress * (self.target[0] - self.origin[0]),
            y=self.origin[1] + progress * (self.target[1] - self.origin[1]),
            heading=1 if self.target[0] >= self.origin[0] else -1,
            travelled=progress * dist(self.origin, self.target),
            elapsed_s=(frame - self.frame_start) / FPS,
            progress=progress,
        )


def everyday_traffic(rng: np.random.Generator, num_frames: int) -> list[Movement]:
    """Return the normal movement of one video: people on both pavements, cars in both lanes."""
    return [
        *_pedestrians(rng, num_frames, ground=FAR_PAVEMENT, height=27.0),
        *_pedestrians(rng, num_frames, ground=NEAR_PAVEMENT, height=40.0),
        *_cars(rng, num_frames, foot=174.0, length=50.0, heading=-1),
        *_cars(rng, num_frames, foot=201.0, length=58.0, heading=1),
    ]


def anomaly(
    kind: str, rng: np.random.Generator, frame_start: int, frame_end: int
) -> list[Movement]:
    """Return the movements of one anomaly, something of it in view from start to end.

    Raises:
        KeyError: No such kind; ``ANOMALIES`` has them all.
    """
    return list(ANOMALIES[kind](rng, frame_start, frame_end))


def _pedestrians(
    rng: np.random.Generator, num_frames: int, *, ground: tuple[int, int], height: float
) -> Iterator[Movement]:
    """Yield people who walk along a pavement, now and then one."""
    moment = -rng.uniform(0, 20)
    while moment * FPS < num_frames:
        pace = rng.uniform(0.55, 0.75) * height
        foot = rng.uniform(ground[0] + 4, min(ground[1] - 3, ground[0] + 24))
        ends = (-0.3 * height, WIDTH + 0.3 * height)
        origin, target = ends if rng.uniform() < 0.5 else ends[::-1]
        coat, trousers = _pick(rng, _COATS), _pick(rng, _TROUSERS)
        paint = partial(pedestrian, height=height, coat=coat, trousers=trousers)
        start, stay = round(moment * FPS), round((ends[1] - ends[0]) / pace * FPS)
        yield Movement(start, start + stay, (origin, foot), (target, foot), paint)
        moment += 3 + rng.exponential(7)


def _cars(
    rng: np.random.Generator, num_frames: int, *, foot: float, length: float, heading: int
) -> Iterator[Movement]:
    """Yield cars that drive along a lane, far enough apart not to meet."""
    moment = -rng.uniform(0, 8)
    while moment * FPS < num_frames:
        ends = (-length / 2, WIDTH + length / 2)
        origin, target = ends if heading > 0 else ends[::-1]
        stay = round((ends[1] - ends[0]) / rng.uniform(85, 115) * FPS)
        start = round(moment * FPS)
        paint = partial(car, length=length, paint=_pick(rng, _PAINTS))
        yield Movement(start, start + stay, (origin, foot), (target, foot), paint)
        moment += 5 + rng.exponential(8)


def _truck_on_pavement(rng: np.random.Generator, start: int, end: int) -> Iterator[Movement]:
    """Yield a lorry that drives along the near pavement."""
    length = 160.0
    ends = (2 - length / 2, WIDTH - 2 + length / 2)
    origin, target = ends if rng.uniform() < 0.5 else ends[::-1]
    paint = partial(truck, length=length, paint=(226, 222, 210))
    yield Movement(start, end, (origin, 224.0), (target, 224.0), paint)


def _fire_at_gate(rng: np.random.Generator, start: int, end: int) -> Iterator[Movement]:
    """Yield a fire before the factory, with smoke."""
    place = (rng.uniform(110, 170), FAR_PAVEMENT[0] + 2.0)
    yield Movement(start, end, place, place, partial(fire, height=130.0))


def _lens_covered(rng: np.random.Generator, start: int, end: int) -> Iterator[Movement]:
    """Yield a dark cloth over the lens; nothing is nearer to the camera than that."""
    grey = rng.uniform(24, 44)
    place = (WIDTH / 2, float("inf"))
    yield Movement(start, end, place, place, partial(cover, cloth=(grey, 0.9 * grey, 0.8 * grey)))


def _runner_on_road(rng: np.random.Generator, start: int, end: int) -> Iterator[Movement]:
    """Yield a person who runs across the road between the cars."""
    origin, target = rng.uniform(90, 230), rng.uniform(90, 230)
    paint = partial(pedestrian, height=40.0, coat=(176, 52, 44), trousers=(44, 48, 62))
    yield Movement(start, end, (origin, 150.0), (target, 214.0), paint)


def _load_left(rng: np.random.Generator, start: int, end: int) -> Iterator[Movement]:
    """Yield a loaded pallet that someone pushes into view, leaves and fetches again."""
    width, foot = 66.0, 216.0
    place, outside = (rng.uniform(120, 200), foot), (2 - width / 2, foot)
    left, fetched = start + (end - start) // 6, end - (end - start) // 6
    load = partial(crates, width=width)
    man = partial(pedestrian, height=40.0, coat=(232, 150, 40), trousers=(44, 48, 62))
    behind = (-0.5 * width - 10, 2.0)
    for first, last, origin, target in (
        (start, left, outside, place), (left, fetched, place, place), (fetched, end, place, outside)
    ):  # fmt: skip
        yield Movement(first, last, origin, target, load)
        if origin != target:
            yield Movement(first, last, _moved(origin, behind), _moved(target, behind), man)


ANOMALIES: dict[str, Callable[[np.random.Generator, int, int], Iterator[Movement]]] = {
    "truck on the pavement": _truck_on_pavement,
    "fire": _fire_at_gate,
    "lens covered": _lens_covered,
    "person running across the road": _runner_on_road,
    "load left on the pavement": _load_left,
}


def _moved(place: tuple[float, float], by: tuple[float, float]) -> tuple[float, float]:
    """Return a place shifted by so much."""
    return place[0] + by[0], place[1] + by[1]


def _pick(rng: np.random.Generator, choices: tuple[Colour, ...]) -> Colour:
    """Return one of the colours."""
    return choices[int(rng.integers(len(choices)))]
