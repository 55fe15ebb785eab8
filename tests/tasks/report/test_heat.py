import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.report.heat import LEVELS, HeatMap, heat_of

GRIDS = st.integers(1, 8).flatmap(
    lambda side: st.lists(st.floats(0, 1e300), min_size=side * side, max_size=side * side)
)


@pytest.mark.parametrize("cells", [(), (1.0, 2.0), (1.0,) * 195, (-1.0,), (float("nan"),)])
def test_what_is_no_square_grid_is_refused_and_left_out(cells: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="heat map"):
        HeatMap(cells)
    assert heat_of({"heat": list(cells)}) is None


@pytest.mark.parametrize("event", [{}, {"heat": None}])
def test_an_event_may_have_none(event: dict[str, None]) -> None:
    assert heat_of(event) is None


@given(cells=GRIDS)
def test_the_highest_cell_is_always_drawn_darkest_and_no_cell_twice(cells: list[float]) -> None:
    heat = HeatMap(tuple(cells))
    painted: dict[tuple[int, int], int] = {}
    for level, path in heat.layers():
        for column, row, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", path):
            for place in range(int(column), int(column) + int(width)):
                assert (int(row), place) not in painted
                painted[int(row), place] = level
    peak = divmod(cells.index(max(cells)), heat.side)
    assert (painted == {}) if max(cells) == 0 else painted[peak] == LEVELS


@pytest.mark.parametrize(
    ("side", "index", "words"),
    [
        (2, 0, "top left"),
        (2, 3, "bottom right"),
        (3, 4, "centre"),
        (14, 7, "top"),
        (14, 14 * 7, "left"),
        (14, 195, "bottom right"),
    ],
)
def test_where(side: int, index: int, words: str) -> None:
    cells = [0.1] * (side * side)
    cells[index] = 1.0
    assert HeatMap(tuple(cells)).where() == words


def test_what_is_everywhere_is_nowhere_in_particular() -> None:
    assert HeatMap((1.0,) * 196).where() == "all over the picture"
