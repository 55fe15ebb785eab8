import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from storage.errors import CorruptShardError
from storage.parquet import vector, write_options
from storage.shard_reading import PIECE_ROWS, read_shard, stream_shard
from storage.shards import ShardKey, ShardRows, shard_schema, write_shard
from storage.vector_pages import VectorColumn
from storage.warehouse import Warehouse

Rows = npt.NDArray[np.float32]
KEY = ShardKey("e" * 16, "gate", "0a1b" * 8, 0)


def table_of(rows: Rows) -> pa.Table:
    flat = pa.array(rows.reshape(-1), pa.float32())
    column = pa.FixedSizeListArray.from_arrays(flat, type=vector(rows.shape[1], pa.float32()))
    return pa.Table.from_arrays(
        [column], schema=pa.schema([pa.field("embedding", column.type, nullable=False)])
    )


def write(path: Path, table: pa.Table, **options: Any) -> None:
    pq.write_table(table, path, **{**write_options(table.schema), **options})


def pieces_in(path: Path, height: int) -> list[Rows]:
    with pa.OSFile(str(path)) as source, pq.ParquetFile(source) as file:
        column = VectorColumn.of(file, source, "embedding")
        assert column
        return list(column.pieces(height))


def is_left_to_pyarrow(path: Path) -> bool:
    with pa.OSFile(str(path)) as source, pq.ParquetFile(source) as file:
        return VectorColumn.of(file, source, "embedding") is None


@settings(max_examples=40, deadline=None)
@given(
    rows=hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 40), st.integers(1, 9)),
        elements=st.floats(width=32),
    ),
    height=st.integers(1, 41),
    page_bytes=st.integers(1, 400),
    group_rows=st.integers(1, 41),
)
def test_vectors_come_back_to_the_bit_however_pages_groups_and_pieces_cut_them(
    tmp_path_factory: pytest.TempPathFactory,
    rows: Rows,
    height: int,
    page_bytes: int,
    group_rows: int,
) -> None:
    path = tmp_path_factory.mktemp("pages") / "rows.parquet"
    cuts = {"data_page_size": page_bytes, "write_batch_size": 3, "row_group_size": group_rows}
    write(path, table_of(rows), **cuts)
    pieces = pieces_in(path, height)
    assert b"".join(piece.tobytes() for piece in pieces) == rows.tobytes()
    assert [len(piece) for piece in pieces[:-1]] == [height] * (len(pieces) - 1)
    assert 0 < len(pieces[-1]) <= height


def test_a_row_that_lies_on_two_pages_is_put_together(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).standard_normal((1000, 768), dtype=np.float32)
    write(tmp_path / "rows.parquet", table_of(rows))
    assert (tmp_path / "rows.parquet").stat().st_size > 1 << 20, "several pages of a MiB"
    pieces = pieces_in(tmp_path / "rows.parquet", 384)
    assert [len(piece) for piece in pieces] == [384, 384, 232]
    assert np.concatenate(pieces).tobytes() == rows.tobytes()


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "snappy", "compression_level": None},
        {"compression": "none", "compression_level": None},
        {"use_byte_stream_split": False},
        {"use_byte_stream_split": False, "use_dictionary": True},
    ],
    ids=str,
)
def test_what_is_laid_out_in_another_way_is_left_to_pyarrow(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    write(tmp_path / "rows.parquet", table_of(np.ones((9, 4), dtype=np.float32)), **options)
    assert is_left_to_pyarrow(tmp_path / "rows.parquet")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"write_page_checksum": False}, "has no checksum"),
        ({"data_page_version": "2.0"}, "a page is of kind 3"),
    ],
    ids=str,
)
def test_pages_of_another_kind_are_refused(
    tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    write(tmp_path / "rows.parquet", table_of(np.ones((9, 4), dtype=np.float32)), **options)
    with pytest.raises((ValueError, LookupError), match=words):
        pieces_in(tmp_path / "rows.parquet", 5)


def shard(height: int, width: int) -> ShardRows:
    random = np.random.default_rng(height)
    starts = np.arange(height) * 2
    places = np.stack([starts // 16, starts // 2 % 8, starts, starts + 2], axis=1)
    return ShardRows(
        places, places[:, 2:] / 25, random.normal(size=(height, width)).astype(np.float32)
    )


def test_a_missing_number_is_damage(local_warehouse: Warehouse) -> None:
    width, lists = 4, [[1.0, 2.0, 3.0, 4.0], [1.0, None, 3.0, 4.0]]
    schema = shard_schema(width).with_metadata({"nightjar": "{}"})
    columns = [
        pa.array(lists, schema.field(name).type) if name == "embedding"
        else pa.array(["a", "a"] if pa.types.is_string(schema.field(name).type) else [0, 1])
        .cast(schema.field(name).type)
        for name in schema.names
    ]  # fmt: skip
    with local_warehouse.commit_file(KEY.place) as scratch:
        write(scratch, pa.Table.from_arrays(columns, schema=schema))
    with pytest.raises(CorruptShardError, match="numbers of an embedding are missing"):
        read_shard(local_warehouse, KEY.place)


@pytest.mark.parametrize("height", [1, PIECE_ROWS, PIECE_ROWS + 1, 3 * PIECE_ROWS - 1])
def test_a_shard_is_read_in_pieces_that_are_its_rows(warehouse: Warehouse, height: int) -> None:
    rows = shard(height, 5)
    write_shard(warehouse, KEY, rows, {"parts": 1})
    pieces = list(stream_shard(warehouse, KEY.place))
    assert [len(piece.embeddings) for piece in pieces[:-1]] == [PIECE_ROWS] * (len(pieces) - 1)
    whole = read_shard(warehouse, KEY.place)
    for found in (np.concatenate([piece.embeddings for piece in pieces]), whole.embeddings):
        assert found.tobytes() == rows.embeddings.tobytes()
    for found in (np.concatenate([piece.times_s for piece in pieces]), whole.times_s):
        assert found.tobytes() == rows.times_s.tobytes()
    assert whole.frame_start.tolist() == rows.places[:, 2].tolist()
    assert whole.frame_end.tolist() == rows.places[:, 3].tolist()


def test_a_shard_without_rows_is_named(local_warehouse: Warehouse) -> None:
    schema = shard_schema(4).with_metadata({"nightjar": "{}"})
    with local_warehouse.commit_file(KEY.place) as scratch:
        write(scratch, schema.empty_table())
    with pytest.raises(CorruptShardError, match=re.escape("it has no rows")):
        read_shard(local_warehouse, KEY.place)
