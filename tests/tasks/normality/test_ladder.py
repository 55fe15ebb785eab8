"""Every distance against a plain computation on raw embeddings, one row a frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import threadpoolctl
from sklearn.covariance import OAS
from sklearn.decomposition import PCA

from tasks.normality.distances import DISTANCES
from tasks.normality.errors import MissingStatisticsError
from tasks.normality.gaussian import VARIANCE_SHARE, Mahalanobis
from tasks.normality.moments import Moments
from tasks.normality.nearest import NEIGHBOURS, Nearest
from tasks.normality.summary import NormalSummary, Observations
from tests.tasks.normality.normal import KINDS, Footage, footage

Numbers = npt.NDArray[np.float64]
WIDE = [("correlated", 768), ("1e6 with variance 1e-6", 768), ("fewer frames than D", 768)]
OF_EMBEDDINGS = [name for name, distance in DISTANCES.items() if distance.needs != "patches"]


def plain_mse(known: Footage) -> Numbers:
    difference = known.shifted(known.scored) - known.repeated.mean(axis=0)
    scores: Numbers = np.square(difference).mean(axis=1)
    return scores


def plain_diagonal(known: Footage) -> Numbers:
    variance = known.repeated.var(axis=0)
    difference = known.shifted(known.scored) - known.repeated.mean(axis=0)
    scores: Numbers = (difference**2 / (variance + VARIANCE_SHARE * variance.mean())).mean(axis=1)
    return scores


def plain_mahalanobis(known: Footage) -> Numbers:
    covariance = OAS(store_precision=False).fit(known.repeated).covariance_
    difference = known.shifted(known.scored) - known.repeated.mean(axis=0)
    scores: Numbers = (difference.T * np.linalg.solve(covariance, difference.T)).mean(axis=0)
    return scores


def plain_pca(known: Footage) -> Numbers:
    fitted = PCA(svd_solver="covariance_eigh").fit(known.repeated)
    ratios = np.cumsum(fitted.explained_variance_ratio_)
    axes = fitted.components_[: int(np.searchsorted(ratios, 0.99)) + 1]
    difference = known.shifted(known.scored) - fitted.mean_
    scores: Numbers = np.square(difference - difference @ axes.T @ axes).mean(axis=1)
    return scores


def plain_knn(known: Footage) -> Numbers:
    near = known.shifted(known.rows[::3])
    squares = [np.square(near - row).mean(axis=1) for row in known.shifted(known.scored)]
    scores: Numbers = np.sort(squares, axis=1)[:, :NEIGHBOURS].mean(axis=1)
    return scores


PLAIN: dict[str, Callable[[Footage], Numbers]] = {
    "mse": plain_mse,
    "diagonal": plain_diagonal,
    "mahalanobis": plain_mahalanobis,
    "pca": plain_pca,
    "knn": plain_knn,
}


def test_the_ladder_is_in_order_and_every_rung_is_known_by_its_name() -> None:
    assert list(DISTANCES) == ["mse", "diagonal", "mahalanobis", "pca", "knn", "patch"]
    assert all(distance.name == name for name, distance in DISTANCES.items())


@pytest.mark.parametrize(("kind", "width"), [*((kind, 60) for kind in KINDS), *WIDE])
@pytest.mark.parametrize("name", OF_EMBEDDINGS)
def test_scores_are_those_of_a_plain_computation(name: str, kind: str, width: int) -> None:
    known = footage(kind, width)
    before = known.scored.copy()
    scores = DISTANCES[name].fit(known.summary).scores(known.observations)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, PLAIN[name](known), rtol=1e-8, atol=0)
    np.testing.assert_array_equal(known.scored, before)


@pytest.mark.parametrize("name", OF_EMBEDDINGS)
@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
@pytest.mark.parametrize("height", [1, 40])
def test_frames_that_are_all_alike_still_rank_the_others(
    name: str, value: float, height: int
) -> None:
    rows = np.full((height, 60), value, dtype=np.float32)
    moments = Moments.of(rows, np.ones(height, dtype=np.int64), full=True)
    distance = DISTANCES[name].fit(NormalSummary(moments, coreset=rows))
    away = np.array([0.0, 1.0, 2.0, 3.0])[:, np.newaxis]
    scores = distance.scores(Observations(rows[0] + away))
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scores[1:] / scores[1], [1, 4, 9], rtol=1e-6)
    assert scores[0] <= 1e-6 * scores[1]


@pytest.mark.parametrize("name", OF_EMBEDDINGS)
def test_what_rounding_leaves_of_a_taken_away_video_can_be_scored_with(name: str) -> None:
    random = np.random.default_rng(0)
    frozen = np.repeat(random.normal(size=(1, 60)), 30, axis=0)
    moving, ones = random.normal(size=(3000, 60)) + 5, np.ones(3000, dtype=np.int64)
    moved = Moments.of(moving, ones, full=True)
    rest = Moments.of(frozen, ones[:30], full=True).merge(moved).subtract(moved)
    distance = DISTANCES[name].fit(NormalSummary(rest, coreset=frozen.astype(np.float32)))
    scores = distance.scores(Observations(np.concatenate([frozen[:1], moving[:5]])))
    assert np.isfinite(scores).all()
    assert scores[0] < 1e-9 * scores[1:].min()


@pytest.mark.parametrize(("kind", "width"), [("plain", 60), ("correlated", 768)])
@pytest.mark.parametrize("name", OF_EMBEDDINGS)
def test_a_rows_score_does_not_depend_on_the_rows_beside_it(
    name: str, kind: str, width: int
) -> None:
    known = footage(kind, width)
    distance = DISTANCES[name].fit(known.summary)
    rows = np.concatenate([known.scored, known.rows[:60].astype(np.float32)])
    whole = distance.scores(Observations(rows))
    for size in (7, 95, 96, 97):
        parts = [rows[start : start + size] for start in range(0, len(rows), size)]
        scores = np.concatenate([distance.scores(Observations(part)) for part in parts])
        assert scores.tobytes() == whole.tobytes()
    alone = [distance.scores(Observations(row[np.newaxis])) for row in rows[::30]]
    assert np.concatenate(alone).tobytes() == whole[::30].tobytes()
    order = np.random.default_rng(0).permutation(len(rows))
    assert distance.scores(Observations(rows[order])).tobytes() == whole[order].tobytes()
    assert distance.scores(Observations(np.asfortranarray(rows))).tobytes() == whole.tobytes()
    assert distance.scores(Observations(rows[:0])).shape == (0,)


@pytest.mark.parametrize(("kind", "width"), [("plain", 60), ("correlated", 768)])
@pytest.mark.parametrize("name", OF_EMBEDDINGS)
def test_scores_do_not_depend_on_the_number_of_threads(name: str, kind: str, width: int) -> None:
    known = footage(kind, width)
    scores = []
    for threads in (1, 2):
        with threadpoolctl.threadpool_limits(threads):
            scores.append(DISTANCES[name].fit(known.summary).scores(known.observations))
    if name == "pca":  # LAPACK's eigenvectors do
        np.testing.assert_allclose(scores[0], scores[1], rtol=1e-10)
    else:
        assert scores[0].tobytes() == scores[1].tobytes()


def test_the_covariance_is_shrunk_by_the_number_of_frames() -> None:
    known = footage("plain", 60)
    moments = known.summary.moments
    fewer = NormalSummary(moments.scaled(0.1))
    distance, other = Mahalanobis.fit(known.summary), Mahalanobis.fit(fewer)
    spread = [np.linalg.cond(each.factor @ each.factor.T) for each in (distance, other)]
    assert spread[1] < spread[0] / 1.5


@pytest.mark.parametrize(
    ("neighbours", "scores"), [(1, [0.0, 2.0]), (2, [2.5, 3.5]), (9, [2.5, 3.5])]
)
def test_the_nearest_rows_are_averaged_and_all_of_them_where_there_are_fewer(
    neighbours: int, scores: list[float]
) -> None:
    distance = Nearest(np.array([[0.0, 0.0], [3.0, 1.0]]), neighbours)
    rows = np.array([[0.0, 0.0], [0.0, 2.0]])
    assert distance.scores(Observations(rows)).tolist() == scores


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("mahalanobis", "covariance .* Build the profile again"),
        ("pca", "covariance .* Build the profile again"),
        ("knn", "coreset.* Build the profile again"),
        ("patch", "profile hold none. Embed with --patch-sketch K"),
    ],
)
def test_what_was_not_kept_is_named_with_the_remedy(name: str, remedy: str) -> None:
    moments = Moments.of(np.ones((2, 3)), np.ones(2, dtype=np.int64), full=False)
    with pytest.raises(MissingStatisticsError, match=f"'{name}' needs .*{remedy}"):
        DISTANCES[name].fit(NormalSummary(moments))
