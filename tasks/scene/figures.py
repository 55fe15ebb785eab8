"""What moves through the picture: people, vehicles, things carried, fire and a covered lens."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

from tasks.scene.drawing import Colour, Picture, box, ellipse, haze, stroke

_SKIN: Colour = (196, 152, 126)
_TYRE: Colour = (34, 34, 36)
_GLASS: Colour = (62, 78, 92)
_FLAMES: tuple[tuple[float, Colour], ...] = (  # share of the fire's size, from the outside in
    (1.0, (226, 92, 30)),
    (0.75, (252, 158, 46)),
    (0.45, (255, 236, 150)),
)


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a figure stands in one frame.

    ``x`` and ``y`` are the point of the ground below its middle, in pixels; ``heading`` is 1 to the
    right and -1 to the left; ``travelled`` is the way behind it in pixels, ``elapsed_s`` the time,
    and ``progress`` that time's share of its whole stay, in [0, 1).
    """

    x: float
    y: float
    heading: int
    travelled: float
    elapsed_s: float
    progress: float


def pedestrian(
    picture: Picture, pose: Pose, *, height: float, coat: Colour, trousers: Colour
) -> None:
    """Paint a person; the legs swing with the way travelled."""
    x, foot, swing = pose.x, pose.y, sin(2 * pi * pose.travelled / (0.8 * height))
    hip, shoulder = foot - 0.48 * height, foot - 0.8 * height
    ellipse(picture, (x, foot), (0.2 * height, 0.05 * height), (40, 40, 44), 0.35)
    for side in (-1, 1):
        knee = (x + side * swing * 0.1 * height, foot - 0.24 * height)
        sole = (x + side * swing * 0.19 * height, foot - max(0.0, side * swing) * 0.05 * height)
        stroke(picture, (x, hip), knee, 0.11 * height, trousers)
        stroke(picture, knee, sole, 0.09 * height, trousers)
        hand = (x - side * swing * 0.15 * height, hip + 0.02 * height)
        stroke(picture, (x, shoulder), hand, 0.065 * height, coat)
    stroke(picture, (x, shoulder + 0.02 * height), (x, hip), 0.17 * height, coat)
    ellipse(picture, (x, foot - 0.92 * height), (0.065 * height, 0.085 * height), _SKIN)


def car(picture: Picture, pose: Pose, *, length: float, paint: Colour) -> None:
    """Paint a saloon car seen from the side."""
    x, foot, high = pose.x, pose.y, 0.36 * length
    half, sill, waist = length / 2, foot - 0.14 * high, foot - 0.58 * high
    dark: Colour = (paint[0] * 0.72, paint[1] * 0.72, paint[2] * 0.72)
    ellipse(picture, (x, foot), (half, 0.1 * high), (30, 30, 34), 0.4)
    roof = x - pose.heading * 0.06 * length
    ellipse(picture, (roof, waist), (0.31 * length, 0.44 * high), paint)
    ellipse(picture, (roof, waist), (0.26 * length, 0.34 * high), _GLASS)
    box(picture, (roof - 1, foot - 0.98 * high, roof + 1, waist), paint)
    box(picture, (x - half + 2, waist, x + half - 2, sill), paint)
    ellipse(picture, (x, (waist + sill) / 2), (half, (sill - waist) / 2), paint)
    box(picture, (x - half + 3, sill - 0.1 * high, x + half - 3, sill), dark)
    _wheels(picture, (x - 0.3 * length, x + 0.3 * length), foot, 0.19 * high)
    lamp = x + pose.heading * (half - 3)
    ellipse(picture, (lamp, waist + 0.12 * high), (2, 1.6), (244, 238, 206))


def truck(picture: Picture, pose: Pose, *, length: float, paint: Colour) -> None:
    """Paint a lorry with a closed body seen from the side."""
    x, foot, high = pose.x, pose.y, 0.52 * length
    half, deck, ahead = length / 2, foot - 0.2 * high, pose.heading
    ellipse(picture, (x, foot), (half, 0.07 * high), (30, 30, 34), 0.45)
    box(picture, (x - half + 2, deck - 2, x + half - 2, deck + 4), (54, 54, 58))
    tail, bulkhead = x - ahead * half, x + ahead * 0.22 * length
    box(picture, _span(tail, foot - high, bulkhead, deck), paint)
    shade: Colour = (paint[0] * 0.86, paint[1] * 0.86, paint[2] * 0.86)
    box(picture, _span(tail, deck - 0.16 * high, bulkhead, deck), shade)
    nose = x + ahead * half
    box(picture, _span(bulkhead + ahead * 3, foot - 0.76 * high, nose, deck + 2), (178, 52, 44))
    window = (nose - ahead * 0.13 * length, foot - 0.7 * high, nose - ahead * 2, foot - 0.46 * high)
    box(picture, _span(*window), _GLASS)
    axles = (x - ahead * 0.34 * length, x - ahead * 0.2 * length, x + ahead * 0.36 * length)
    _wheels(picture, axles, foot, 0.13 * high)


def crates(picture: Picture, pose: Pose, *, width: float) -> None:
    """Paint a pallet stacked with crates under a tarpaulin."""
    left, right, foot = pose.x - width / 2, pose.x + width / 2, pose.y
    ellipse(picture, (pose.x, foot), (0.56 * width, 0.06 * width), (40, 40, 44), 0.4)
    box(picture, (left, foot - 4, right, foot), (122, 92, 60))
    for level in range(3):
        bottom = foot - 4 - level * 0.27 * width
        for column in range(2):
            edge = left + 1 + column * width / 2
            crate = (edge, bottom - 0.27 * width, edge + width / 2 - 1, bottom - 1)
            box(picture, crate, (178 - 8 * level, 140 - 6 * level, 94 - 6 * column))
    box(picture, (left - 1, foot - 0.98 * width, right + 1, foot - 0.52 * width), (44, 84, 148))
    box(picture, (left - 1, foot - 0.56 * width, right + 1, foot - 0.52 * width), (34, 66, 118))


def fire(picture: Picture, pose: Pose, *, height: float) -> None:
    """Paint flickering flames and the smoke that the wind carries off; both grow in a third."""
    size = min(1.0, 3 * pose.progress + 0.05) * height
    time_s = pose.elapsed_s
    for puff in range(16):
        age = (0.22 * time_s + puff / 16) % 1.0
        drift = 0.5 * age**1.4 + 0.08 * sin(1.7 * time_s + 2.4 * puff)
        place = (pose.x + drift * size, pose.y - 0.25 * size - 0.85 * age * size)
        radius = (0.16 + 0.26 * age) * size
        grey = 44 + 52 * age
        haze(picture, place, (radius, 0.85 * radius), (grey, grey, grey), 0.9 - 0.6 * age)
    for layer, (shrink, colour) in enumerate(_FLAMES):
        for tongue in range(-3, 4):
            beat = sin(11.3 * time_s + 2.1 * tongue + layer) * cos(7.7 * time_s + 1.3 * tongue)
            tall = (0.3 - 0.05 * abs(tongue)) * (0.75 + 0.25 * beat) * shrink * size
            place = (pose.x + tongue * 0.05 * shrink * size, pose.y - 0.8 * tall)
            haze(picture, place, (0.06 * shrink * size + 1, tall + 1), colour, 0.9)


def cover(picture: Picture, pose: Pose, *, cloth: Colour) -> None:
    """Paint a cloth that is pulled over the lens from above and taken off again."""
    height, width = picture.shape[:2]
    shut = min(1.0, 8 * pose.progress + 0.04, 8 * (1 - pose.progress))
    edge = shut * 1.06 * height
    for left in range(0, width, 4):
        fold = 1 + 0.2 * sin(0.07 * left + 1.5 * sin(0.021 * left + 0.8 * pose.elapsed_s))
        hem = edge + 5 * sin(0.03 * left + 3 * pose.elapsed_s) - 5
        shade: Colour = (cloth[0] * fold, cloth[1] * fold, cloth[2] * fold)
        box(picture, (left, 0, left + 4, hem), shade)


def _wheels(picture: Picture, axles: tuple[float, ...], foot: float, radius: float) -> None:
    """Paint wheels that stand on the ground."""
    for axle in axles:
        ellipse(picture, (axle, foot - radius), (radius, radius), _TYRE)
        ellipse(picture, (axle, foot - radius), (0.5 * radius, 0.5 * radius), (142, 144, 148))


def _span(one: float, top: float, other: float, bottom: float) -> tuple[float, float, float, float]:
    """Return the corners of a box whose sides are given in either order."""
    return min(one, other), top, max(one, other), bottom
