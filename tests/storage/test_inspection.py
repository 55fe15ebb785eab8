"""Every kind of damage to a file is told from the file and its place, and named."""

import csv
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage.errors import CorruptShardError
from storage.footage import Sighting, inspect_sighting, record_sighting
from storage.json_schema import violations
from storage.local_folder import LocalFolder
from storage.parquet import write_table
from storage.profile_inspection import inspect_profile, version_folders
from storage.profiles import ProfileRef, new_profile
from storage.quarantine import inspect_quarantined, quarantine_video
from storage.report_inspection import inspect_report, report_folders
from storage.reports import new_report, report_json_schema
from storage.shard_inspection import InspectedShard, ShardPlace, inspect_shard
from storage.shards import ShardKey, ShardRows, write_shard
from storage.videos import VideoRecord, inspect_video, video_place, write_video
from storage.warehouse import Warehouse
from tests.object_store import gate_to
from tests.storage.profiles import calibration, content, write_profile
from tests.storage.samples import files_in, places_in, put
from tests.storage.test_reports import document, video, write_frames

ENCODER, VIDEO = "e" * 16, "0a1b" * 8
LINEAGE: dict[str, Any] = {
    "video_id": VIDEO,
    "camera": "gate 7",
    "frames": 12,
    "part": 0,
    "parts": 1,
    "encoder_id": ENCODER,
    "encoder": {"width": 4},
}
FACTS: dict[str, Any] = {
    "end_time_s": 0.5, "width": 96, "height": 64, "bits": 8, "container": "avi", "damage": {},
}  # fmt: skip


def put_shard(
    warehouse: Warehouse,
    camera: str = "gate 7",
    patches: npt.NDArray[np.float16] | None = None,
    **changes: Any,
) -> ShardPlace:
    index = np.arange(6)
    rows = ShardRows(
        places=np.stack([index // 4, index % 4, 2 * index, 2 * index + 2], axis=1),
        times_s=np.stack([index / 3, (index + 1) / 3], axis=1),
        embeddings=np.random.default_rng(7).normal(size=(6, 4)).astype(np.float32),
        patches=patches,
    )
    key = ShardKey(ENCODER, camera, VIDEO, 0)
    write_shard(warehouse, key, rows, {**LINEAGE, "camera": camera, **changes})
    place = ShardPlace.of(key.place)
    assert place is not None
    return place


def inspect(warehouse: Warehouse, place: ShardPlace) -> InspectedShard:
    found = inspect_shard(warehouse, place)
    assert found.lineage["frames"] == 12
    return found


def rewrite(change: Callable[[pa.Table], pa.Table]) -> Callable[[Warehouse, ShardPlace], None]:
    """Return a damage that writes a shard anew, its checksums and all, with another table."""

    def damage(warehouse: Warehouse, shard: ShardPlace) -> None:
        with warehouse.open(shard.place) as file:
            table = pq.read_table(file)
        with warehouse.commit_file(shard.place) as scratch:
            write_table(change(table).replace_schema_metadata(table.schema.metadata), scratch)

    return damage


def column(name: str, change: Callable[[Any], Any]) -> Callable[[Warehouse, ShardPlace], None]:
    def changed(table: pa.Table) -> pa.Table:
        field = table.schema.field(name)
        values = pa.array([change(value) for value in table.column(name).to_pylist()], field.type)
        return table.set_column(table.schema.get_field_index(name), field, values)

    return rewrite(changed)


def said(**changes: Any) -> Callable[[Warehouse, ShardPlace], None]:
    def damage(warehouse: Warehouse, place: ShardPlace) -> None:
        other = put_shard(warehouse, **changes)
        put(warehouse, place.place, warehouse.read_bytes(other.place))

    return damage


DAMAGE_OF_SHARDS = {
    "a row is gone": (rewrite(lambda table: table.take([0, 1, 3, 4, 5])), "out of order: row 2"),
    "rows swapped": (rewrite(lambda table: table.take([0, 2, 1, 3, 4, 5])), "out of order"),
    "a row twice": (rewrite(lambda table: table.take([0, 0, 1, 2, 3, 4, 5])), "out of order"),
    "a column is gone": (rewrite(lambda table: table.drop_columns("camera")), "instead of"),
    "a column too many": (
        rewrite(lambda table: table.append_column("x", pa.array(range(6)))),
        "instead of",
    ),
    "not a number": (column("embedding", lambda row: [row[0], np.nan, 0, 0]), "row 0.*not finite"),
    "infinite": (column("embedding", lambda row: [*row[:3], -np.inf]), "not finite"),
    "null numbers": (column("embedding", lambda row: [None, *row[:3]]), "hold nulls"),
    "empty rows": (column("frame_end", lambda _: 0), "out of order"),
    "rows of another video": (column("video_id", lambda _: "f" * 32), "rows are of video_id"),
    "rows of another camera": (column("camera", lambda _: "yard"), "rows are of camera"),
    "footer of another video": (said(video_id="f" * 32), "video_id 'ffff"),
    "footer of another camera": (said(camera="yard"), "camera 'yard'.*'gate 7'"),
    "footer of another encoder": (said(encoder_id="f"), "encoder_id 'f'"),
    "footer of another part": (said(part=3), "part-00003.parquet"),
    "another width": (said(encoder={"width": 5}), "instead of"),
    "no encoder": (said(encoder=None), "subscriptable"),
}


def test_a_sound_shard_says_what_it_holds(warehouse: Warehouse) -> None:
    before = put_shard(warehouse), files_in(warehouse)
    found = inspect(warehouse, before[0])
    assert found.rows.shape == (6, 4)
    assert found.times_s.shape == (6, 2)
    assert files_in(warehouse) == before[1]


def test_the_same_part_of_another_camera_has_the_same_digest(warehouse: Warehouse) -> None:
    first = inspect(warehouse, put_shard(warehouse))
    changed = put_shard(warehouse, camera="yard")
    assert inspect(warehouse, changed).digest == first.digest
    column("embedding", lambda row: [*row[:3], 1.0])(warehouse, changed)
    assert inspect(warehouse, changed).digest != first.digest


@pytest.mark.parametrize(("damage", "words"), DAMAGE_OF_SHARDS.values(), ids=DAMAGE_OF_SHARDS)
def test_damage_of_a_shard_is_named(
    warehouse: Warehouse, damage: Callable[[Warehouse, ShardPlace], None], words: str
) -> None:
    place = put_shard(warehouse)
    damage(warehouse, place)
    with pytest.raises(CorruptShardError, match=words) as caught:
        inspect_shard(warehouse, place)
    assert warehouse.uri(place.place) in str(caught.value)
    assert "nightjar repair" in str(caught.value)


SKETCHED: dict[str, Any] = {"encoder": {"width": 4, "patches": 3, "patch_sketch": 2}}
SKETCH: Any = np.arange(36).reshape(6, 3, 2).astype(np.float16)
DAMAGE_OF_SKETCHES = {
    "gone": (rewrite(lambda table: table.drop_columns("patches")), "instead of"),
    "not a number": (column("patches", lambda row: [*row[:5], np.nan]), "patches of row 0.*finite"),
    "infinite": (column("patches", lambda row: [np.inf, *row[1:]]), "not finite"),
    "null numbers": (column("patches", lambda row: [None, *row[1:]]), "patches hold nulls"),
    "of another K": (
        said(patches=SKETCH, encoder={**SKETCHED["encoder"], "patch_sketch": 3}),
        r"halffloat.*\[6\].*instead of.*\[9\]",
    ),
    "of an encoder without": (said(patches=SKETCH), "instead of"),
}


@pytest.mark.parametrize(("damage", "words"), DAMAGE_OF_SKETCHES.values(), ids=DAMAGE_OF_SKETCHES)
def test_damage_of_patch_sketches_is_named(
    warehouse: Warehouse, damage: Callable[[Warehouse, ShardPlace], None], words: str
) -> None:
    place = put_shard(warehouse, patches=SKETCH, **SKETCHED)
    sound = inspect(warehouse, place)
    other = put_shard(warehouse, patches=SKETCH + np.float16(1), **SKETCHED)
    assert inspect(warehouse, other).digest != sound.digest
    damage(warehouse, place)
    with pytest.raises(CorruptShardError, match=words):
        inspect_shard(warehouse, place)


def test_embeddings_kept_as_float16_are_no_damage(warehouse: Warehouse) -> None:
    place = put_shard(warehouse, encoder={"width": 4, "precision": "float16"})

    def halved(table: pa.Table) -> pa.Table:
        kind = pa.list_(pa.field("element", pa.float16()), 4)
        field = pa.field("embedding", kind, nullable=False)
        return table.set_column(8, field, table.column("embedding").cast(kind))

    with pytest.raises(CorruptShardError, match="instead of"):
        inspect_shard(warehouse, place)
    rewrite(halved)(warehouse, place)
    inspect(warehouse, place)


def test_no_flipped_byte_of_any_page_is_missed(local_warehouse: Warehouse) -> None:
    place = put_shard(local_warehouse)
    sound, whole = inspect(local_warehouse, place), local_warehouse.read_bytes(place.place)
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    with local_warehouse.open(place.place) as file:
        group = pq.read_metadata(file).row_group(0)
        chunks = [group.column(index) for index in range(group.num_columns)]
    missed = []
    for index in range(0, footer, 3):
        flipped = whole[:index] + bytes([whole[index] ^ 0xFF]) + whole[index + 1 :]
        put(local_warehouse, place.place, flipped)
        try:
            again = inspect_shard(local_warehouse, place)
        except CorruptShardError:
            continue
        missed.append(index)  # of a page's header, in a field that nobody reads
        assert again.digest == sound.digest
    assert len(missed) < len(chunks) * 20


@pytest.mark.parametrize(
    "place",
    [
        f"embeddings/encoder=e/camera=c/video={VIDEO}/part-0.parquet",
        f"embeddings/encoder=e/camera=c/video={VIDEO}/part-00000.parquet.bak",
        f"embeddings/encoder=e/video={VIDEO}/part-00000.parquet",
        "embeddings/notes.txt",
    ],
)
def test_what_lies_at_no_shards_place_is_none(place: str) -> None:
    assert ShardPlace.of(place) is None


def test_a_store_that_refuses_is_no_damage(
    remote_warehouse: Warehouse, object_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = put_shard(remote_warehouse)
    with gate_to(object_store) as gate:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{gate.endpoint}")
        gate.fail(403, 9, "GET", "part-00000")
        with pytest.raises(PermissionError, match="part-00000"):
            inspect_shard(Warehouse.at(f"{remote_warehouse.root}"), place)


DAMAGE_OF_RECORDS: dict[str, tuple[str, list[float], dict[str, Any], str]] = {
    "of another video": ("f" * 32, [0.0, 0.1], FACTS, "is of the video 'ffff"),
    "no frame": (VIDEO, [], FACTS, "no frame"),
    "times that go back": (VIDEO, [0.1, 0.0], FACTS, "do not ascend"),
    "no time": (VIDEO, [0.0, np.nan], FACTS, "do not ascend"),
    "no end": (VIDEO, [0.0], {**FACTS, "end_time_s": None}, "damaged"),
    "fewer facts": (VIDEO, [0.0], {"end_time_s": 1.0, "width": 9}, "not say height, bits"),
}


@pytest.mark.parametrize(
    ("video_id", "times_s", "facts", "words"), DAMAGE_OF_RECORDS.values(), ids=DAMAGE_OF_RECORDS
)
def test_damage_of_a_videos_record_is_named(
    warehouse: Warehouse, video_id: str, times_s: list[float], facts: dict[str, Any], words: str
) -> None:
    write_video(warehouse, VideoRecord(VIDEO, np.array([0.0, 0.1]), FACTS))
    assert inspect_video(warehouse, video_place(VIDEO)).num_frames == 2
    write_video(warehouse, VideoRecord(video_id, np.array(times_s), facts))
    put(warehouse, video_place(VIDEO), warehouse.read_bytes(video_place(video_id)))
    with pytest.raises(CorruptShardError, match=words):
        inspect_video(warehouse, video_place(VIDEO))


SIGHTING: dict[str, Any] = {
    "path": "/in/a.mp4",
    "camera": "gate",
    "video_id": VIDEO,
    "size_bytes": 7,
    "modified_ns": 1,
    "recorded_at": None,
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"path": "/in/b.mp4"}, "'/in/b.mp4', whose place is footage/"),
        ({"path": 7}, "its path is 7"),
        ({"camera": None}, "its camera is None"),
        ({"size_bytes": "7"}, "its size_bytes is '7'"),
        ({"recorded_at": "yesterday"}, "Invalid isoformat"),
    ],
)
def test_damage_of_a_sighting_is_named(
    warehouse: Warehouse, changes: dict[str, Any], words: str
) -> None:
    record_sighting(warehouse, Sighting(**SIGHTING))
    (place,) = places_in(warehouse)
    assert inspect_sighting(warehouse, place) == Sighting(**SIGHTING)
    put(warehouse, place, json.dumps({**SIGHTING, **changes}).encode())
    with pytest.raises(CorruptShardError, match=re.escape(words)):
        inspect_sighting(warehouse, place)
    warehouse.remove(place)
    assert inspect_sighting(warehouse, place) is None


def test_an_entry_under_another_name_is_damaged(warehouse: Warehouse) -> None:
    quarantine_video(warehouse, VIDEO, "/in/a.mp4", "no frame", "end of file")
    place, other = f"quarantine/{VIDEO}.json", f"quarantine/{'f' * 32}.json"
    entry = inspect_quarantined(warehouse, place)
    assert entry is not None
    assert entry.reason == "no frame"
    put(warehouse, other, warehouse.read_bytes(place))
    with pytest.raises(CorruptShardError, match=f"whose place is {place}"):
        inspect_quarantined(warehouse, other)


def edit(warehouse: Warehouse, place: str, **changes: Any) -> None:
    put(
        warehouse,
        place,
        json.dumps({**json.loads(warehouse.read_bytes(place)), **changes}).encode(),
    )


DAMAGE_OF_PROFILES: dict[str, tuple[Any, dict[str, Any], str, str]] = {
    "another lineage": ({}, {"options": {"by": "camera"}}, "", "differ in digest"),
    "another name": ({}, {"name": "night"}, "", "differ in name"),
    "other frames": ({}, {"frames": 11}, "", "differ in frames"),
    "a wrong mean": ({"mean": np.zeros(3)}, {}, "", "mean is not that of its videos"),
    "no tables": ({}, {}, "statistics.parquet", "there is no .*statistics.parquet"),
    "no calibration": ({}, {}, "calibration.parquet", "there is no .*calibration"),
}


@pytest.mark.parametrize(
    ("said", "edited", "removed", "words"), DAMAGE_OF_PROFILES.values(), ids=DAMAGE_OF_PROFILES
)
def test_damage_of_a_profile_is_named(
    warehouse: Warehouse, said: Any, edited: dict[str, Any], removed: str, words: str
) -> None:
    ref = write_profile(warehouse, "sound", content())
    inspect_profile(warehouse, ref, version_folders(warehouse)[ref])
    ref = write_profile(warehouse, "default", content(**said))
    edit(warehouse, f"{ref.place}/profile.json", **edited)
    if removed:
        warehouse.remove(f"{ref.place}/{removed}")
    folders = version_folders(warehouse)
    assert {*folders} == {ProfileRef("sound", "1"), ref}
    with pytest.raises(CorruptShardError, match=words) as caught:
        inspect_profile(warehouse, ref, folders[ref])
    assert warehouse.uri(ref.place) in str(caught.value)


@pytest.mark.parametrize("missing", [0, 1], ids=["none of a video", "a video too few"])
def test_a_calibration_without_a_score_for_each_frame_is_damaged(
    warehouse: Warehouse, missing: int
) -> None:
    profile = content()
    with new_profile(warehouse) as draft:
        draft.calibration.write("all", missing, calibration(profile, missing))
        ref = draft.commit("p", profile)
    with pytest.raises(CorruptShardError, match="calibration of all has not one score for each"):
        inspect_profile(warehouse, ref, version_folders(warehouse)[ref])


def report(warehouse: Warehouse, page: str = "<p>größer</p>") -> str:
    with new_report(warehouse) as writer:
        written = document(writer.report_id, videos=[video("/in/a\nb.mp4"), video("/in/c.mp4")])
        for item in written["videos"]:
            write_frames(writer, item)
        writer.write_document(written, page)
    return writer.report_id


DAMAGE_OF_REPORTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "another id": ({"report_id": "x"}, "", "report.json is that of 'x'"),
    "no text": ({"encoder_id": 7}, "", "it.encoder_id is 7, no string"),
    "videos without frames": ({"videos": [{}]}, "", r"it.videos\[0\] has no video_id"),
    "fewer videos": ({"videos": []}, "", "scores of 8 frames, and 0 frames"),
    "no page": ({}, "report.html", "there is no report.html"),
    "no scores": ({}, "frame_scores.parquet", "there is no frame_scores.parquet"),
    "no events": ({}, "events.csv", "there is no events.csv"),
}


@pytest.mark.parametrize(
    ("edited", "removed", "words"), DAMAGE_OF_REPORTS.values(), ids=DAMAGE_OF_REPORTS
)
def test_damage_of_a_report_is_named(
    warehouse: Warehouse, edited: dict[str, Any], removed: str, words: str
) -> None:
    report_id = report(warehouse)
    folder = f"reports/{report_id}"
    inspect_report(warehouse, report_id, report_folders(warehouse)[report_id])
    edit(warehouse, f"{folder}/report.json", **edited)
    if removed:
        warehouse.remove(f"{folder}/{removed}")
    with pytest.raises(CorruptShardError, match=words):
        inspect_report(warehouse, report_id, report_folders(warehouse)[report_id])


def test_a_picture_that_a_reports_page_shows_must_be_there(local_warehouse: Warehouse) -> None:
    report_id = report(local_warehouse, '<img src="media/1.jpg">')
    with pytest.raises(CorruptShardError, match=r"there is no media/1\.jpg"):
        inspect_report(local_warehouse, report_id, report_folders(local_warehouse)[report_id])
    put(local_warehouse, f"reports/{report_id}/media/1.jpg", b"picture")
    inspect_report(local_warehouse, report_id, report_folders(local_warehouse)[report_id])


def test_events_and_flags_are_counted(local_warehouse: Warehouse) -> None:
    report_id = report(local_warehouse)
    place = f"reports/{report_id}/events.csv"
    whole = local_warehouse.read_bytes(place)
    for damaged in (b"", whole + b"x,y\r\n", b'event_id,"' + b"x" * (csv.field_size_limit() + 1)):
        put(local_warehouse, place, damaged)
        with pytest.raises(CorruptShardError, match=r"events\.csv"):
            inspect_report(local_warehouse, report_id, report_folders(local_warehouse)[report_id])
    put(local_warehouse, place, whole)
    known = [video("/in/a.mp4"), video("/in/c.mp4", flagged_frames=3)]
    edit(local_warehouse, f"reports/{report_id}/report.json", videos=known)
    with pytest.raises(CorruptShardError, match="flags 4 frames, and counts 5"):
        inspect_report(local_warehouse, report_id, report_folders(local_warehouse)[report_id])


def test_the_reports_own_schema_is_followed_in_types_and_required_keys() -> None:
    schema = report_json_schema()
    whole = document("r")
    assert [*violations(whole, schema)] == []
    for key in schema["required"]:
        less = {name: value for name, value in whole.items() if name != key}
        assert [*violations(less, schema)] == [f"it has no {key}"]
    wrong = document("r", threshold=True, videos=[video("/a", recorded_at=3, events={})])
    assert [*violations(wrong, schema)] == [
        "it.threshold is True, no number",
        "it.videos[0].recorded_at is 3, no string or null",
        "it.videos[0].events is {}, no array",
    ]


def test_leftovers_are_listed_once_they_are_old_and_removed_whole(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(warehouse, ".staging/left", b"")
    put(warehouse, ".staging/folder/file", b"")
    put(warehouse, "profiles/x/1/a", b"")
    put(warehouse, "profiles/x/10/a", b"")
    assert warehouse.leftovers() == []
    assert not warehouse.is_old("profiles/x/1/a")
    for module in ("bucket", "local_folder"):
        monkeypatch.setattr(f"storage.{module}.LEFTOVER_S", -60.0)
    assert warehouse.is_old("profiles/x/1/a")
    assert len(warehouse.leftovers()) == 2
    for leftover in warehouse.leftovers():
        warehouse.remove_all(leftover)
    warehouse.remove_all("profiles/x/1")
    warehouse.remove_all("profiles/none")
    assert places_in(warehouse) == ["profiles/x/10/a"]


def test_only_a_bucket_can_hold_half_a_folder(
    local_warehouse: Warehouse, remote_warehouse: Warehouse
) -> None:
    assert isinstance(local_warehouse.medium, LocalFolder)
    assert local_warehouse.folders_appear_whole
    assert not remote_warehouse.folders_appear_whole
