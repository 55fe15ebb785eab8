import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage.bucket import Bucket
from storage.calibration import CalibrationRows, read_calibration
from storage.errors import CorruptShardError, InvalidNameError, NotStoredError
from storage.profile_content import ProfileContent, read_content, read_lineage_at
from storage.profile_lineage import ProfileVideo
from storage.profiles import (
    ProfileRef,
    check_name,
    find_profile,
    marker_of,
    new_profile,
    newest_by,
    same_version,
    versions_of,
)
from storage.warehouse import Warehouse
from tests.storage.profiles import (
    calibration,
    content,
    lineage,
    reference,
    statistic,
    values,
    write_profile,
)
from tests.storage.samples import files_in, places_in, put

FILES = (
    "profile.json", "profile.parquet", "statistics.parquet", "coreset.parquet",
    "calibration.parquet", "references.parquet",
)  # fmt: skip


def read_profile(warehouse: Warehouse, ref: ProfileRef) -> ProfileContent:
    return read_content(warehouse, ref.place)


def test_what_cameras_show_comes_back(warehouse: Warehouse) -> None:
    cameras = {"gate 7": reference(1), "Überwachung/📷": reference(3, seed=1)}
    written = content(references=cameras)
    ref = write_profile(warehouse, "p", written)
    assert values(read_profile(warehouse, ref)) == values(written)


def test_what_it_was_built_from_comes_back(warehouse: Warehouse) -> None:
    footage = (
        ProfileVideo("a" * 32, "gate 7", "2026-03-03T07:00:00+01:00", ((0, 5), (9, 10))),
        ProfileVideo("b" * 32, "Überwachung/📷"),
    )
    left_out = ({"video_id": "a" * 32, "kind": "black", "frame_start": 0, "frame_end": 50},)
    known = lineage(footage=footage, left_out=left_out, made_by="merge of a@1 b@2")
    ref = write_profile(warehouse, "p", content(lineage=known))
    assert read_lineage_at(warehouse, marker_of(warehouse, ref)) == known
    assert read_lineage_at(warehouse, marker_of(warehouse, ref)).footage == footage


def test_how_the_footage_was_chosen_does_not_tell_profiles_apart() -> None:
    merged, built = (lineage("a" * 32, made_by=words) for words in ("merge of a b", "build"))
    assert merged.digest == built.digest
    assert merged.digest != lineage("b" * 32).digest


@pytest.mark.parametrize("spans", [(), ((3, 2),), ((0, 5), (4, 6)), ((-1, 2),)])
def test_spans_of_frames_ascend(spans: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ValueError, match="ascend"):
        ProfileVideo("a" * 32, "gate", None, spans)


@pytest.mark.parametrize(
    ("one", "other", "joined"),
    [
        (None, ((0, 5),), None),
        (((0, 5),), ((3, 9),), ((0, 9),)),
        (((0, 5),), ((5, 9),), ((0, 9),)),
        (((6, 8),), ((0, 2),), ((0, 2), (6, 8))),
        (((0, 9),), ((2, 3),), ((0, 9),)),
    ],
    ids=["all of it", "overlapping", "touching", "apart", "within"],
)
def test_what_either_calls_normal_is_normal(one: Any, other: Any, joined: Any) -> None:
    first, second = (ProfileVideo("a" * 32, "gate", None, spans) for spans in (one, other))
    assert first.with_spans(second).spans == second.with_spans(first).spans == joined


def test_a_profile_of_another_version_of_nightjar_is_refused(local_warehouse: Warehouse) -> None:
    ref = write_profile(local_warehouse, "p", content())
    place = f"{ref.place}/profile.json"
    older = local_warehouse.read_bytes(place).replace(b'"format": 2', b'"format": 1')
    put(local_warehouse, place, older)
    with pytest.raises(CorruptShardError, match="build it again with 'nightjar profile build'"):
        read_profile(local_warehouse, ref)


@pytest.mark.parametrize(
    "written",
    [
        content(),
        content(
            video_ids=["a" * 32],
            means=np.array([[1 / 3, -0.0, 5e-324]]),
            statistics=[statistic(0, "all", "embedding", 1, full=full) for full in (True, False)],
            coresets={},
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
        {"footage": (ProfileVideo("a" * 32, "gate 8"),)},
        {"footage": (ProfileVideo("a" * 32, "gate 7", None, ((0, 3),)),)},
        {"options": {"by": "camera"}},
        {"left_out": ({"video_id": "a" * 32, "kind": "black", "frame_start": 0, "frame_end": 5},)},
    ],
    ids=["encoder", "camera", "spans", "options", "left out"],
)
def test_what_is_built_from_something_else_is_another_version(
    local_warehouse: Warehouse, changes: dict[str, Any]
) -> None:
    known = lineage("a" * 32)
    write_profile(local_warehouse, "default", content(lineage=known))
    before = files_in(local_warehouse)
    other = lineage("a" * 32, **changes)
    assert same_version(local_warehouse, "default", known) == ProfileRef("default", "1")
    assert same_version(local_warehouse, "default", other) is None
    assert write_profile(local_warehouse, "default", content(lineage=other)).version == "2"
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
        marker_of(warehouse, ProfileRef("default", "1"))
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


def read_all(warehouse: Warehouse, ref: ProfileRef) -> None:
    read_profile(warehouse, ref)
    list(read_calibration(warehouse, ref.place, "all", ["mse", "knn"]))


@pytest.mark.parametrize("file", FILES)
def test_a_damaged_profile_is_named(warehouse: Warehouse, file: str) -> None:
    ref = write_profile(warehouse, "default", content())
    place = f"{ref.place}/{file}"
    put(warehouse, place, warehouse.read_bytes(place)[:-5])
    with pytest.raises(CorruptShardError, match=file):
        read_all(warehouse, ref)


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


def test_calibration_is_read_scope_by_scope_and_video_by_video(warehouse: Warehouse) -> None:
    profile = content()
    with new_profile(warehouse) as draft:
        for video in (0, 1):
            for part in (0, 1):
                for scope in ("all", "camera:gate"):
                    rows = calibration(profile, video)
                    piece = CalibrationRows(
                        rows.places[[part]],
                        rows.times_s[[part]],
                        {name: scores[[part]] for name, scores in rows.scores.items()},
                    )
                    draft.calibration.write(scope, video, piece)
        ref = draft.commit("p", profile)
    for scope in ("all", "camera:gate"):
        found = list(read_calibration(warehouse, ref.place, scope, ["knn"]))
        assert [video for video, _ in found] == [0, 1]
        for video, rows in found:
            expected = calibration(profile, video)
            assert np.array_equal(rows.places, expected.places)
            assert np.array_equal(rows.times_s, expected.times_s)
            assert {*rows.scores} == {"knn"}
            assert np.array_equal(rows.scores["knn"], expected.scores["knn"])
    assert list(read_calibration(warehouse, ref.place, "camera:other", ["mse"])) == []


def test_a_draft_that_is_given_up_leaves_nothing(local_warehouse: Warehouse) -> None:
    with new_profile(local_warehouse) as draft:
        draft.calibration.write("all", 0, calibration(content(), 0))
        folder = Path(draft.folder)
        assert folder.exists()
    assert not folder.exists()
    assert places_in(local_warehouse) == []


def test_a_version_of_an_older_format_does_not_bar_a_new_one(warehouse: Warehouse) -> None:
    ref = write_profile(warehouse, "p", content())
    marker = marker_of(warehouse, ref)
    document = json.loads(warehouse.read_bytes(marker))
    document["format"] = 1
    del document["digest"]
    put(warehouse, marker, json.dumps(document).encode())
    with pytest.raises(CorruptShardError, match=r"format 1, not 2.*nightjar profile build"):
        read_profile(warehouse, ref)
    assert write_profile(warehouse, "p", content()) == ProfileRef("p", "2")


def test_an_update_is_one_of_the_versions_of_its_own_encoder(local_warehouse: Warehouse) -> None:
    def commit(encoder: str, made_by: str) -> ProfileRef:
        known = lineage("a" * 32, "b" * 32, encoder_id=encoder, made_by=made_by)
        return write_profile(local_warehouse, "default", content(lineage=known))

    ours, theirs = (commit(encoder, "update") for encoder in ("ours", "theirs"))
    assert (ours.version, theirs.version) == ("1", "2")
    assert commit("ours", "update") == ours, "and no third"
    assert newest_by(local_warehouse, "default", "ours") == ours
    assert newest_by(local_warehouse, "default", "nobody's") is None
    assert commit("ours", "build").version == "3", "what is built becomes the newest"
