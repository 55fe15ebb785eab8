import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import CorruptShardError
from storage.local_folder import STAGING, LocalFolder
from storage.parquet import read_lineage
from storage.shard_reading import FrameEmbeddings, read_shard
from storage.shards import (
    NAME_BYTES,
    ShardKey,
    ShardRows,
    encoders_in,
    folder_name,
    index_shards,
    is_complete,
    shard_schema,
    shards_of_video,
    write_shard,
)
from storage.warehouse import Warehouse
from tests.storage.samples import files_in, places_in, put, schema_of

ENCODER = "e" * 16
VIDEO = "0a1b" * 8
LONG = "x" * 255
CAMERAS = (
    *("gate", "gate 7", " gate", "Gate", "007", "", ".", "..", "../../etc/passwd", "/abs", "a\\b"),
    *("a/b", "a%2Fb", "a%252Fb", "100%", "%", 'say "hi"', "it's", "camera=x", "a*[?]", "\n\t\0"),
    *("📷", "Überwachung", "U\u0308berwachung", "\\xff", LONG, LONG[:-1], LONG[:-1] + "/"),
    *("é" * 127, "📷" * 63, "é" * 126 + "x", "x" * 179 + "é" * 30, folder_name(LONG)),
)


def rows(height: int = 6, width: int = 4) -> ShardRows:
    index = np.arange(height)
    return ShardRows(
        places=np.stack([index // 8, index % 8, 2 * index, 2 * index + 2], axis=1),
        times_s=np.stack([index / 3, (index + 1) / 3], axis=1),
        embeddings=np.random.default_rng(7).normal(size=(height, width)).astype(np.float32),
    )


def write(
    warehouse: Warehouse,
    *,
    camera: str = "gate",
    video: str = VIDEO,
    part: int = 0,
    parts: int = 1,
    encoder: str = ENCODER,
) -> str:
    key = ShardKey(encoder, camera, video, part)
    write_shard(warehouse, key, rows(), {"camera": camera, "part": part, "parts": parts})
    return key.place


def test_a_shard_has_the_columns_of_the_contract(warehouse: Warehouse) -> None:
    schema = pq.read_schema(warehouse.open(write(warehouse)))
    assert schema_of(schema) == [
        ("video_id", pa.string()),
        ("camera", pa.string()),
        ("clip_index", pa.int64()),
        ("tubelet_index", pa.int64()),
        ("frame_start", pa.int64()),
        ("frame_end", pa.int64()),
        ("time_start_s", pa.float64()),
        ("time_end_s", pa.float64()),
        ("embedding", pa.list_(pa.float32(), 4)),
    ]
    assert schema.field("embedding").type.value_field.name == "element"
    assert schema.remove_metadata() == shard_schema(4)


def test_a_shard_lies_where_the_contract_says(warehouse: Warehouse) -> None:
    write(warehouse, part=12)
    place = f"embeddings/encoder={ENCODER}/camera=gate/video={VIDEO}/part-00012.parquet"
    assert places_in(warehouse) == [place]


def test_every_number_comes_back_as_it_was(warehouse: Warehouse) -> None:
    written, place = rows(), write(warehouse)
    table = pq.ParquetFile(warehouse.open(place)).read()
    assert table["video_id"].to_pylist() == [VIDEO] * 6
    assert table["camera"].to_pylist() == ["gate"] * 6
    columns = [table[name].to_numpy() for name in table.column_names[2:8]]
    np.testing.assert_array_equal(np.stack(columns[:4], axis=1), written.places)
    np.testing.assert_array_equal(np.stack(columns[4:], axis=1), written.times_s)
    read = read_shard(warehouse, place)
    assert read.embeddings.dtype == np.float32
    np.testing.assert_array_equal(read.embeddings, written.embeddings)
    np.testing.assert_array_equal(read.frame_start, written.places[:, 2])
    np.testing.assert_array_equal(read.frame_end, written.places[:, 3])
    assert read.weights.tolist() == [2] * 6


def test_embeddings_kept_as_float16_take_half_and_are_read_as_float32(
    warehouse: Warehouse,
) -> None:
    values = np.random.default_rng(0).normal(size=(4096, 64)).astype(np.float32)
    places = np.arange(4 * 4096, dtype=np.int64).reshape(-1, 4)
    sizes = []
    for number in (np.float32, np.float16):
        kept: Any = values.astype(number)
        key = ShardKey(f"{np.dtype(number)}", "gate", VIDEO, 0)
        write_shard(warehouse, key, ShardRows(places, places[:, :2] / 25, kept), {"parts": 1})
        read = read_shard(warehouse, key.place).embeddings
        assert read.dtype == np.float32
        np.testing.assert_array_equal(read, kept.astype(np.float32))
        sizes.append(len(warehouse.read_bytes(key.place)))
    assert sizes[1] < 0.6 * sizes[0]


def test_patch_sketches_come_back_as_they_were_if_they_are_asked_for(
    warehouse: Warehouse,
) -> None:
    plain = rows()
    sketches: Any = np.random.default_rng(5).normal(size=(6, 9, 3)).astype(np.float16)
    written = replace(plain, patches=np.asfortranarray(sketches))
    key = ShardKey(ENCODER, "gate", VIDEO, 0)
    write_shard(warehouse, key, written, {"encoder": {"patches": 9, "patch_sketch": 3}})
    schema = pq.read_schema(warehouse.open(key.place))
    assert schema_of(schema)[-2:] == [
        ("embedding", pa.list_(pa.float32(), 4)),
        ("patches", pa.list_(pa.float16(), 27)),
    ]
    assert schema.remove_metadata() == shard_schema(4, sketch=27)
    both, alone = (read_shard(warehouse, key.place, patches=wanted) for wanted in (True, False))
    assert alone.patches is None
    assert both.patches is not None
    assert both.patches.dtype == np.float16
    np.testing.assert_array_equal(both.patches, sketches)
    for read in (both, alone):
        np.testing.assert_array_equal(read.embeddings, plain.embeddings)
        np.testing.assert_array_equal(read.times_s, plain.times_s)


def test_a_shard_without_sketches_has_none_to_read(warehouse: Warehouse) -> None:
    assert read_shard(warehouse, write(warehouse), patches=True).patches is None


@pytest.mark.parametrize("said", [{"patches": 9, "patch_sketch": 3}, {}])
def test_sketches_that_are_not_as_the_lineage_says_are_named(
    warehouse: Warehouse, said: dict[str, int]
) -> None:
    key = ShardKey(ENCODER, "gate", VIDEO, 0)
    sketches = np.zeros((6, 9, 2), dtype=np.float16)
    write_shard(warehouse, key, replace(rows(), patches=sketches), {"encoder": said})
    assert read_shard(warehouse, key.place).patches is None
    with pytest.raises(CorruptShardError, match="instead of"):
        read_shard(warehouse, key.place, patches=True)


def test_a_sketch_of_another_number_of_rows_is_refused() -> None:
    with pytest.raises(ValueError, match=r"each of its 6 rows, got \(5, 9, 2\)"):
        replace(rows(), patches=np.zeros((5, 9, 2), dtype=np.float16))


def test_the_footer_carries_the_lineage_as_json(warehouse: Warehouse) -> None:
    lineage: dict[str, Any] = {"parts": 3, "encoder": {"width": 4}, "decoder": "é\udcff\n"}
    key = ShardKey(ENCODER, "gate", VIDEO, 0)
    write_shard(warehouse, key, rows(), lineage)
    footer = json.loads(pq.read_schema(warehouse.open(key.place)).metadata[b"nightjar"])
    assert footer == read_lineage(warehouse, key.place) == {"schema_version": 1, **lineage}


def test_the_same_rows_give_the_same_bytes(
    warehouse: Warehouse, other_warehouse: Warehouse
) -> None:
    write(warehouse)
    same = rows()
    spread: Any = np.repeat(same.embeddings, 2, axis=1)[:, ::2]
    shuffled = ShardRows(np.asfortranarray(same.places), same.times_s[::-1][::-1], spread)
    lineage = {"camera": "gate", "part": 0, "parts": 1}
    write_shard(other_warehouse, ShardKey(ENCODER, "gate", VIDEO, 0), shuffled, lineage)
    assert files_in(warehouse) == files_in(other_warehouse)


@pytest.mark.parametrize(("places", "times", "embeddings"), [(0, 0, 0), (1, 2, 2), (2, 2, 1)])
def test_a_shard_has_rows_and_all_of_each(places: int, times: int, embeddings: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        ShardRows(
            np.zeros((places, 4), dtype=np.int64),
            np.zeros((times, 2)),
            np.zeros((embeddings, 8), dtype=np.float32),
        )


def test_any_camera_has_a_folder_of_its_own_in_the_warehouse(warehouse: Warehouse) -> None:
    places = {camera: write(warehouse, camera=camera) for camera in CAMERAS}
    for place in places.values():
        encoder, _, below = place.partition("/camera=")
        assert encoder == f"embeddings/encoder={ENCODER}"
        assert below.count("/") == 2
    assert places_in(warehouse) == sorted({*places.values()})
    assert index_shards(warehouse, ENCODER) == {VIDEO: [min(places.values())]}
    for camera, place in places.items():
        assert read_lineage(warehouse, place)["camera"] == camera
        table = pq.ParquetFile(warehouse.open(place)).read(["camera"])
        assert table["camera"].to_pylist() == [camera] * 6


def test_no_two_cameras_share_a_folder() -> None:
    names = {folder_name(camera).casefold() for camera in CAMERAS if camera != "Gate"}
    assert len(names) == len(CAMERAS) - 1
    assert folder_name("Gate") != folder_name("gate")


@given(camera=st.text(max_size=300))
def test_a_folders_name_is_plain_and_fits_and_says_the_camera(camera: str) -> None:
    name = folder_name(camera)
    assert re.fullmatch(r"[A-Za-z0-9_.~ %-]*", name)
    assert len(f"camera={name}") <= 255
    if len(name) <= NAME_BYTES:
        assert unquote(name) == camera
    else:
        whole = unquote(name[:-13], errors="strict" if camera.isascii() else "ignore")
        assert camera.startswith(whole)


def test_shards_come_video_by_video_in_the_order_of_their_parts(warehouse: Warehouse) -> None:
    paths = {part: write(warehouse, part=part) for part in (10, 2, 0, 99_999, 1)}
    second = write(warehouse, camera="yard", video="b" * 32)
    write(warehouse, video="c" * 32, encoder="f" * 16)
    ordered = [paths[part] for part in (0, 1, 2, 10, 99_999)]
    assert index_shards(warehouse, ENCODER) == {VIDEO: ordered, "b" * 32: [second]}
    assert shards_of_video(warehouse, ENCODER, VIDEO) == ordered
    assert encoders_in(warehouse) == [ENCODER, "f" * 16]


def test_parts_of_a_video_are_found_whichever_cameras_they_are(warehouse: Warehouse) -> None:
    paths = [write(warehouse, camera=camera, part=part) for part, camera in enumerate("zay")]
    assert shards_of_video(warehouse, ENCODER, VIDEO) == paths
    assert index_shards(warehouse, ENCODER) == {VIDEO: paths}


def test_what_is_not_committed_is_no_shard(warehouse: Warehouse) -> None:
    assert index_shards(warehouse, ENCODER) == {}
    place = write(warehouse)
    put(warehouse, f"{STAGING}/{place}", warehouse.read_bytes(place))
    warehouse.remove(place)
    assert index_shards(warehouse, ENCODER) == {}
    assert shards_of_video(warehouse, ENCODER, VIDEO) == []
    assert encoders_in(warehouse) in ([], [ENCODER])  # its folder may still be there
    assert warehouse.files_below("") == []


@pytest.mark.parametrize(("there", "whole"), [([], False), ([0, 2], False), ([0, 1, 2], True)])
def test_a_video_is_complete_with_all_its_parts(
    warehouse: Warehouse, there: list[int], whole: bool
) -> None:
    shards = [write(warehouse, part=part, parts=3) for part in there]
    assert is_complete(warehouse, shards) is whole


def test_all_shards_can_be_read_at_once_without_us(local_warehouse: Warehouse) -> None:
    cameras = ("gate", "007", 'a/b "é" 100%', "..")
    for index, camera in enumerate(cameras):
        write(local_warehouse, camera=camera, video=f"{index}" * 32)
    # Types given: pyarrow would take 007 for a number, and clash with the column of that name.
    parts = pa.schema([(name, pa.string()) for name in ("encoder", "camera", "video")])
    table = pq.read_table(
        local_warehouse.uri("embeddings"), partitioning=ds.partitioning(parts, flavor="hive")
    )
    assert table.num_rows == 24
    assert set(table["encoder"].to_pylist()) == {ENCODER}
    assert set(table["camera"].to_pylist()) == set(cameras)
    assert table["video"] == table["video_id"]
    bare = pq.read_table(local_warehouse.uri("embeddings"), partitioning=None)
    assert set(bare["camera"].to_pylist()) == set(cameras)


every_reader = pytest.mark.parametrize("read", [read_shard, read_lineage])


@every_reader
@pytest.mark.parametrize("kept", [0, 1, 4, 12, 0.5, -9, -8, -4, -1])
def test_a_truncated_shard_is_named(local_warehouse: Warehouse, read: Any, kept: float) -> None:
    place = write(local_warehouse)
    whole = local_warehouse.read_bytes(place)
    put(local_warehouse, place, whole[: int(len(whole) * kept) if kept == 0.5 else int(kept)])
    with pytest.raises(CorruptShardError, match=re.escape(local_warehouse.uri(place))):
        read(local_warehouse, place)


@every_reader
@pytest.mark.parametrize("where", [-1, -4, -5, -7, "first of the footer"])
def test_a_flipped_byte_at_the_end_is_named(
    warehouse: Warehouse, read: Any, where: int | str
) -> None:
    place = write(warehouse)
    whole = bytearray(warehouse.read_bytes(place))
    footer = -8 - int.from_bytes(whole[-8:-4], "little")
    whole[where if isinstance(where, int) else footer] ^= 0xFF
    put(warehouse, place, bytes(whole))
    with pytest.raises(CorruptShardError, match=re.escape(warehouse.uri(place))):
        read(warehouse, place)


def read_or_none(warehouse: Warehouse, place: str) -> FrameEmbeddings | None:
    try:
        return read_shard(warehouse, place)
    except CorruptShardError:
        return None


def test_no_flipped_byte_of_a_page_gives_other_numbers(warehouse: Warehouse) -> None:
    place = write(warehouse)
    sound, whole = read_shard(warehouse, place), warehouse.read_bytes(place)
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    noticed, step = 0, 2 if isinstance(warehouse.medium, LocalFolder) else 16
    for index in range(0, footer, step):  # every byte takes longer and shows no more
        put(warehouse, place, whole[:index] + bytes([whole[index] ^ 0xFF]) + whole[index + 1 :])
        if (read := read_or_none(warehouse, place)) is None:
            noticed += 1
            continue
        np.testing.assert_array_equal(read.frame_start, sound.frame_start)
        np.testing.assert_array_equal(read.frame_end, sound.frame_end)
        np.testing.assert_array_equal(read.embeddings, sound.embeddings)
    assert (
        noticed > sound.embeddings.nbytes / step
    )  # the others belong to columns that are not read


@pytest.mark.parametrize("metadata", [None, {}, {"nightjar": "{"}])
def test_a_parquet_file_without_lineage_is_named(
    warehouse: Warehouse, metadata: dict[str, str] | None
) -> None:
    with warehouse.commit_file("foreign.parquet") as scratch:
        pq.write_table(pa.table({"a": [1]}).replace_schema_metadata(metadata), scratch)
    with pytest.raises(CorruptShardError, match=r"foreign\.parquet"):
        read_lineage(warehouse, "foreign.parquet")


@every_reader
def test_a_missing_shard_is_a_missing_file(warehouse: Warehouse, read: Any) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.parquet"):
        read(warehouse, "none.parquet")


def test_the_same_part_under_two_cameras_counts_once(warehouse: Warehouse) -> None:
    for camera, part in (("a", 0), ("b", 0), ("b", 1), ("a", 1)):
        write(warehouse, camera=camera, video="v", part=part, parts=2, encoder="e")
        shards = index_shards(warehouse, "e")["v"]
        assert shards == shards_of_video(warehouse, "e", "v")
        assert is_complete(warehouse, shards) == (part == 1)
        assert len(shards) == part + 1
