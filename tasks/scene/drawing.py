"""Anti-aliased shapes on a picture.

Coordinates are in pixels, x to the right and y down; pixel (i, j) covers [j, j + 1) by [i, i + 1).
What lies outside the picture is cut off.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.float32]  # (H, W, 3), 0..255
Colour = tuple[float, float, float]  # red, green, blue, 0..255


@dataclass(frozen=True, slots=True)
class Window:
    """The pixels of a picture that a shape can touch, with the coordinates of their centres."""

    pixels: Picture  # (h, w, 3), a view
    x: npt.NDArray[np.float32]  # (w,)
    y: npt.NDArray[np.float32]  # (h, 1)


def box(
    picture: Picture,
    corners: tuple[float, float, float, float],
    colour: Colour,
    opacity: float = 1.0,
) -> None:
    """Paint an upright rectangle given as left, top, right, bottom."""
    left, top, right, bottom = corners
    window = _window(picture, left, top, right, bottom)
    across = np.clip(np.minimum(window.x + 0.5 - left, right - window.x + 0.5), 0, 1)
    down = np.clip(np.minimum(window.y + 0.5 - top, bottom - window.y + 0.5), 0, 1)
    _blend(window, across * down * opacity, colour)


def ellipse(
    picture: Picture,
    centre: tuple[float, float],
    radii: tuple[float, float],
    colour: Colour,
    opacity: float = 1.0,
) -> None:
    """Paint an ellipse with a sharp edge."""
    window = _window(picture, *_around(centre, radii))
    inside = (1 - _reach(window, centre, radii)) * min(radii)  # pixels from the edge
    _blend(window, np.clip(inside + 0.5, 0, 1) * opacity, colour)


def haze(
    picture: Picture,
    centre: tuple[float, float],
    radii: tuple[float, float],
    colour: Colour,
    opacity: float,
) -> None:
    """Paint an ellipse that fades from its centre to nothing at its edge."""
    window = _window(picture, *_around(centre, radii))
    fade = np.clip(1 - _reach(window, centre, radii) ** 2, 0, 1)
    _blend(window, fade * fade * opacity, colour)


def stroke(
    picture: Picture,
    start: tuple[float, float],
    end: tuple[float, float],
    width: float,
    colour: Colour,
) -> None:
    """Paint a straight line with round ends."""
    half = width / 2
    left, right = sorted((start[0], end[0]))
    top, bottom = sorted((start[1], end[1]))
    window = _window(picture, left - half, top - half, right + half, bottom + half)
    run, drop = end[0] - start[0], end[1] - start[1]
    length = max(hypot(run, drop), 1e-6)
    along = ((window.x - start[0]) * run + (window.y - start[1]) * drop) / length**2
    along = np.clip(along, 0, 1)
    away = np.hypot(window.x - start[0] - along * run, window.y - start[1] - along * drop)
    _blend(window, np.clip(half + 0.5 - away, 0, 1), colour)


def _around(
    centre: tuple[float, float], radii: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of an ellipse."""
    return centre[0] - radii[0], centre[1] - radii[1], centre[0] + radii[0], centre[1] + radii[1]


def _reach(
    window: Window, centre: tuple[float, float], radii: tuple[float, float]
) -> npt.NDArray[np.float32]:
    """Return each pixel's distance from the centre as a share of the radius, shape (h, w)."""
    reach: npt.NDArray[np.float32] = np.hypot(
        (window.x - centre[0]) / radii[0], (window.y - centre[1]) / radii[1]
    )
    return reach


def _window(picture: Picture, left: float, top: float, right: float, bottom: float) -> Window:
    """Return the pixels between the bounds, one more on each side for soft edges."""
    height, width = picture.shape[:2]
    x_start, x_end = (min(max(int(bound), 0), width) for bound in (left - 1, right + 2))
    y_start, y_end = (min(max(int(bound), 0), height) for bound in (top - 1, bottom + 2))
    return Window(
        picture[y_start:y_end, x_start:x_end],
        np.arange(x_start, x_end, dtype=np.float32) + np.float32(0.5),
        np.arange(y_start, y_end, dtype=np.float32)[:, None] + np.float32(0.5),
    )


def _blend(window: Window, cover: npt.NDArray[np.float32], colour: Colour) -> None:
    """Mix the colour into the pixels by how much of each it covers, shape (h, w), 0..1."""
    window.pixels[:] += cover[:, :, None] * (np.asarray(colour, np.float32) - window.pixels)
