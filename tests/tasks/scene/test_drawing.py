import numpy as np
import pytest

from tasks.scene.drawing import Picture, box, ellipse, haze, stroke

WHITE = (255.0, 255.0, 255.0)


def black(height: int = 20, width: int = 30) -> Picture:
    return np.zeros((height, width, 3), np.float32)


def test_a_box_covers_pixels_by_the_share_it_overlaps() -> None:
    picture = black(3, 4)
    box(picture, (0.5, 1.0, 3.0, 2.0), WHITE)
    np.testing.assert_allclose(picture[1, :, 0], [127.5, 255, 255, 0])
    assert not picture[[0, 2]].any()


def test_opacity_mixes_with_what_was_there() -> None:
    picture = black() + np.float32(100)
    box(picture, (0, 0, 30, 20), (200, 0, 100), opacity=0.25)
    np.testing.assert_allclose(picture[10, 10], [125, 75, 100])


@pytest.mark.parametrize("radii", [(8, 6), (9.3, 2.7), (1.2, 1.2)], ids=str)
def test_an_ellipse_covers_its_area(radii: tuple[float, float]) -> None:
    picture = black()
    ellipse(picture, (15, 10), radii, WHITE)
    assert picture[..., 0].sum() / 255 == pytest.approx(np.pi * radii[0] * radii[1], rel=0.1)


def test_a_stroke_has_its_width_and_length() -> None:
    picture = black()
    stroke(picture, (5, 10), (25, 10), 4, WHITE)
    assert picture[:, 15, 0].sum() / 255 == pytest.approx(4, abs=0.1)
    assert picture[10, :, 0].sum() / 255 == pytest.approx(24, abs=0.6)


def test_haze_fades_from_its_centre() -> None:
    picture = black()
    haze(picture, (15.5, 10.5), (9, 9), WHITE, 0.8)
    row = picture[10, 15:25, 0]
    assert row[0] == pytest.approx(0.8 * 255, rel=0.01)
    assert np.all(np.diff(row) <= 0)
    assert row[-1] == 0


@pytest.mark.parametrize("x", [-500.0, -4.0, 33.0, 900.0], ids=str)
def test_what_lies_outside_the_picture_is_cut_off(x: float) -> None:
    picture = black()
    box(picture, (x, 5, x + 2, 8), WHITE)
    ellipse(picture, (x, 10), (2, 2), WHITE)
    haze(picture, (x, 10), (2, 2), WHITE, 1.0)
    stroke(picture, (x, 10), (x + 1, 12), 1, WHITE)
    assert not picture.any()
