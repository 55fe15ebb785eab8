import os
from collections.abc import Sequence
from dataclasses import replace

import pytest

from storage.footage import (
    Sighting,
    all_sightings,
    find_sighting,
    find_sightings,
    forget_sighting,
    paths_by_video,
    record_sighting,
)
from storage.warehouse import Warehouse
from tests.storage.samples import HOSTILE_PATHS, places_in


def sighting(path: str, video_id: str = "a" * 32) -> Sighting:
    return Sighting(
        path, "gate 7", video_id, size_bytes=2**40, modified_ns=1_700_000_000_123_456_789
    )


def record(warehouse: Warehouse, paths: Sequence[str]) -> None:
    for path in paths:
        record_sighting(warehouse, sighting(path))


def test_every_sighting_comes_back_by_its_path(warehouse: Warehouse) -> None:
    record(warehouse, HOSTILE_PATHS)
    assert [find_sighting(warehouse, path) for path in HOSTILE_PATHS] == list(
        map(sighting, HOSTILE_PATHS)
    )
    asked = [*HOSTILE_PATHS[::-1], "/in/unknown"]
    assert find_sightings(warehouse, asked) == {path: sighting(path) for path in HOSTILE_PATHS}
    assert len(places_in(warehouse)) == len(HOSTILE_PATHS)


def test_a_path_is_known_by_its_last_sighting(warehouse: Warehouse) -> None:
    record(warehouse, ["/in/a.mp4"])
    changed = replace(sighting("/in/a.mp4", "b" * 32), size_bytes=7)
    record_sighting(warehouse, changed)
    assert list(all_sightings(warehouse)) == [changed]


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_a_forgotten_path_is_unknown_and_the_others_stay(
    local_warehouse: Warehouse, path: str
) -> None:
    record(local_warehouse, HOSTILE_PATHS)
    forget_sighting(local_warehouse, path)
    forget_sighting(local_warehouse, path)
    assert find_sighting(local_warehouse, path) is None
    assert {item.path for item in all_sightings(local_warehouse)} == {*HOSTILE_PATHS} - {path}


def test_sightings_come_in_the_order_of_their_bytes(warehouse: Warehouse) -> None:
    record(warehouse, ["/in/\udcff", "/in/📷", "/in/é", "/in/a/b", "/in/a", "/in/B", "/in/a b"])
    paths = [item.path for item in all_sightings(warehouse)]
    assert paths == sorted(paths, key=os.fsencode)
    assert paths == ["/in/B", "/in/a", "/in/a b", "/in/a/b", "/in/é", "/in/📷", "/in/\udcff"]


def test_a_video_is_found_at_every_path_where_it_was_seen(warehouse: Warehouse) -> None:
    for path, video_id in [("/in/z", "a"), ("/in/m", "b"), ("/in/a", "a")]:
        record_sighting(warehouse, sighting(path, video_id))
    assert paths_by_video(warehouse) == {"a": ["/in/a", "/in/z"], "b": ["/in/m"]}


def test_an_empty_warehouse_has_seen_nothing_and_stays_empty(warehouse: Warehouse) -> None:
    forget_sighting(warehouse, "/in/a")
    assert find_sighting(warehouse, "/in/a") is None
    assert find_sightings(warehouse, ["/in/a"]) == {}
    assert list(all_sightings(warehouse)) == []
    assert paths_by_video(warehouse) == {}
    assert places_in(warehouse) == []
