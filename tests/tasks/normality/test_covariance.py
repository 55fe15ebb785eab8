import numpy as np
import pytest

from tasks.normality.covariance import lower_factor, lower_factors

LEAST = 1e-12


@pytest.mark.parametrize("width", [1, 8, 64, 65])
@pytest.mark.parametrize("odd", ["none", "flat", "indefinite"])
def test_many_factors_are_those_of_each_by_itself(width: int, odd: str) -> None:
    rows = np.random.default_rng(0).normal(size=(5, 2 * width + 3, width))
    covariances = np.swapaxes(rows, 1, 2) @ rows
    if odd == "flat":
        covariances[2] = 0
    elif odd == "indefinite":  # as rounding leaves it, where a video was taken out of a few
        covariances[2] = np.ones((width, width))
        covariances[2].flat[:: width + 1] -= 1e-9
    factors = lower_factors(covariances, LEAST)
    alone = [lower_factor(covariance, LEAST) for covariance in covariances]
    assert factors.tobytes() == np.stack(alone).tobytes()
    assert (np.diagonal(factors, axis1=1, axis2=2) > 0).all()
