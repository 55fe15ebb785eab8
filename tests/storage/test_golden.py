"""The first shard ever written stays readable for ever, and so does what it says."""

import hashlib
from pathlib import Path

import numpy as np

from storage.parquet import read_lineage
from storage.shard_reading import read_shard
from storage.shards import write_shard
from storage.warehouse import Warehouse
from tests.data.make_shard_v1 import HERE, KEY, rows

PLACE = "shard_v1.parquet"
SHA256 = "624a8c620f691bed8400192b512638cee77ccb96c7a057536ea89e1c4bdba9e5"


def test_the_golden_shard_is_the_one_that_was_written_once() -> None:
    assert hashlib.sha256((HERE / PLACE).read_bytes()).hexdigest() == SHA256


def test_a_shard_of_version_1_is_read_bit_for_bit() -> None:
    read, written = read_shard(Warehouse.at(str(HERE)), PLACE), rows()
    assert read.embeddings.tobytes() == written.embeddings.tobytes()
    assert np.array_equal(read.frame_start, written.places[:, 2])
    assert np.array_equal(read.frame_end, written.places[:, 3])
    assert np.array_equal(read.times_s, written.times_s)
    assert int(read.weights.sum()) == 25


def test_a_shard_of_version_1_has_no_patch_sketches() -> None:
    assert read_shard(Warehouse.at(str(HERE)), PLACE, patches=True).patches is None


def test_rows_without_sketches_are_written_as_version_1_wrote_them(tmp_path: Path) -> None:
    lineage = read_lineage(Warehouse.at(str(HERE)), PLACE)
    del lineage["schema_version"]
    warehouse = Warehouse.at(str(tmp_path))
    write_shard(warehouse, KEY, rows(), lineage)
    assert warehouse.read_bytes(KEY.place) == (HERE / PLACE).read_bytes()


def test_the_lineage_of_version_1_is_understood() -> None:
    lineage = read_lineage(Warehouse.at(str(HERE)), PLACE)
    assert lineage["schema_version"] == 1
    assert (lineage["video_id"], lineage["camera"]) == (KEY.video_id, KEY.camera)
    assert (lineage["parts"], lineage["frames"], lineage["clips"]) == (1, 25, [0, 2])
