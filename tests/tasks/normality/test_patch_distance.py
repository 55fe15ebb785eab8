import numpy as np
import numpy.typing as npt
import pytest

from tasks.normality.errors import MissingStatisticsError
from tasks.normality.moments import Moments, merged
from tasks.normality.patch_distance import Patches
from tasks.normality.summary import NormalSummary, Observations

Numbers = npt.NDArray[np.float64]


def sketches(num_rows: int, shape: tuple[int, int], seed: int = 0) -> npt.NDArray[np.float16]:
    """Return rows whose places differ in where they lie and in how much they vary."""
    random = np.random.default_rng(seed)
    scale = np.random.default_rng(99).uniform(0.1, 3, size=(shape[0], 1))
    return (random.normal(size=(num_rows, *shape)) * scale + scale).astype(np.float16)


def observations(patches: npt.NDArray[np.float16]) -> Observations:
    return Observations(np.zeros((len(patches), 1)), patches)


def fitted(normal: npt.NDArray[np.float16], weights: npt.NDArray[np.int64]) -> Patches:
    parts = np.array_split(np.arange(len(normal)), 3)
    moments = [Moments.of(normal[part], weights[part], full=True) for part in parts if len(part)]
    of_rows = Moments.of(np.zeros((1, 1)), np.ones(1, dtype=np.int64), full=False)
    return Patches.fit(NormalSummary(of_rows, merged(moments)))


def plain_heat(
    normal: npt.NDArray[np.float16], weights: npt.NDArray[np.int64], scored: npt.NDArray[np.float16]
) -> Numbers:
    repeated = np.repeat(normal.astype(np.float64), weights, axis=0)
    heat = np.empty(scored.shape[:2])
    for place in range(scored.shape[1]):
        rows = repeated[:, place]
        covariance = np.cov(rows.T, bias=True).reshape(rows.shape[1], -1)
        covariance += 0.05 * np.diagonal(covariance).mean() * np.eye(len(covariance))
        away = scored[:, place].astype(np.float64) - rows.mean(axis=0)
        heat[:, place] = (away.T * np.linalg.solve(covariance, away.T)).mean(axis=0)
    return heat


@pytest.mark.parametrize("shape", [(196, 16), (4, 3), (12, 64), (1, 1)])
def test_each_place_has_its_own_measure(shape: tuple[int, int]) -> None:
    normal, scored = sketches(60, shape), sketches(70, shape, seed=1)
    weights = np.random.default_rng(0).integers(1, 4, len(normal))
    distance = fitted(normal, weights)
    expected = plain_heat(normal, weights, scored)
    heat = distance.heat(observations(scored))
    assert heat.dtype == np.float64
    np.testing.assert_allclose(heat, expected, rtol=1e-8)
    highest = np.sort(expected, axis=1)[:, -10:].mean(axis=1)
    np.testing.assert_allclose(distance.scores(observations(scored)), highest, rtol=1e-8)


def test_a_rows_heat_does_not_depend_on_the_rows_beside_it() -> None:
    normal, scored = sketches(60, (20, 16)), sketches(130, (20, 16), seed=1)
    distance = fitted(normal, np.ones(60, dtype=np.int64))
    heat, scores = distance.heat(observations(scored)), distance.scores(observations(scored))
    for row in range(0, 130, 13):
        alone = observations(scored[row : row + 1])
        assert distance.heat(alone).tobytes() == heat[row].tobytes()
        assert distance.scores(alone).tobytes() == scores[row].tobytes()
    assert distance.heat(observations(scored[:0])).shape == (0, 20)


def test_a_place_that_never_varies_can_be_scored() -> None:
    normal = sketches(60, (20, 4))
    normal[:, 3] = normal[0, 3]
    distance = fitted(normal, np.ones(60, dtype=np.int64))
    scored = normal[:2].copy()
    scored[1, 3] += 1
    heat = distance.heat(observations(scored))
    assert np.isfinite(heat).all()
    assert heat[0, 3] < 1
    assert int(heat[1].argmax()) == 3


def test_something_small_is_seen_where_it_is() -> None:
    normal, scored = sketches(300, (196, 16)), sketches(2, (196, 16), seed=1)
    scored[1, 50:53] += 6
    distance = fitted(normal, np.ones(300, dtype=np.int64))
    heat = distance.heat(observations(scored))
    assert set(np.argsort(heat[1])[-3:].tolist()) == {50, 51, 52}
    usual, odd = distance.scores(observations(scored))
    assert odd > 1.5 * usual


def test_missing_or_other_sketches_are_named_with_the_remedy() -> None:
    distance = fitted(sketches(60, (4, 3)), np.ones(60, dtype=np.int64))
    with pytest.raises(MissingStatisticsError, match=r"shards hold none.*--patch-sketch K"):
        distance.scores(Observations(np.zeros((2, 1))))
    with pytest.raises(MissingStatisticsError, match=r"\(4, 3\).*hold \(4, 8\).*--patch-sketch K"):
        distance.scores(observations(sketches(2, (4, 8))))
