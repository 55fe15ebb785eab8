"""What retention rests on: removals that are never half seen, marks, holds and sizes."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from storage.bucket import Bucket
from storage.documents import commit_document
from storage.holds import all_holds, find_hold, hold, remove_hold
from storage.local_folder import STAGING, LocalFolder
from storage.profiles import all_profiles, videos_of
from storage.pruned import find_pruned, mark_pruned, pruned_videos
from storage.reports import (
    ReportEntry,
    all_reports,
    has_report,
    new_report,
    remove_report,
    report_sizes,
)
from storage.runs import RECENT, RunRecord, recent_runs, record_run
from storage.shards import shard_folders
from storage.videos import (
    VideoRecord,
    creation_time,
    has_video,
    probed_videos,
    record_sizes,
    remove_record,
    write_video,
)
from storage.warehouse import Warehouse
from tests.storage.profiles import content, write_profile
from tests.storage.samples import files_in, paths_in, places_in, put
from tests.storage.test_shards import ENCODER, write

RUN = RunRecord("e" * 16, "t16u2p4d8", "cpu", 7, 1.5, 4096, "2026-11-25T03:00:00+00:00")


def put_report(warehouse: Warehouse, *cameras: str) -> str:
    """Commit a report of one event a camera and return its id."""
    videos = [
        {"video_id": name * 32, "camera": name, "path": f"/in/{name}", "events": [{}]}
        for name in cameras
    ]
    with new_report(warehouse) as report:
        document = {
            "report_id": report.report_id,
            "created_at": "2026-11-25T03:00:00+00:00",
            "profile": {"name": "default", "version": "3"},
            "videos": videos,
        }
        (report.folder / "report.json").write_text(json.dumps(document))
        (report.folder / "media" / "a.jpg").write_bytes(b"picture")
    return report.report_id


def test_sizes_are_those_of_the_files_and_staging_has_none(warehouse: Warehouse) -> None:
    assert warehouse.sizes_below("") == {}
    for place, size in (("b/c", 3), ("b/a", 5), (f"{STAGING}/x", 7), ("bb", 1)):
        put(warehouse, place, b"x" * size)
    assert list(warehouse.sizes_below("b").items()) == [("b/a", 5), ("b/c", 3)]
    assert warehouse.sizes_below("") == {"b/a": 5, "b/c": 3, "bb": 1}


def test_a_removed_folder_leaves_its_neighbours_and_nothing_of_itself(warehouse: Warehouse) -> None:
    for place in ("a/b/1", "a/b/c/2", "a/bb/3"):
        put(warehouse, place, b"x")
    warehouse.remove_folder("a/b", "1")
    warehouse.remove_folder("a/b", "1")
    warehouse.remove_folder("nowhere")
    assert places_in(warehouse) == ["a/bb/3"]


def test_a_folder_on_a_disk_vanishes_in_one_step(
    local_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(local_warehouse, "a/b/1", b"x")
    put(local_warehouse, "a/b/2", b"x")
    assert isinstance(local_warehouse.medium, LocalFolder)
    folder = local_warehouse.medium.folder

    def die(path: Path) -> None:
        raise KeyboardInterrupt(path)

    monkeypatch.setattr("storage.local_folder._remove", die)
    with pytest.raises(KeyboardInterrupt):
        local_warehouse.remove_folder("a/b")
    assert not (folder / "a/b").exists()
    assert local_warehouse.files_below("") == []
    assert paths_in(folder) > {"a", STAGING}, "what is left lies in staging, and is swept"


def test_objects_are_removed_marker_first_and_then_from_the_last(
    remote_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("1", "2", "m", "3"):
        put(remote_warehouse, f"a/{name}", b"x")
    removed = []
    real = Bucket.remove

    def remove(medium: Bucket, place: str) -> None:
        removed.append(place)
        real(medium, place)

    monkeypatch.setattr(Bucket, "remove", remove)
    remote_warehouse.remove_folder("a", "m")
    assert removed == ["a/m", "a/3", "a/2", "a/1"]


def test_shards_are_found_by_video_with_what_they_take(warehouse: Warehouse) -> None:
    assert shard_folders(warehouse) == {}
    for part in (0, 1):
        write(warehouse, camera="gate 7", video="a" * 32, part=part, parts=2)
    write(warehouse, camera="gate", video="b" * 32)
    put(warehouse, f"embeddings/encoder={ENCODER}/README", b"not ours")
    found = shard_folders(warehouse)
    assert {video: [folder.shards for folder in found[video]] for video in found} == {
        "a" * 32: [2],
        "b" * 32: [1],
    }
    sizes = warehouse.sizes_below(found["a" * 32][0].place)
    assert found["a" * 32][0].size_bytes == sum(sizes.values()) > 0


def test_a_record_is_removed_with_all_that_was_found_out(warehouse: Warehouse) -> None:
    facts = {"end_time_s": 1.0, "created_at": "2026-11-25T03:00:00+00:00"}
    for video in "ab":
        write_video(warehouse, VideoRecord(video * 32, np.zeros(3), facts))
    write_video(warehouse, VideoRecord("c" * 32, np.zeros(3), {"end_time_s": 1.0}))
    put(warehouse, f"signs/{'a' * 32}.parquet", b"12345")
    sizes = record_sizes(warehouse)
    assert sizes["a" * 32] == sizes["b" * 32] + 5
    assert creation_time(warehouse, "a" * 32) == facts["created_at"]
    assert creation_time(warehouse, "c" * 32) is None
    assert creation_time(warehouse, "d" * 32) is None
    remove_record(warehouse, "a" * 32)
    remove_record(warehouse, "a" * 32)
    assert not has_video(warehouse, "a" * 32)
    assert probed_videos(warehouse) == {"b" * 32, "c" * 32}
    assert not [place for place in places_in(warehouse) if "a" * 32 in place]


def test_every_version_says_which_videos_it_was_built_from(warehouse: Warehouse) -> None:
    assert all_profiles(warehouse) == []
    write_profile(warehouse, "a", content())
    write_profile(warehouse, "a", content(1))
    ref = write_profile(warehouse, "b", content(video_ids=["c" * 32, "d" * 32]))
    assert [(ref.name, ref.version) for ref in all_profiles(warehouse)] == [
        ("a", "1"), ("a", "2"), ("b", "1")
    ]  # fmt: skip
    assert videos_of(warehouse, ref) == ["c" * 32, "d" * 32]


def test_reports_are_listed_and_removed(warehouse: Warehouse) -> None:
    assert all_reports(warehouse) == []
    first, second = put_report(warehouse, "yard", "gate", "yard"), put_report(warehouse)
    put(warehouse, "reports/broken-off/frame_scores.parquet", b"upload")
    entries = {entry.report_id: entry for entry in all_reports(warehouse)}
    assert entries.keys() == {first, second}
    assert entries[first] == ReportEntry(
        first, "2026-11-25T03:00:00+00:00", "default@3", 3,
        ("yard" * 32, "gate" * 32, "yard" * 32), ("gate", "yard"),
    )  # fmt: skip
    sizes = warehouse.sizes_below(f"reports/{first}")
    assert report_sizes(warehouse)[first] == sum(sizes.values()) > len(b"picture")
    remove_report(warehouse, first)
    assert [entry.report_id for entry in all_reports(warehouse)] == [second]
    assert not has_report(warehouse, first)
    assert has_report(warehouse, second)
    assert not has_report(warehouse, f"../reports/{second}")
    assert not [place for place in places_in(warehouse) if first in place]


def test_a_video_stays_marked_as_it_was_first(warehouse: Warehouse) -> None:
    assert find_pruned(warehouse, "a" * 32) is None
    recorded = datetime(2026, 11, 1, tzinfo=UTC)
    mark_pruned(warehouse, "a" * 32, recorded)
    before = files_in(warehouse)
    mark_pruned(warehouse, "a" * 32, None)
    assert files_in(warehouse) == before
    assert pruned_videos(warehouse) == {"a" * 32}
    entry = find_pruned(warehouse, "a" * 32)
    assert entry is not None
    assert entry.recorded_at == recorded.isoformat()


def test_a_hold_is_one_document_with_the_reason(warehouse: Warehouse) -> None:
    hold(warehouse, "r1", "case 7")
    hold(warehouse, "r2")
    assert places_in(warehouse) == ["holds/r1.json", "holds/r2.json"]
    hold(warehouse, "r1")
    known = find_hold(warehouse, "r1")
    assert known is not None
    assert known.why == "case 7", "held again without a word keeps the reason"
    hold(warehouse, "r1", "case 8")
    assert all_holds(warehouse)["r1"] == replace(known, why="case 8")
    remove_hold(warehouse, "r1")
    remove_hold(warehouse, "r1")
    assert all_holds(warehouse).keys() == {"r2"}


def test_the_newest_runs_come_first(warehouse: Warehouse) -> None:
    assert recent_runs(warehouse) == []
    moments = [f"2026-11-{day:02}T03:00:00+00:00" for day in (24, 25, 23)]
    for moment in moments:
        record_run(warehouse, replace(RUN, started_at=moment))
    found = recent_runs(warehouse)
    assert [run.started_at for run in found] == sorted(moments, reverse=True)
    assert found[0] == replace(RUN, started_at=moments[1])


def test_no_more_runs_are_read_than_are_looked_at(local_warehouse: Warehouse) -> None:
    for number in range(RECENT + 1):
        commit_document(local_warehouse, f"runs/{number:05}.json", {**asdict(RUN), "clips": number})
    assert [run.clips for run in recent_runs(local_warehouse)] == list(range(RECENT, 0, -1))
