"""When a camera is not well: found with the right kind, and never where it is well."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.normality.health import SHORTEST, find_health_intervals, learn_reference

SIZE = (18, 32)


@dataclass(frozen=True)
class Measured:
    frame_start: npt.NDArray[np.int64]
    frame_end: npt.NDArray[np.int64]
    time_start_s: npt.NDArray[np.float64]
    time_end_s: npt.NDArray[np.float64]
    fine: npt.NDArray[np.float32]
    coarse: npt.NDArray[np.float32]
    changed: npt.NDArray[np.float32]
    thumbnails: npt.NDArray[np.uint8]


def scene(seed: int = 0) -> npt.NDArray[np.uint8]:
    """Return a view with much to see."""
    coarse = np.random.default_rng(seed).integers(50, 200, (6, 8))
    return np.kron(coarse, np.ones((3, 4))).astype(np.uint8)


def well(samples: int, seed: int = 0) -> Measured:
    """Return what a camera that is well shows, a sample a second, under a little noise."""
    random = np.random.default_rng(seed + 100)
    starts = np.arange(samples, dtype=np.int64) * 25
    noise = random.integers(-3, 4, (samples, *SIZE))
    return Measured(
        frame_start=starts,
        frame_end=starts + 25,
        time_start_s=starts / 25,
        time_end_s=(starts + 25) / 25,
        fine=random.uniform(90, 110, samples).astype(np.float32),
        coarse=random.uniform(390, 410, samples).astype(np.float32),
        changed=random.uniform(0.2, 0.4, samples).astype(np.float32),
        thumbnails=(scene(seed).astype(int) + noise).astype(np.uint8),
    )


def with_stretch(signs: Measured, start: int, end: int, **columns: Any) -> Measured:
    """Return signs with other values in the samples of a stretch."""
    changed = {}
    for name, values in columns.items():
        changed[name] = getattr(signs, name).copy()
        changed[name][start:end] = values
    return replace(signs, **changed)


BAD: dict[str, dict[str, Any]] = {
    "black": {"thumbnails": 16, "fine": 0, "coarse": 0, "changed": 0},
    "frozen": {"changed": 0.0, "thumbnails": scene()},
    "covered": {"thumbnails": 90, "fine": 1, "coarse": 2},
    "blurred": {"fine": 5, "coarse": 200},
    "moved": {"thumbnails": scene(7)},
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("learnt", [False, True])
def test_a_stretch_that_is_not_well_is_found(kind: str, learnt: bool) -> None:
    reference = learn_reference([well(60), well(60)]) if learnt else None
    signs = with_stretch(well(60), 20, 40, **BAD[kind])
    (found,) = find_health_intervals(signs, reference)
    assert found.kind == kind
    assert abs(found.frame_start - 20 * 25) <= 25
    assert abs(found.frame_end - 40 * 25) <= 25


@pytest.mark.parametrize("kind", BAD)
def test_what_passes_is_no_interval(kind: str) -> None:
    brief = with_stretch(well(60), 20, 21, **BAD[kind])
    assert find_health_intervals(brief, learn_reference([well(60)])) == []


def test_a_camera_that_is_well_has_no_interval() -> None:
    for seed in range(5):
        signs = well(120, seed)
        assert find_health_intervals(signs) == []
        assert find_health_intervals(signs, learn_reference([well(60, seed)])) == []


def test_footage_of_another_view_than_the_camera_has_is_moved_as_a_whole() -> None:
    (found,) = find_health_intervals(well(60, seed=7), learn_reference([well(60)]))
    assert (found.kind, found.frame_start, found.frame_end) == ("moved", 0, 60 * 25)
    both = learn_reference([well(60), well(60, seed=7)])
    assert find_health_intervals(well(60, seed=7), both) == [], "it is one of its views"


def test_nothing_measured_is_nothing_found() -> None:
    nothing = Measured(*(getattr(well(1), field.name)[:0] for field in fields(Measured)))
    assert find_health_intervals(nothing) == []
    assert learn_reference([nothing]) is None


@given(
    stretches=st.lists(
        st.tuples(st.integers(0, 79), st.integers(1, 40), st.sampled_from(sorted(BAD))), max_size=4
    )
)
def test_intervals_are_in_order_apart_and_long_enough(
    stretches: list[tuple[int, int, str]],
) -> None:
    signs = well(80)
    for start, length, kind in stretches:
        signs = with_stretch(signs, start, start + length, **BAD[kind])
    found = find_health_intervals(signs, learn_reference([well(80)]))
    edges = [edge for interval in found for edge in (interval.frame_start, interval.frame_end)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= 80 * 25 for edge in edges)
    for interval in found:
        seconds = (interval.frame_end - interval.frame_start) / 25
        assert seconds >= SHORTEST[interval.kind].seconds
