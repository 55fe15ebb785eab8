"""Reading embedding shards piece by piece: their rows, and the frames that each speaks for."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from storage.errors import CorruptShardError
from storage.parquet import LINEAGE_KEY, check_schema, open_table, read_table, reading, rows_of
from storage.shards import FLOAT32, shard_schema, sketch_shape
from storage.warehouse import Warehouse

PLACES = ("frame_start", "frame_end", "time_start_s", "time_end_s")
PIECE_ROWS = 768  # so many that what is done once a piece does not matter


@dataclass(frozen=True, slots=True, eq=False)
class FrameEmbeddings:
    """Embeddings and the frames that they speak for.

    Attributes:
        frame_start: Shape (n,), int64.
        frame_end: Exclusive, shape (n,), int64.
        embeddings: Shape (n, D), float32.
        times_s: (start, end) of each row in seconds, shape (n, 2), float64.
        patches: The patch sketch of each row, shape (n, P, K), float16; None where there is none,
            or where it was not asked for.
    """

    frame_start: npt.NDArray[np.int64]
    frame_end: npt.NDArray[np.int64]
    embeddings: npt.NDArray[np.float32]
    times_s: npt.NDArray[np.float64]
    patches: npt.NDArray[np.float16] | None = None

    @classmethod
    def joined(cls, pieces: Sequence[FrameEmbeddings]) -> FrameEmbeddings:
        """Return pieces of one shard, at least one, as one."""
        patches = [piece.patches for piece in pieces if piece.patches is not None]
        return cls(
            np.concatenate([piece.frame_start for piece in pieces]),
            np.concatenate([piece.frame_end for piece in pieces]),
            np.concatenate([piece.embeddings for piece in pieces]),
            np.concatenate([piece.times_s for piece in pieces]),
            np.concatenate(patches) if patches else None,
        )

    @property
    def weights(self) -> npt.NDArray[np.int64]:
        """Frames that each row speaks for, shape (n,)."""
        weights: npt.NDArray[np.int64] = self.frame_end - self.frame_start
        return weights


def read_shard(warehouse: Warehouse, place: str, *, patches: bool = False) -> FrameEmbeddings:
    """Read the embeddings of a shard and the frames that they speak for.

    Args:
        warehouse: Where the shard is.
        place: Where it lies there.
        patches: Read its patch sketches too; without, their column costs nothing.

    Raises:
        CorruptShardError: The shard is damaged or of another schema.
    """
    return FrameEmbeddings.joined(list(stream_shard(warehouse, place, patches=patches)))


def stream_shard(
    warehouse: Warehouse, place: str, *, patches: bool = False
) -> Iterator[FrameEmbeddings]:
    """Yield the same piece by piece, in order: at most ``PIECE_ROWS`` rows each.

    Raises:
        CorruptShardError: The shard is damaged or of another schema.
    """
    name = warehouse.uri(place)
    with open_table(warehouse, place) as file:
        shape = _checked_shape(name, file.schema_arrow, patches)
        promised, there = file.metadata.num_rows, 0
        if not promised:
            raise CorruptShardError(name, "it has no rows")
        for piece in _pieces(file, shape):
            there += len(piece.embeddings)
            yield piece
        if there != promised:  # pyarrow's batches may end at a damaged page, and say nothing
            raise CorruptShardError(name, f"{there} of its {promised} rows can be read")


def _pieces(file: pq.ParquetFile, shape: tuple[int, int]) -> Iterator[FrameEmbeddings]:
    """Yield the rows of a shard, with its sketches if K is not 0."""
    columns = [*PLACES, "embedding", *(["patches"] if shape[1] else [])]
    for batch in file.iter_batches(PIECE_ROWS, columns=columns, use_threads=False):
        piece = pa.Table.from_batches([batch])
        starts, ends, *times_s = (piece.column(name).to_numpy() for name in PLACES)
        embeddings = rows_of(piece.column("embedding")).astype(np.float32, copy=False)
        sketches = rows_of(piece.column("patches")).reshape(-1, *shape) if shape[1] else None
        yield FrameEmbeddings(starts, ends, embeddings, np.stack(times_s, axis=1), sketches)


def first_moment_s(warehouse: Warehouse, place: str) -> float:
    """Return when the first row of a shard starts, in seconds.

    Raises:
        CorruptShardError: The shard is damaged.
    """
    table = read_table(warehouse, place, ["time_start_s"])
    with reading(warehouse.uri(place)):
        return float(table.column("time_start_s")[0].as_py())


def _checked_shape(name: str, found: pa.Schema, patches: bool) -> tuple[int, int]:
    """Return P and K of the sketches that are read; make sure that the columns are a shard's."""
    kept = found.field("embedding").type
    half = kept.value_type == pa.float16()
    shape = sketch_shape(json.loads(found.metadata[LINEAGE_KEY])) if patches else (0, 0)
    schema = shard_schema(kept.list_size, kept.value_type if half else FLOAT32, math.prod(shape))
    wanted = [*PLACES, "embedding", *(["patches"] if patches else [])]
    check_schema(
        name,
        pa.schema([field for field in found if field.name in wanted]),
        pa.schema([field for field in schema if field.name in wanted]),
    )
    return shape
