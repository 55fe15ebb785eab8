"""Reading and writing Parquet the one way this warehouse does it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from storage.errors import CorruptShardError
from storage.warehouse import Warehouse

LINEAGE_KEY = b"nightjar"
WRITE_OPTIONS: dict[str, Any] = {"compression": "zstd", "write_page_checksum": True}


def vector(width: int, number: pa.DataType) -> pa.DataType:
    """Return the type of a vector column; Parquet names the list's child ``element``."""
    return pa.list_(pa.field("element", number), width)


def vectors(values: npt.NDArray[Any], number: pa.DataType) -> pa.Array:
    """Return rows of shape (n, D) as a column of vectors."""
    flat = pa.array(np.ascontiguousarray(values).reshape(-1), number)
    return pa.FixedSizeListArray.from_arrays(flat, type=vector(values.shape[1], number))


def rows_of(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Return a column of vectors as rows, shape (n, D)."""
    flat = column.combine_chunks().flatten()
    rows: npt.NDArray[Any] = flat.to_numpy().reshape(len(column), column.type.list_size)
    return rows


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table with a checksum on every page."""
    pq.write_table(table, path, **WRITE_OPTIONS)


def read_table(warehouse: Warehouse, place: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a table, or some columns of it, and check every page.

    Raises:
        CorruptShardError: The file is damaged.
    """
    with (
        reading(warehouse.uri(place)),
        warehouse.open(place) as source,
        pq.ParquetFile(source, pre_buffer=True, page_checksum_verification=True) as file,
    ):
        return file.read(columns=columns)


def read_row_groups(warehouse: Warehouse, place: str, schema: pa.Schema) -> Iterator[pa.Table]:
    """Read a table whose length is not bounded piece by piece, and check every page.

    Raises:
        CorruptShardError: The file is damaged or of another schema.
    """
    name = warehouse.uri(place)
    with (
        reading(name),
        warehouse.open(place) as source,
        pq.ParquetFile(source, page_checksum_verification=True) as file,
    ):
        check_schema(name, file.schema_arrow, schema)
        for group in range(file.num_row_groups):
            yield file.read_row_group(group)


def count_rows(warehouse: Warehouse, place: str) -> int:
    """Return the number of rows of a file, from its footer.

    Raises:
        CorruptShardError: The footer is damaged.
    """
    with reading(warehouse.uri(place)), warehouse.open(place) as source:
        return int(pq.read_metadata(source).num_rows)


def read_lineage(warehouse: Warehouse, place: str) -> dict[str, Any]:
    """Return the lineage that a file's footer carries.

    Raises:
        CorruptShardError: The footer is damaged, or carries none.
    """
    with reading(warehouse.uri(place)), warehouse.open(place) as source:
        lineage = json.loads(pq.read_schema(source).metadata[LINEAGE_KEY])
        if not isinstance(lineage, dict):
            raise TypeError(f"lineage is {lineage!r}")
        return lineage


def check_schema(name: str, found: pa.Schema, expected: pa.Schema) -> None:
    """Make sure that a file has the columns that its writer gives it.

    Raises:
        CorruptShardError: It has others.
    """
    if not found.remove_metadata().equals(expected.remove_metadata()):
        raise CorruptShardError(
            name,
            f"not written by nightjar: it has the columns {_columns(found)} "
            f"instead of {_columns(expected)}",
        )


def _columns(schema: pa.Schema) -> str:
    """Return the columns of a schema on one line."""
    return ", ".join(
        f"{field.name} {field.type}{'' if field.nullable else ' not null'}" for field in schema
    )


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn what a damaged or foreign file makes a reader raise into an error that names it.

    Raises:
        CorruptShardError: The file is not what its writer wrote. A disk's or network's own OSError
            passes.
    """
    try:
        yield
    except (OSError, *_DAMAGE) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        words = " ".join(str(error).split()) or type(error).__name__
        raise CorruptShardError(name, words) from error


# What pyarrow and json raise on damaged bytes; pyarrow's OSError then has no number.
_DAMAGE = (pa.ArrowException, ValueError, LookupError, AttributeError, TypeError)
