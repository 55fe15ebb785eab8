"""What the camera at the front gate sees when nothing moves: a street before a factory."""

from __future__ import annotations

import numpy as np

from tasks.scene.drawing import Colour, Picture, box, ellipse, stroke

WIDTH = 320  # pixels
HEIGHT = 240
FAR_PAVEMENT = (134, 154)  # y, top and bottom
ROAD = (157, 205)
NEAR_PAVEMENT = (208, 240)

_GRAIN = 5.0  # standard deviation of the surfaces' texture, grey levels


def draw_backdrop(rng: np.random.Generator) -> Picture:
    """Return the empty street, shape (240, 320, 3), float32, 0..255."""
    picture: Picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    _sky(picture)
    sky = picture.copy()
    box(picture, (0, 98, WIDTH, FAR_PAVEMENT[0]), (104, 116, 78))
    for x, y, radius in ((14, 74, 30), (52, 86, 20), (300, 72, 27), (268, 90, 16)):
        _tree(picture, x, y, radius, rng)
    _factory(picture)
    _gate(picture)
    _street(picture)
    surfaces = np.any(picture != sky, axis=2, keepdims=True)
    grain = rng.normal(0.0, _GRAIN, (HEIGHT, WIDTH, 1)).astype(np.float32)
    # Neighbours share grain: single-pixel texture does not survive the video codec.
    grain = (grain + np.roll(grain, 1, axis=0) + np.roll(grain, 1, axis=1)) / np.float32(1.7)
    np.clip(picture + grain * surfaces, 0, 255, out=picture)
    return picture


def _sky(picture: Picture) -> None:
    """Paint a pale morning sky."""
    fade = np.linspace(0, 1, 100, dtype=np.float32)[:, None, None]
    picture[:100] = np.array([150, 182, 212]) * (1 - fade) + np.array([214, 220, 222]) * fade


def _tree(picture: Picture, x: float, y: float, radius: float, rng: np.random.Generator) -> None:
    """Paint a trunk and a crown of leaves."""
    stroke(picture, (x, y), (x, FAR_PAVEMENT[0] - 2), radius / 5, (82, 66, 52))
    for _ in range(40):
        angle, reach = rng.uniform(0, 2 * np.pi), radius * np.sqrt(rng.uniform(0, 0.8))
        shade = float(rng.uniform(-18, 18))
        leaf: Colour = (66 + shade, 92 + shade, 54 + shade * 0.6)
        place = (x + reach * float(np.cos(angle)), y + reach * float(np.sin(angle)))
        ellipse(picture, place, (radius * 0.32, radius * 0.28), leaf)


def _factory(picture: Picture) -> None:
    """Paint a brick front with two rows of windows and a door."""
    box(picture, (66, 26, 226, FAR_PAVEMENT[0]), (156, 112, 92))
    for course in range(30, FAR_PAVEMENT[0], 4):
        box(picture, (66, course, 226, course + 0.8), (142, 100, 82))
    box(picture, (63, 21, 229, 28), (112, 106, 102))
    for row in (38, 76):
        for column in range(76, 216, 29):
            box(picture, (column - 2, row - 2, column + 20, row + 26), (206, 200, 190))
            box(picture, (column, row, column + 18, row + 24), (74, 92, 108))
            box(picture, (column, row, column + 18, row + 8), (108, 128, 144))
            box(picture, (column + 8.4, row, column + 9.6, row + 24), (206, 200, 190))
    box(picture, (131, 108, 153, FAR_PAVEMENT[0]), (206, 200, 190))
    box(picture, (133, 110, 151, FAR_PAVEMENT[0]), (70, 84, 72))


def _gate(picture: Picture) -> None:
    """Paint the iron gate of the yard between two pillars."""
    for x in range(239, 290, 5):
        stroke(picture, (x, 104), (x, 133), 1.4, (52, 56, 60))
    for y in (107, 130):
        stroke(picture, (236, y), (290, y), 1.8, (52, 56, 60))
    for x in (232, 294):
        box(picture, (x - 5, 96, x + 5, FAR_PAVEMENT[0]), (172, 164, 152))
        box(picture, (x - 7, 92, x + 7, 97), (134, 128, 120))


def _street(picture: Picture) -> None:
    """Paint the two pavements with their kerbs and the road with its lane marks."""
    for top, bottom in (FAR_PAVEMENT, NEAR_PAVEMENT):
        box(picture, (0, top, WIDTH, bottom), (164, 162, 156))
    for x in range(-20, WIDTH + 60, 26):
        stroke(picture, (x + 8, FAR_PAVEMENT[0]), (x, FAR_PAVEMENT[1]), 0.7, (146, 144, 138))
        stroke(picture, (x + 4, NEAR_PAVEMENT[0]), (x - 14, NEAR_PAVEMENT[1]), 1, (146, 144, 138))
    box(picture, (0, FAR_PAVEMENT[1], WIDTH, ROAD[0]), (190, 188, 182))
    box(picture, (0, ROAD[1], WIDTH, NEAR_PAVEMENT[0]), (190, 188, 182))
    box(picture, (0, ROAD[0], WIDTH, ROAD[1]), (98, 99, 102))
    for x in range(6, WIDTH, 44):
        box(picture, (x, 178, x + 24, 180), (206, 204, 192))
