import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tasks.normality.moments import StreamingMean, merged

Rows = npt.NDArray[np.float32]
Weights = npt.NDArray[np.int64]
WIDTH = 3
NUMBERS = st.floats(-1e6, 1e6, width=32)


@st.composite
def weighted_rows(draw: st.DrawFn, min_rows: int = 1) -> tuple[Rows, Weights]:
    height = draw(st.integers(min_rows, 30))
    rows = draw(hnp.arrays(np.float32, (height, WIDTH), elements=NUMBERS))
    return rows, draw(hnp.arrays(np.int64, height, elements=st.integers(1, 40)))


def exact_total(rows: Rows, weights: Weights) -> npt.NDArray[np.float64]:
    columns = (rows.astype(np.float64) * weights[:, np.newaxis]).T
    return np.array([math.fsum(column) for column in columns])


def assert_close(found: npt.NDArray[Any], expected: npt.NDArray[Any], scale: float) -> None:
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * scale)


@given(known=weighted_rows(), data=st.data())
def test_any_split_in_any_order_and_nesting_gives_the_mean_of_all_rows(
    known: tuple[Rows, Weights], data: st.DataObject
) -> None:
    rows, weights = known
    order = np.array(data.draw(st.permutations(range(len(rows)))))
    cuts = data.draw(st.lists(st.integers(0, len(rows)), max_size=6).map(sorted))
    parts = [StreamingMean.of(rows[part], weights[part]) for part in np.split(order, cuts)]
    while len(parts) > 1:
        one = parts.pop(data.draw(st.integers(0, len(parts) - 1)))
        other = parts.pop(data.draw(st.integers(0, len(parts) - 1)))
        parts.append(one.merge(other))
    (together,) = parts
    assert together.count == weights.sum()
    expected = exact_total(rows, weights) / int(weights.sum())
    assert_close(together.mean, expected, float(np.abs(rows).max()))


@given(one=weighted_rows(min_rows=0), other=weighted_rows(min_rows=0))
def test_subtract_undoes_merge(one: tuple[Rows, Weights], other: tuple[Rows, Weights]) -> None:
    first, second = StreamingMean.of(*one), StreamingMean.of(*other)
    rest = first.merge(second).subtract(second)
    assert rest.count == first.count
    scale = sum(float((np.abs(rows).T * weights).sum()) for rows, weights in (one, other))
    assert_close(rest.total, first.total, scale)


@given(known=weighted_rows(min_rows=0))
def test_empty_is_the_identity(known: tuple[Rows, Weights]) -> None:
    part, empty = StreamingMean.of(*known), StreamingMean.empty(WIDTH)
    for same in (part.merge(empty), empty.merge(part), part.subtract(empty)):
        assert same.count == part.count
        np.testing.assert_array_equal(same.total, part.total)


@given(known=weighted_rows())
def test_a_weight_is_how_often_a_row_counts(known: tuple[Rows, Weights]) -> None:
    rows, weights = known
    repeated = np.repeat(rows, weights, axis=0)
    weighted = StreamingMean.of(rows, weights)
    plain = StreamingMean.of(repeated, np.ones(len(repeated), dtype=np.int64))
    assert weighted.count == plain.count
    assert_close(weighted.mean, plain.mean, float(np.abs(rows).max()))


@given(known=weighted_rows())
def test_the_same_rows_give_the_same_bits(known: tuple[Rows, Weights]) -> None:
    rows, weights = known
    before = rows.copy()
    first, second = StreamingMean.of(rows, weights), StreamingMean.of(rows.copy(), weights)
    assert first.total.tobytes() == second.total.tobytes()
    np.testing.assert_array_equal(rows, before)


def test_float32_rows_are_added_in_float64() -> None:
    rows = np.ones((1001, 2), dtype=np.float32)
    rows[0] = 2**24  # in float32, adding 1 to it changes nothing
    assert rows.sum(axis=0).tolist() == [2**24, 2**24]
    weights = np.ones(1001, dtype=np.int64)
    expected = [2**24 + 1000] * 2
    assert StreamingMean.of(rows, weights).total.tolist() == expected
    parts = [StreamingMean.of(rows[i : i + 1], weights[i : i + 1]) for i in range(1001)]
    assert merged(parts, 2).total.tolist() == expected


def test_no_rows_have_no_mean() -> None:
    none = StreamingMean.of(np.zeros((0, WIDTH), np.float32), np.zeros(0, np.int64))
    for empty in (none, merged([], WIDTH), StreamingMean.empty(WIDTH)):
        assert (empty.count, empty.total.tolist()) == (0, [0.0] * WIDTH)
        with pytest.raises(ValueError, match="no frames"):
            _ = empty.mean


@pytest.mark.parametrize(
    ("count", "total"),
    [(-1, np.zeros(2)), (1, np.zeros(2, np.float32)), (1, np.zeros((1, 2))), (0, np.float64(1))],
)
def test_what_is_no_sum_is_refused(count: int, total: Any) -> None:
    with pytest.raises(ValueError, match="float64 vector"):
        StreamingMean(count, np.asarray(total))


def test_more_rows_cannot_be_taken_away_than_there_are() -> None:
    two, three = (StreamingMean(count, np.ones(WIDTH)) for count in (2, 3))
    with pytest.raises(ValueError, match=">= 0 frames"):
        two.subtract(three)
