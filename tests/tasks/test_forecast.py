"""Which past runs an estimate rests on."""

from dataclasses import replace
from typing import Any

import pytest

from storage.runs import RunRecord
from tasks.forecast import NEWEST, Rates, rates_of

RUN = RunRecord("this", "base", "cpu", 10, 20.0, 4000, "2026-11-25T03:00:00+00:00")


def test_without_a_run_nothing_is_known() -> None:
    assert rates_of([], "this", "base", "cpu") is None
    assert rates_of([replace(RUN, clips=0)], "this", "base", "cpu") is None
    strange = replace(RUN, encoder_id="other", shape="large")
    assert rates_of([strange], "this", "base", "cpu") is None


def test_long_runs_weigh_more_than_short_ones() -> None:
    runs = [RUN, replace(RUN, clips=90, seconds=80.0, bytes=36_000)]
    assert rates_of(runs, "this", "base", "cpu") == Rates(1.0, 400.0, 2, "this", ("cpu",))


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        (
            [{"encoder_id": "other"}, {"encoder_id": "other", "shape": "large"}],
            (1, "this", ("cpu",)),
        ),
        ([{"device": "cuda"}], (1, "this", ("cpu",))),
        ([{}], (2, "this", ("cpu",))),
    ],
    ids=["of another encoder", "on another device", "of this encoder"],
)
def test_the_runs_most_like_the_one_to_come_count(
    others: list[dict[str, Any]], expected: tuple[int, str, tuple[str, ...]]
) -> None:
    runs = [RUN, *(replace(RUN, seconds=2000.0 if other else 20.0, **other) for other in others)]
    rates = rates_of(runs, "this", "base", "cpu")
    assert rates is not None
    assert (rates.runs, rates.encoder, rates.devices) == expected
    assert rates.seconds_per_clip == 2.0


def test_another_encoder_of_the_shape_and_another_device_are_better_than_nothing() -> None:
    runs = [replace(RUN, encoder_id="other", device=device) for device in ("cuda", "mps")]
    rates = rates_of(runs, "this", "base", "cpu")
    assert rates is not None
    assert (rates.encoder, rates.devices) == ("same shape", ("cuda", "mps"))


def test_only_the_newest_count() -> None:
    runs = [RUN] * NEWEST + [replace(RUN, seconds=1e6)]
    rates = rates_of(runs, "this", "base", "cpu")
    assert rates is not None
    assert (rates.runs, rates.seconds_per_clip) == (NEWEST, 2.0)
