"""Footage that is as little or as odd as it can be still gives finite scores and thresholds."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tasks.normality.distances import DISTANCES
from tests.tasks.embedded import Archive, gaussian, sketches

Numbers = npt.NDArray[Any]


def flat(rows: int, value: float) -> Numbers:
    return np.full((rows, 6), value, dtype=np.float32)


CASES: dict[str, list[Any]] = {
    "one video": [gaussian(0)],
    "one row": [gaussian(0, 1)],
    "two videos of a row each": [gaussian(0, 1), gaussian(1, 1)],
    "nothing varies": [flat(40, 0.3), flat(40, 0.3)],
    "all 0": [flat(40, 0.0), flat(40, 0.0), flat(40, 0.0)],
    "two still pictures": [flat(40, 0.3), flat(40, 0.7)],
    "fewer frames than D": [gaussian(0, 3, 60), gaussian(1, 2, 60)],
    "large and close": [np.float32(1e6) + gaussian(seed, spread=0.1) for seed in range(3)],
    "tiny": [gaussian(seed, spread=1e-30) for seed in range(3)],
    "huge": [gaussian(seed, spread=1e15) for seed in range(3)],
    "half precision": [gaussian(seed).astype(np.float16) for seed in range(3)],
    "a twin": [gaussian(0), gaussian(0), gaussian(1)],
    "one dimension": [gaussian(seed, 40, 1) for seed in range(3)],
}


@pytest.mark.parametrize(
    ("sketched", "by"), [(True, "all"), (False, "hour-of-day")], ids=["sketched", "by hour"]
)
@pytest.mark.parametrize("normal", CASES.values(), ids=CASES)
def test_scores_and_thresholds_are_finite(
    tmp_path: Path, normal: list[Any], sketched: bool, by: str
) -> None:
    archive = Archive.at(tmp_path)
    for seed, rows in enumerate(normal):
        patches = sketches(0, len(rows)) if sketched else None
        recorded_at = f"2026-03-0{seed + 1}T07:59:58+01:00"
        archive.put(f"gate/{seed}", rows, patches=patches, recorded_at=recorded_at)
    odd = 3 * gaussian(9, 5, normal[0].shape[1]) + normal[0][0]
    odd = odd.astype(normal[0].dtype)
    archive.put("shed/odd", odd, patches=sketches(1, 5) if sketched else None)
    built = archive.build("camera:gate", by=by)
    content = archive.content(built)
    distances = content.findings["distances"]
    assert set(distances) == {*DISTANCES} - (set() if sketched else {"patch"})
    assert len(content.findings["thresholds"]) == len(distances) * (1 + (by != "all"))
    for item in content.findings["thresholds"]:
        assert np.isfinite(item["value"])
        assert item["value"] >= 0
    for rows in archive.calibration(built).values():
        for name in distances:
            assert np.isfinite(rows.scores[name]).all()
            assert (rows.scores[name] >= 0).all()
    for name in distances if by == "all" else ("mse",):
        threshold = "budget:1/day" if name in ("mse", "knn") else "quantile:0.999"
        report = archive.score(distance=name, threshold=threshold)
        assert np.isfinite(report.document["threshold"])


@pytest.mark.parametrize("half_life_d", [1e-3, 1e-9])
def test_what_is_many_half_lives_old_still_counts_a_little(
    tmp_path: Path, half_life_d: float
) -> None:
    archive = Archive.at(tmp_path)
    for day in range(3):
        rows = gaussian(day, mean=day)
        archive.put(f"gate/{day}", rows, recorded_at=f"2026-03-0{day + 1}T07:00:00+00:00")
    built = archive.build(half_life_d=half_life_d)
    content = archive.content(built)
    np.testing.assert_allclose(content.mean, gaussian(2, mean=2).mean(axis=0), atol=1e-4)
    assert content.frames.tolist() == [80, 80, 80]
    (newest,) = (v.video_id for v in content.lineage.footage if "-03-03" in str(v.recorded_at))
    for name, scores in archive.calibration(built)[newest].scores.items():
        if name == "mse":  # the two others alike, as in a profile of them
            others = np.concatenate([gaussian(0), gaussian(1, mean=1)]).mean(axis=0, dtype=float)
            expected = np.square(gaussian(2, mean=2) - others).mean(axis=1)
            np.testing.assert_allclose(scores, expected, rtol=1e-6)
        assert np.isfinite(scores).all()
