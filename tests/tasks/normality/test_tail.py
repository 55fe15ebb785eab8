import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import genpareto

from tasks.normality.tail import LEAST_PEAKS, Tail

TAILS = st.builds(
    Tail,
    base=st.floats(-10, 10),
    scale=st.floats(0.01, 100),
    shape=st.integers(-20, 20).map(lambda percent: percent / 100),
    peaks=st.just(50),
)


@given(tail=TAILS, share=st.floats(1e-9, 1))
def test_level_and_share_are_those_of_the_generalised_pareto_distribution(
    tail: Tail, share: float
) -> None:
    reference = genpareto(tail.shape, loc=tail.base, scale=tail.scale)
    assert tail.level(share) == pytest.approx(float(reference.isf(share)), rel=1e-6, abs=1e-6)
    assert tail.share(tail.level(share)) == pytest.approx(share, rel=1e-4)


@pytest.mark.parametrize("shape", [-0.15, 0.0, 0.15])
def test_many_peaks_give_back_what_they_were_drawn_from(shape: float) -> None:
    peaks = genpareto.rvs(shape, loc=3, scale=2, size=20_000, random_state=0)
    tail = Tail.fitted(peaks, 3.0)
    assert tail is not None
    assert tail.shape == pytest.approx(shape, abs=0.05)
    assert tail.scale == pytest.approx(2, rel=0.05)


def test_the_interval_holds_the_true_level_as_often_as_it_says() -> None:
    truth = genpareto(0.1, scale=1)
    held = 0
    for seed in range(100):
        tail = Tail.fitted(truth.rvs(size=50, random_state=seed), 0.0)
        assert tail is not None
        low, high = tail.interval(0.01)
        held += low <= truth.isf(0.01) <= high
    assert held >= 85


def test_too_few_peaks_or_equal_ones_have_no_tail() -> None:
    assert Tail.fitted(np.arange(1.0, LEAST_PEAKS), 0.0) is None
    assert Tail.fitted(np.full(50, 2.0), 0.0) is None
    assert Tail.fitted(np.zeros(0), 0.0) is None


def test_what_lies_beyond_the_end_of_a_bounded_tail_never_occurs() -> None:
    assert Tail(0.0, 1.0, -0.2, 50).share(5.1) == 0


@pytest.mark.parametrize(("scale", "shape"), [(0.0, 0.1), (1.0, 0.6), (1.0, -0.3), (np.nan, 0)])
def test_a_tail_out_of_bounds_is_refused(scale: float, shape: float) -> None:
    with pytest.raises(ValueError, match="positive scale"):
        Tail(0.0, scale, shape, 50)
