import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tasks.normality.moments import Moments, merged, weighted_mean

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


Numbers = npt.NDArray[np.float64]
EPS = np.finfo(np.float64).eps


def plain_moments(rows: npt.NDArray[Any], weights: Weights) -> tuple[Numbers, Numbers, Numbers]:
    """Return mean, covariance and rows less the mean as a textbook has them, in 80 bits."""
    shifted = rows.astype(np.longdouble) - rows[0]
    shares = weights.astype(np.longdouble) / int(weights.sum())
    mean = shares @ shifted
    centred = shifted - mean
    covariance = (centred.T * shares) @ centred
    numbers = (mean + rows[0], covariance, centred)
    first, second, third = (number.astype(np.float64) for number in numbers)
    return first, second, third


def assert_moments(found: Moments, rows: npt.NDArray[Any], weights: Weights) -> None:
    """Hold statistics to the plain ones, to 1e-9 of what varies."""
    mean, covariance, _ = plain_moments(rows, weights)
    assert found.weight == pytest.approx(int(weights.sum()), rel=1e-12)
    scale = np.abs(rows).max(axis=0, initial=0).astype(np.float64)
    spread = np.sqrt(np.diagonal(covariance) + np.square(EPS * scale)) + 1e-150
    np.testing.assert_array_less(np.abs(found.mean - mean), 4 * EPS * scale + 1e-12 * spread)
    difference = np.abs(found.squares_only().variance - np.diagonal(covariance))
    np.testing.assert_array_less(difference, 1e-9 * np.square(spread))
    assert (found.variance >= 0).all()
    if found.full:
        difference = np.abs(found.covariance - covariance)
        np.testing.assert_array_less(difference, 1e-9 * np.outer(spread, spread))


def assert_same(found: Moments, expected: Moments, scale: float = 0.0) -> None:
    """Hold statistics to others, to 1e-9 of their spread or of a scale that they once had."""
    assert found.weight == pytest.approx(expected.weight, rel=1e-9)
    there = found.about(expected.origin)
    spread = np.sqrt(expected.squares_only().products.max(initial=0) / expected.weight)
    reach = max(float(spread), scale, 1e-150)
    weight = expected.weight
    np.testing.assert_allclose(there.total / weight, expected.total / weight, 0, 1e-9 * reach)
    products = there.products / weight, expected.products / weight
    np.testing.assert_allclose(*products, 0, 1e-9 * reach**2)


@given(known=weighted_rows(), full=st.booleans(), data=st.data())
def test_any_split_in_any_order_and_nesting_gives_the_moments_of_all_rows(
    known: tuple[Rows, Weights], full: bool, data: st.DataObject
) -> None:
    rows, weights = known
    order = np.array(data.draw(st.permutations(range(len(rows)))))
    cuts = data.draw(st.lists(st.integers(0, len(rows)), max_size=6).map(sorted))
    pieces = [part for part in np.split(order, cuts) if len(part)]
    parts = [Moments.of(rows[part], weights[part], full=full) for part in pieces]
    while len(parts) > 1:
        one = parts.pop(data.draw(st.integers(0, len(parts) - 1)))
        other = parts.pop(data.draw(st.integers(0, len(parts) - 1)))
        parts.append(one.merge(other))
    assert_moments(parts[0], rows, weights)


@given(one=weighted_rows(), other=weighted_rows(), full=st.booleans())
def test_taking_rows_away_undoes_adding_them(
    one: tuple[Rows, Weights], other: tuple[Rows, Weights], full: bool
) -> None:
    first, second = Moments.of(*one, full=full), Moments.of(*other, full=full)
    scale = float(max(np.abs(rows).max() for rows, _ in (one, other)))
    assert_same(first.merge(second).subtract(second), first, scale)
    assert_same(first.merge(second).subtract(first), second, scale)
    assert first.merge(second).subtract(first).subtract(second).weight == 0


@given(one=weighted_rows(), other=weighted_rows(), factor=st.floats(0.01, 1))
def test_decay_distributes_over_adding_and_keeps_mean_and_covariance(
    one: tuple[Rows, Weights], other: tuple[Rows, Weights], factor: float
) -> None:
    first, second = Moments.of(*one, full=True), Moments.of(*other, full=True)
    together = first.merge(second)
    assert_same(first.scaled(factor).merge(second.scaled(factor)), together.scaled(factor))
    rows = np.concatenate([one[0], other[0]])
    weights = np.concatenate([one[1], other[1]])
    assert_moments(together.scaled(factor).scaled(1 / factor), rows, weights)


@given(parts=st.lists(weighted_rows(), min_size=2, max_size=5), factor=st.floats(0.01, 0.99))
def test_nothing_is_left_when_all_decayed_rows_are_taken_away(
    parts: list[tuple[Rows, Weights]], factor: float
) -> None:
    decayed = [Moments.of(*part, full=False).scaled(factor) for part in parts]
    rest = merged(decayed)
    for part in decayed:
        rest = rest.subtract(part)
    assert rest.weight == 0


@given(known=weighted_rows(), full=st.booleans(), data=st.data())
def test_another_origin_among_the_rows_changes_nothing(
    known: tuple[Rows, Weights], full: bool, data: st.DataObject
) -> None:
    rows, weights = known
    origin = rows[data.draw(st.integers(0, len(rows) - 1))].astype(np.float64)
    assert_moments(Moments.of(rows, weights, full=full).about(origin), rows, weights)
    assert_moments(Moments.of(rows, weights, full=full, origin=origin), rows, weights)


@given(known=weighted_rows())
def test_weights_are_repetitions_and_squares_are_part_of_the_products(
    known: tuple[Rows, Weights],
) -> None:
    rows, weights = known
    repeated = np.repeat(rows, weights, axis=0)
    ones = np.ones(len(repeated), dtype=np.int64)
    assert_moments(Moments.of(repeated, ones, full=True), rows, weights)
    full = Moments.of(rows, weights, full=True).squares_only()
    assert_same(full, Moments.of(rows, weights, full=False))


@given(known=weighted_rows(), full=st.booleans())
def test_rows_without_weight_are_no_rows(known: tuple[Rows, Weights], full: bool) -> None:
    rows, weights = known
    part = Moments.of(rows, weights, full=full)
    nothing = part.scaled(0)
    assert nothing.merge(part) is part
    assert_same(part.merge(nothing), part)
    with pytest.raises(ValueError, match="no frames"):
        _ = nothing.mean


@pytest.mark.parametrize("full", [True, False])
def test_large_numbers_that_vary_little_keep_nine_digits(full: bool) -> None:
    random = np.random.default_rng(0)
    rows = 1e6 + random.normal(scale=1e-3, size=(6000, 5)) * [1, 1, 0.1, 0.01, 0]
    weights = random.integers(1, 4, len(rows))
    parts = np.split(np.arange(len(rows)), range(100, 6000, 100))
    together = merged(Moments.of(rows[part], weights[part], full=full) for part in parts)
    assert_moments(together, rows, weights)
    gone = parts[0]
    rest = together.subtract(Moments.of(rows[gone], weights[gone], full=full))
    assert_moments(rest, rows[100:], weights[100:])
    _, _, exact = plain_moments(rows, weights)
    np.testing.assert_allclose(together.centred(rows), exact, rtol=0, atol=1e-9 * 1e-3)


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("first", [1, 2000], ids=["an outlier", "rows that do not count"])
def test_rows_far_off_at_the_beginning_cost_no_digits(full: bool, first: int) -> None:
    random = np.random.default_rng(0)
    rows = random.normal(scale=1e-3, size=(4096, 5)).astype(np.float32)
    rows[:first] += np.float32(1e5)
    weights = random.integers(1, 4, len(rows))
    if first > 1:
        weights[:first] = 0
    assert_moments(Moments.of(rows, weights, full=full), rows, weights)
    about = Moments.of(rows[:2048], weights[:2048], full=full)
    later = Moments.of(rows[2048:], weights[2048:], full=full, origin=about.origin)
    assert_moments(about.merge(later), rows, weights)


@given(known=weighted_rows())
def test_the_mean_alone_is_that_of_the_moments(known: tuple[Rows, Weights]) -> None:
    rows, weights = known
    expected = Moments.of(rows, weights, full=False)
    scale = float(np.abs(rows).max())
    np.testing.assert_allclose(weighted_mean(rows, weights), expected.mean, 0, 1e-14 * scale)


def test_many_vectors_a_row_are_each_its_own() -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(50, 4, 3)).astype(np.float16)
    weights = random.integers(0, 3, 50)
    for full in (True, False):
        together = Moments.of(rows, weights, full=full)
        for place in range(4):
            alone = Moments.of(rows[:, place], weights, full=full)
            np.testing.assert_allclose(together.mean[place], alone.mean, rtol=1e-14)
            np.testing.assert_allclose(together.variance[place], alone.variance, rtol=1e-13)
            if full:
                np.testing.assert_allclose(together.covariance[place], alone.covariance, atol=1e-15)


def test_what_are_no_moments_is_refused() -> None:
    part = Moments.of(np.ones((2, WIDTH)), np.ones(2), full=True)
    with pytest.raises(ValueError, match="do not add up"):
        part.merge(part.squares_only())
    with pytest.raises(ValueError, match="no covariance"):
        _ = part.squares_only().covariance
    with pytest.raises(ValueError, match="finite and >= 0"):
        part.subtract(part.merge(part))
    with pytest.raises(ValueError, match="at least one"):
        Moments.of(np.ones((0, WIDTH)), np.ones(0), full=True)
    with pytest.raises(ValueError, match="one shape"):
        Moments(1.0, np.zeros(2), np.zeros(3), np.zeros(2))
    with pytest.raises(ValueError, match="another shape"):
        Moments(1.0, np.zeros(2), np.zeros(2), np.zeros((2, 3)))
