import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tasks.normality.gaussian import MeanSquaredError
from tasks.normality.moments import Moments
from tasks.normality.summary import NormalSummary, Observations


def mean_squared_error(
    embeddings: npt.NDArray[Any], mean: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    one = Moments.of(mean[np.newaxis], np.ones(1), full=False)
    return MeanSquaredError.fit(NormalSummary(one)).scores(Observations(embeddings))


NUMBERS = st.floats(-1e4, 1e4, width=32)
SHAPES = st.tuples(st.integers(0, 12), st.integers(1, 40))


@given(
    embeddings=hnp.arrays(np.float32, SHAPES, elements=NUMBERS),
    data=st.data(),
)
def test_a_score_is_the_mean_square_of_the_differences(
    embeddings: npt.NDArray[np.float32], data: st.DataObject
) -> None:
    mean = data.draw(hnp.arrays(np.float64, embeddings.shape[1], elements=st.floats(-1e4, 1e4)))
    before = embeddings.copy(), mean.copy()
    scores = mean_squared_error(embeddings, mean)
    differences = [[float(x) - m for x, m in zip(row, mean, strict=True)] for row in embeddings]
    expected = [math.fsum(d * d for d in row) / len(row) for row in differences]
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, np.array(expected), rtol=1e-14, atol=0)
    np.testing.assert_array_equal(embeddings, before[0])
    np.testing.assert_array_equal(mean, before[1])


@pytest.mark.parametrize("width", [1, 2, 7, 8, 9, 100, 129, 768, 1024, 10_000])
def test_a_rows_score_does_not_depend_on_the_rows_beside_it(width: int) -> None:
    random = np.random.default_rng(width)
    embeddings = random.normal(size=(33, width)).astype(np.float32)
    mean = random.normal(size=width)
    whole = mean_squared_error(embeddings, mean)
    for size in range(1, 33):
        batches = [embeddings[start : start + size] for start in range(0, 33, size)]
        scores = np.concatenate([mean_squared_error(batch, mean) for batch in batches])
        assert scores.tobytes() == whole.tobytes()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_scores_are_float64_whatever_the_embeddings_are(dtype: Any) -> None:
    # In float32 the difference would be 0, in float16 its square would be inf.
    scores = mean_squared_error(np.array([[2048.0]], dtype=dtype), np.array([2048 - 2**-20]))
    assert scores.dtype == np.float64
    assert scores.tolist() == [2.0**-40]
    far = mean_squared_error(np.array([[2048.0]], dtype=dtype), np.array([-2048.0]))
    assert far.tolist() == [4096.0**2]
