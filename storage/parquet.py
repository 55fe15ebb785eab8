"""Reading and writing Parquet the one way this warehouse does it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from storage.errors import CorruptShardError

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


def read_table(
    path: Path, schema: pa.Schema | None = None, columns: Sequence[str] | None = None
) -> pa.Table:
    """Read a table, or some columns of it, and check it.

    Raises:
        CorruptShardError: A page is damaged, or the schema is another.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            found = file.schema_arrow.remove_metadata()
            if schema is not None and not found.equals(schema.remove_metadata()):
                raise CorruptShardError(f"{path} has the columns\n{found}\nnot\n{schema}")
            return file.read(columns=columns)
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        raise CorruptShardError(
            f"{path} is damaged ({error}): delete it, a re-run rebuilds it"
        ) from error


def count_rows(path: Path) -> int:
    """Return the number of rows of a file, from its footer.

    Raises:
        CorruptShardError: The footer is damaged.
    """
    try:
        return int(pq.read_metadata(path).num_rows)
    except pa.ArrowInvalid as error:
        raise CorruptShardError(f"{path} is damaged ({error}): delete it") from error


def read_metadata(path: Path) -> dict[bytes, bytes]:
    """Return the key-value metadata of a file's footer.

    Raises:
        CorruptShardError: The footer is damaged.
    """
    try:
        return dict(pq.read_schema(path).metadata or {})
    except pa.ArrowInvalid as error:
        raise CorruptShardError(f"{path} is damaged ({error}): delete it") from error
