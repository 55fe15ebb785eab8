"""Profiles add up and come apart: what a version says depends on its footage alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage.profile_content import ProfileContent
from tasks.normality.distances import DISTANCES
from tasks.profile_building import sums_in
from tests.storage.samples import files_in
from tests.tasks.embedded import Archive, gaussian, sketches

A, B, C = (f"camera:{name}" for name in ("attic", "barn", "cellar"))
DAYS = [f"2026-03-0{day}T07:30:00+01:00" for day in range(1, 9)]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Return an archive of three cameras with two videos each."""
    archive = Archive.at(tmp_path)
    for seed, camera in enumerate(("attic", "barn", "cellar", "attic", "barn", "cellar")):
        archive.put(
            f"{camera}/{seed}",
            gaussian(seed, 20 + seed, mean=seed),
            patches=sketches(seed, 20 + seed),
            recorded_at=DAYS[seed],
        )
    return archive


WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "by camera": {"by": "camera"},
    "by hour": {"by": "hour-of-day"},
    "decayed": {"half_life_d": 2.0},
    "robust": {"robust": True},
}
ways = pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)


@ways
def test_merging_is_building_of_both_with_overlap_counted_once(
    archive: Archive, options: dict[str, Any]
) -> None:
    whole = archive.build(A, B, C, **options)
    archive.build(A, B, name="ab", **options)
    archive.build(C, B, name="cb", **options)
    for order in (("ab", "cb"), ("cb", "ab", "cb")):
        merged = archive.merge(*order, name="of-" + "-".join(order))
        assert archive.files(merged.ref) == archive.files(whole.ref)


@ways
def test_subtracting_undoes_adding(archive: Archive, options: dict[str, Any]) -> None:
    alone = archive.build(A, B, name="ab", **options)
    archive.build(A, B, C, name="abc", **options)
    left = archive.subtract("abc", C, name="left")
    assert archive.files(left.ref) == archive.files(alone.ref)
    assert archive.subtract("abc", C, name="ab") == archive.build(A, B, name="ab", **options)


@ways
def test_updating_is_building_of_all(archive: Archive, options: dict[str, Any]) -> None:
    whole = archive.build(A, B, C, name="abc", **options)
    archive.build(B, **options)
    archive.build(C, B, update=True)
    updated = archive.build(A, update=True)
    assert updated.version == "3"
    assert archive.files(updated.ref) == archive.files(whole.ref)


def test_statistics_are_the_sum_of_those_of_parts(archive: Archive) -> None:
    """What is said of the sums holds, however they were come by."""
    options: dict[str, Any] = {"by": "hour-of-day"}
    whole = archive.content(archive.build(A, B, C, name="abc", **options))
    parts = [
        archive.content(archive.build(normal, name=normal[-4:], **options)) for normal in (C, A, B)
    ]
    sums = [sums_in(part.statistics, "all") for part in parts]
    added = sums[0].merge(sums[1]).merge(sums[2])
    known = sums_in(whole.statistics, "all")
    taken = known.subtract(sums[0])
    expected = sums[1].merge(sums[2])
    for found, wanted in ((added, known), (taken, expected)):
        assert wanted.patches is not None
        assert found.patches is not None
        pairs = [(found.moments, wanted.moments), (found.patches, wanted.patches)]
        pairs += [(found.hours[hour], own) for hour, own in wanted.hours.items()]
        for one, other in pairs:
            assert one.weight == other.weight
            np.testing.assert_allclose(one.mean, other.mean, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(one.variance, other.variance, rtol=1e-9)
    assert frames_of(whole) == sum(map(frames_of, parts))


def frames_of(content: ProfileContent) -> int:
    return int(content.frames.sum())


def test_the_same_again_is_no_new_version(archive: Archive) -> None:
    first = archive.build(A, B)
    before = files_in(archive.warehouse)
    again = archive.build(B, A, A)
    assert (first.is_new, again.is_new, again.version) == (True, False, "1")
    assert archive.merge("default", "default@1", name="default").version == "1"
    assert archive.build(A, update=True).version == "1"
    assert files_in(archive.warehouse) == before
    assert archive.build(A).version == "2"
    assert archive.build(A, B).version == "3", "only the newest is compared"
    assert archive.build(A, B, robust=True).version == "4"


def test_options_stay_unless_others_are_given(archive: Archive) -> None:
    archive.build(A, by="camera", distances=("knn",))
    updated = archive.content(archive.build(B, update=True, robust=True))
    options = updated.lineage.options
    assert (options["by"], options["robust"]) == ("camera", True)
    assert updated.findings["distances"] == ["mse", "knn"]
    merged = archive.content(archive.merge("default@1", name="all", by="all"))
    assert merged.lineage.options["by"] == "all"
    assert merged.findings["distances"] == ["mse", "knn"]


def test_a_profile_holds_what_its_distances_need(archive: Archive) -> None:
    sizes, held = {}, {}
    for name in ("mse", "mahalanobis", "knn", "patch"):
        built = archive.build(distances=(name,), name=name)
        content = archive.content(built)
        sizes[name] = sum(map(len, archive.files(built.ref).values()))
        (moments,) = (x for x in content.statistics if x.kind == "embedding")
        held[name] = (
            moments.products.ndim == 2,
            any(x.kind == "patches" for x in content.statistics),
            bool(content.coresets),
        )
    assert held == {
        "mse": (False, False, False),
        "mahalanobis": (True, False, False),
        "knn": (False, False, True),
        "patch": (False, True, False),
    }
    assert min(sizes, key=lambda name: sizes[name]) == "mse"
    everything = archive.build(name="everything")
    assert archive.content(everything).findings["distances"] == [*DISTANCES]
