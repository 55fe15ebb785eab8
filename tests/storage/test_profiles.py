import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from storage.bucket import Bucket
from storage.errors import CorruptShardError, InvalidNameError, NotStoredError
from storage.profiles import (
    ProfileContent,
    ProfileRef,
    check_name,
    find_profile,
    read_profile,
    versions_of,
    write_profile,
)
from storage.references import Reference
from storage.signs import THUMBNAIL
from storage.warehouse import Warehouse
from tests.storage.samples import files_in, places_in, put

FILES = ("profile.json", "profile.parquet", "calibration.parquet", "references.parquet")


def reference(views: int, seed: int = 0) -> Reference:
    random = np.random.default_rng(seed)
    fine, sharpness, structure = random.random(3).tolist()
    return Reference(
        fine, sharpness, structure, random.integers(0, 256, (views, *THUMBNAIL), dtype=np.uint8)
    )


def content(seed: int = 0, **changes: Any) -> ProfileContent:
    random = np.random.default_rng(seed)
    known: dict[str, Any] = {
        "encoder_id": "e" * 16,
        "encoder": {"width": 3, "model": "MCG-NJU/videomae-base"},
        "mean": random.normal(size=3) / 3,
        "video_ids": ["a" * 32, "b" * 32],
        "cameras": ["gate 7", "Überwachung/📷"],
        "frames": np.array([4, 6]),
        "totals": random.normal(size=(2, 3)),
        "scores": random.random(4),
        "score_videos": np.array([0, 0, 1, 1]),
        "score_weights": np.array([2, 2, 2, 4]),
    }
    return ProfileContent(**{**known, **changes})


def test_what_cameras_show_and_what_was_left_out_come_back(warehouse: Warehouse) -> None:
    cameras = {"gate 7": reference(1), "Überwachung/📷": reference(3, seed=1)}
    left_out = ({"video_id": "a" * 32, "kind": "black", "frame_start": 0, "frame_end": 50},)
    ref = write_profile(warehouse, "p", content(references=cameras, left_out=left_out))
    read = read_profile(warehouse, ref)
    assert read.left_out == left_out
    assert {*read.references} == {*cameras}
    for camera, expected in cameras.items():
        found = read.references[camera]
        assert np.array_equal(found.views, expected.views)
        assert (found.fine, found.sharpness, found.structure) == (
            expected.fine,
            expected.sharpness,
            expected.structure,
        )
    assert write_profile(warehouse, "p", content(references=cameras, left_out=left_out)) == ref
    assert write_profile(warehouse, "p", content(references=cameras)).version == "2"


def test_a_profile_of_before_cameras_were_judged_is_still_read(local_warehouse: Warehouse) -> None:
    ref = write_profile(local_warehouse, "p", content())
    local_warehouse.remove(f"{ref.place}/references.parquet")
    assert read_profile(local_warehouse, ref).references == {}


def values(profile: ProfileContent) -> dict[str, Any]:
    """Return all that a profile says as something that can be compared bit for bit."""
    found = {field.name: getattr(profile, field.name) for field in fields(profile)}
    return {
        name: (value.dtype, value.shape, value.tobytes()) if hasattr(value, "tobytes") else value
        for name, value in found.items()
    }


@pytest.mark.parametrize(
    "written",
    [
        content(),
        content(
            video_ids=["a" * 32],
            cameras=["gate"],
            frames=np.array([1]),
            totals=np.array([[1 / 3, -0.0, 5e-324]]),
            score_videos=np.zeros(4, dtype=np.int64),
        ),
    ],
    ids=["two videos", "one video"],
)
def test_a_profile_comes_back_bit_for_bit(warehouse: Warehouse, written: ProfileContent) -> None:
    ref = write_profile(warehouse, "default", written)
    assert values(read_profile(warehouse, ref)) == values(written)


def test_the_same_content_gives_the_same_bytes(
    warehouse: Warehouse, other_warehouse: Warehouse
) -> None:
    for place in (warehouse, other_warehouse):
        write_profile(place, "default", content())
    assert files_in(warehouse) == files_in(other_warehouse)
    assert files_in(warehouse).keys() == {f"profiles/default/1/{name}" for name in FILES}


def test_versions_count_up_for_each_name_by_itself(local_warehouse: Warehouse) -> None:
    refs = [write_profile(local_warehouse, "night", content(seed)) for seed in range(11)]
    assert [ref.version for ref in refs] == [str(number) for number in range(1, 12)]
    assert write_profile(local_warehouse, "day", content()) == ProfileRef("day", "1")
    assert versions_of(local_warehouse, "night") == refs
    assert find_profile(local_warehouse, "night") == refs[-1]


def test_the_newest_content_again_is_no_new_version(warehouse: Warehouse) -> None:
    first = write_profile(warehouse, "default", content())
    before = files_in(warehouse)
    assert write_profile(warehouse, "default", content()) == first
    assert files_in(warehouse) == before
    assert [write_profile(warehouse, "default", content(seed)).version for seed in (1, 0)] == [
        "2",
        "3",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"encoder_id": "f" * 16},
        {"mean": np.zeros(3)},
        {"video_ids": ["a" * 32, "c" * 32]},
        {"cameras": ["gate 7", "gate 8"]},
        {"frames": np.array([4, 7])},
        {"totals": np.zeros((2, 3))},
        {"scores": np.zeros(4)},
        {"score_weights": np.array([2, 2, 2, 5])},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_content_is_another_version(
    local_warehouse: Warehouse, changes: dict[str, Any]
) -> None:
    write_profile(local_warehouse, "default", content())
    before = files_in(local_warehouse)
    assert write_profile(local_warehouse, "default", content(**changes)).version == "2"
    assert files_in(local_warehouse).items() > before.items()


@pytest.mark.parametrize(
    ("selector", "version"),
    [("default", "2"), ("default@1", "1"), ("default@2", "2")],
)
def test_a_selector_names_a_version_or_the_newest(
    warehouse: Warehouse, selector: str, version: str
) -> None:
    for seed in range(2):
        write_profile(warehouse, "default", content(seed))
    ref = find_profile(warehouse, selector)
    assert ref == ProfileRef("default", version)
    assert values(read_profile(warehouse, ref)) == values(content(int(version) - 1))


@pytest.mark.parametrize(
    ("selector", "remedy"),
    [
        ("default@3", "versions are 1, 2"),
        ("default@01", "versions are 1, 2"),
        ("default@-1", "versions are 1, 2"),
        ("default@1@2", "versions are 1, 2"),
        ("default@../../secret", "versions are 1, 2"),
        ("other", "known profiles: default;"),
        ("other@1", "nightjar profile"),
    ],
)
def test_what_is_there_is_listed_when_the_selector_names_nothing(
    local_warehouse: Warehouse, selector: str, remedy: str
) -> None:
    for seed in range(2):
        write_profile(local_warehouse, "default", content(seed))
    with pytest.raises(NotStoredError, match=remedy):
        find_profile(local_warehouse, selector)


def test_an_empty_warehouse_has_no_profile_and_stays_empty(warehouse: Warehouse) -> None:
    with pytest.raises(NotStoredError, match="known profiles: none"):
        find_profile(warehouse, "default")
    with pytest.raises(NotStoredError, match="default@1"):
        read_profile(warehouse, ProfileRef("default", "1"))
    assert places_in(warehouse) == []


@pytest.mark.parametrize("name", ["a", "default", "Night-2.0_b", "7", "x" * 64, "a.."])
def test_a_good_name_is_taken(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "../x", "..", ".", ".hidden", "a/b", "/a", "a b", "a@1", "-x", "a\n", "é", "x" * 65],
)
def test_a_bad_name_is_refused_before_anything_is_written(warehouse: Warehouse, name: str) -> None:
    with pytest.raises(InvalidNameError, match="up to 64"):
        write_profile(warehouse, name, content())
    assert places_in(warehouse) == []


def test_a_profile_that_cannot_be_written_is_no_version(warehouse: Warehouse) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_profile(warehouse, "default", content(mean=np.array([1.0, np.nan, 2.0])))
    assert places_in(warehouse) == []


@pytest.mark.parametrize("file", FILES)
def test_a_damaged_profile_is_named(warehouse: Warehouse, file: str) -> None:
    ref = write_profile(warehouse, "default", content())
    place = f"{ref.place}/{file}"
    put(warehouse, place, warehouse.read_bytes(place)[:-5])
    with pytest.raises(CorruptShardError, match=file):
        read_profile(warehouse, ref)


def write_at_once(warehouse: Warehouse, seeds: list[int]) -> list[ProfileRef]:
    together = threading.Barrier(len(seeds))

    def write(seed: int) -> ProfileRef:
        together.wait()
        return write_profile(warehouse, "default", content(seed))

    with ThreadPoolExecutor(len(seeds)) as threads:
        return list(threads.map(write, seeds))


def test_different_contents_written_at_once_all_get_a_version(warehouse: Warehouse) -> None:
    refs = write_at_once(warehouse, list(range(6)))
    numbers = sorted(int(ref.version) for ref in refs)
    assert len({*numbers}) == 6
    assert numbers == [1, 2, 3, 4, 5, 6] or isinstance(warehouse.medium, Bucket)
    for seed, ref in enumerate(refs):
        assert values(read_profile(warehouse, ref)) == values(content(seed))
    assert {place.partition("/")[0] for place in places_in(warehouse)} == {"profiles"}


def test_the_same_content_written_at_once_is_one_version(local_warehouse: Warehouse) -> None:
    assert {*write_at_once(local_warehouse, [0] * 6)} == {ProfileRef("default", "1")}
