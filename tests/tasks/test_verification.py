"""Every kind of thing that can be wrong with a warehouse is found, and named with its place."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage.footage import Sighting, record_sighting
from storage.quarantine import quarantine_video
from storage.shards import ShardKey, ShardRows, shards_of_video, write_shard
from storage.videos import VideoRecord, video_place, write_video
from storage.warehouse import Warehouse
from tasks.findings import Finding, Repair, Verdict
from tasks.result_checking import check_profile_versions
from tasks.verification import (
    check_folders,
    check_footage,
    check_profiles,
    check_reports,
    check_shards,
    plan_shard_checks,
    remove_findings,
    sum_up,
)
from tasks.video.clips import ClipPlan, Sampling
from tasks.video.parts import PartPlan
from tests.storage.profiles import content, lineage, write_profile
from tests.storage.samples import files_in, put

SAMPLING = Sampling(clip_frames=16, tubelet_frames=2)
ENCODER_ID = "videomae-t16u2s1-0123456789ab"
ENCODER = {"clip_frames": 16, "tubelet_frames": 2, "stride": 1, "width": 3}
VIDEO, OTHER = "a" * 32, "b" * 32
FRAMES = 512 * 16 + 5  # two parts
FACTS: dict[str, Any] = {
    "end_time_s": FRAMES / 25, "width": 96, "height": 64, "bits": 8, "container": "avi",
    "damage": {},
}  # fmt: skip


def put_part(
    warehouse: Warehouse,
    part: int,
    *,
    camera: str = "gate",
    video: str = VIDEO,
    frames: int = FRAMES,
    rows: slice = slice(None),
    late_s: float = 0.0,
    seed: int = 0,
    **lineage: Any,
) -> str:
    """Write a part of a video as embedding does, but for what is asked for otherwise."""
    parts = PartPlan(ClipPlan(frames, SAMPLING))
    clips = parts.clips(part)
    places = np.array(
        [
            (clip.index, *tubelet)
            for clip in parts.plan.clips(clips.start, clips.stop)
            for tubelet in parts.plan.tubelet_spans(clip)
        ]
    )[rows]
    edges_s = np.append(np.arange(frames) / 25, frames / 25)
    embeddings = np.random.default_rng(seed).normal(size=(len(places), 3)).astype(np.float32)
    key = ShardKey(ENCODER_ID, camera, video, part)
    known = {
        "video_id": video, "camera": camera, "frames": frames, "part": part, "parts": len(parts),
        "encoder_id": ENCODER_ID, "encoder": ENCODER,
    }  # fmt: skip
    shard = ShardRows(places, edges_s[places[:, 2:]] + late_s, embeddings)
    write_shard(warehouse, key, shard, {**known, **lineage})
    return key.place


def see(warehouse: Warehouse, path: str, video: str) -> str:
    before = {*warehouse.files_below("footage")}
    record_sighting(warehouse, Sighting(path, "gate", video, 7, 7))
    (place,) = {*warehouse.files_below("footage")} - before
    return place


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """Return a sound warehouse of one video in two parts."""
    warehouse = Warehouse.at(str(tmp_path / "warehouse"))
    write_video(warehouse, VideoRecord(VIDEO, np.arange(FRAMES) / 25, FACTS))
    see(warehouse, "/in/gate/a.mp4", VIDEO)
    for part in range(2):
        put_part(warehouse, part)
    return warehouse


def verify(warehouse: Warehouse) -> Verdict:
    """Do what the flow does, without Prefect."""
    place = warehouse.root
    shards = [check_shards.fn(place, batch) for batch in plan_shard_checks.fn(place)]
    beside = (check_folders, check_footage, check_profiles, check_reports)
    return sum_up.fn([*shards, *(check.fn(place) for check in beside)])


def age(warehouse: Warehouse, place: str) -> str:
    os.utime(warehouse.uri(place), (0, 0))
    return place


def a_profile(warehouse: Warehouse, *videos: str) -> str:
    ids = list(videos)
    known = lineage(*ids, encoder_id=ENCODER_ID, encoder=ENCODER)
    return write_profile(warehouse, "default", content(lineage=known, video_ids=ids)).place


def an_unseen_shard(warehouse: Warehouse) -> str:
    return put_part(warehouse, 0, video=OTHER, frames=20)


def a_shard_of_another_camera(warehouse: Warehouse) -> str:
    put_part(warehouse, 0, camera="yard")  # the same numbers: two runs at once, and no damage
    return put_part(warehouse, 1, camera="yard", seed=1)


def a_lost_part(warehouse: Warehouse) -> str:
    place = shards_of_video(warehouse, ENCODER_ID, VIDEO)[1]
    warehouse.remove(place)
    return place


def a_lost_record(warehouse: Warehouse) -> str:
    warehouse.remove(video_place(VIDEO))
    return warehouse.files_below("footage")[0]


def a_damaged_record(warehouse: Warehouse) -> str:
    put(warehouse, video_place(VIDEO), b"PAR1")
    return video_place(VIDEO)


def a_record_of_nothing(warehouse: Warehouse) -> str:
    write_video(warehouse, VideoRecord(OTHER, np.arange(2.0), {**FACTS, "end_time_s": 2.0}))
    return age(warehouse, video_place(OTHER))


def an_entry_of_a_readable_video(warehouse: Warehouse) -> str:
    quarantine_video(warehouse, VIDEO, "/in/gate/a.mp4", "no frame", "end of file")
    return f"quarantine/{VIDEO}.json"


def at(place: str, content: bytes = b"hello") -> Callable[[Warehouse], str]:
    def wrong(warehouse: Warehouse) -> str:
        put(warehouse, place, content)
        return place

    return wrong


WRONG: dict[str, tuple[Callable[[Warehouse], str], str, str, str]] = {
    "rows cut off": (
        lambda w: put_part(w, 1, rows=slice(0, 1)),
        *("damaged", "frames 8192 to 8192, the plan has 3 rows for frames 8192 to 8196", "repair"),
    ),
    "rows of the first part gone": (
        lambda w: put_part(w, 0, rows=slice(8, None)),
        *("damaged", "the plan has 4096 rows for frames 0 to 8191", "repair"),
    ),
    "late times": (lambda w: put_part(w, 0, late_s=1e-9), "damaged", "times of row 0", "repair"),
    "other frames": (lambda w: put_part(w, 1, frames=FRAMES + 1), "damaged", "has 8197", "repair"),
    "parts too many": (lambda w: put_part(w, 1, parts=3), "damaged", "plan has 2 parts", "repair"),
    "another stride": (
        lambda w: put_part(w, 1, encoder={**ENCODER, "stride": 2}),
        *("damaged", "the plan has 1 parts", "repair"),
    ),
    "no sampling": (
        lambda w: put_part(w, 1, encoder={"width": 3}),
        *("damaged", "clip_frames", "repair"),
    ),
    "unseen": (an_unseen_shard, "orphaned", "no record that can be read", "repair"),
    "two cameras": (a_shard_of_another_camera, "damaged", "camera=gate/.*is used", "repair"),
    "a part gone": (a_lost_part, "missing", "1 of its 2 parts", "run"),
    "a record gone": (a_lost_record, "missing", "no record; /in/gate/a.mp4", "run"),
    "a record damaged": (a_damaged_record, "damaged", "", "repair"),
    "a record unused": (a_record_of_nothing, "orphaned", "no shard is made of it", "repair"),
    "a sighting damaged": (at(f"footage/{'0' * 32}.json"), "damaged", "Expecting", "repair"),
    "an entry damaged": (at("quarantine/x.json", b"{}"), "damaged", "video_id", "repair"),
    "an entry too many": (an_entry_of_a_readable_video, "orphaned", "embedded by", "repair"),
    "not a record": (at("videos/notes.txt"), "foreign", "no such thing", "hand"),
    "not a sighting": (at("footage/deep/x.json"), "foreign", "no such thing", "hand"),
    "not an entry": (at("quarantine/notes.txt"), "foreign", "no such thing", "hand"),
    "not a shard": (at("embeddings/part-00000.parquet"), "foreign", "no such thing", "hand"),
    "a profile's video gone": (
        lambda w: a_profile(w, VIDEO, OTHER),
        *("missing", f"1 of its 2 videos have no shards: {OTHER}", "hand"),
    ),
}


def test_a_sound_warehouse_has_no_findings(warehouse: Warehouse) -> None:
    put_part(warehouse, 0, camera="yard")
    a_profile(warehouse, VIDEO)
    for name in ("signs/x.parquet", "runs/x.json", "leases/x", ".staging/young", "holds/x"):
        put(warehouse, name, b"another's")
    before = files_in(warehouse)
    verdict = verify(warehouse)
    counts = {"shards": 3, "videos": 1, "footage": 1, "quarantined": 0, "nights": 0}
    counts |= {"profiles": 1, "reports": 0}
    assert verdict.as_json() == {"checked": counts, "findings": []}
    assert files_in(warehouse) == before


@pytest.mark.parametrize(("wrong", "kind", "what", "mended_by"), WRONG.values(), ids=WRONG)
def test_everything_wrong_is_found_and_named_and_mended(
    warehouse: Warehouse, wrong: Callable[[Warehouse], str], kind: str, what: str, mended_by: str
) -> None:
    place = wrong(warehouse)
    (found,) = verify(warehouse).findings
    assert (found.place, found.kind, found.mended_by) == (place, kind, mended_by)
    assert re.search(what, found.what), found.what
    before = files_in(warehouse)
    repair = Repair.of(Verdict(findings=(found,)), dry_run=False)
    remove_findings.fn(warehouse.root, repair.removed)
    removed = {place} if mended_by == "repair" else set()
    assert files_in(warehouse).keys() == before.keys() - removed
    assert repair.needs_a_hand == (mended_by == "hand")
    assert {left.mended_by for left in verify(warehouse).findings} <= {"run", "hand"}


def test_what_a_killed_run_left_is_found_when_it_is_a_day_old(warehouse: Warehouse) -> None:
    put(warehouse, ".staging/young", b"")
    put(warehouse, ".staging/old/file", b"")
    age(warehouse, ".staging/old")
    (found,) = verify(warehouse).findings
    assert (found.place, found.kind) == (".staging/old", "orphaned")
    remove_findings.fn(warehouse.root, [found])
    assert verify(warehouse).findings == ()


def test_parts_of_a_quarantined_video_are_not_missed(warehouse: Warehouse) -> None:
    a_lost_part(warehouse)
    an_entry_of_a_readable_video(warehouse)
    assert verify(warehouse).findings == ()


def test_a_profile_whose_footage_is_known_is_mended_by_a_run(warehouse: Warehouse) -> None:
    place = a_profile(warehouse, VIDEO)
    for part in shards_of_video(warehouse, ENCODER_ID, VIDEO):
        warehouse.remove(part)
    (found,) = verify(warehouse).findings
    assert (found.place, found.kind, found.mended_by) == (place, "missing", "run")


def test_half_a_profile_is_damage_in_a_folder_and_a_leftover_in_a_bucket(
    warehouse: Warehouse, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(warehouse: Warehouse) -> tuple[Finding, ...]:
        return check_profile_versions(warehouse).findings

    remote = Warehouse.at(f"s3://{bucket}/x")
    for place in (warehouse, remote):
        put(place, "profiles/default/7/profile.parquet", b"")
    assert [(item.kind, item.mended_by) for item in found(warehouse)] == [("damaged", "hand")]
    assert found(remote) == ()  # another run may be uploading it
    monkeypatch.setattr("storage.bucket.LEFTOVER_S", -60.0)
    assert [(item.kind, item.mended_by) for item in found(remote)] == [("orphaned", "repair")]
    remove_findings.fn(remote.root, found(remote))
    assert remote.files_below("") == []
