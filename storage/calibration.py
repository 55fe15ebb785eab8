"""Calibration: the scores that a profile's normal footage itself has, one row a tubelet.

Each video's rows come once for every scope that it is part of, together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from storage.parquet import reading, write_options
from storage.warehouse import Warehouse

CALIBRATION = "calibration.parquet"
_PLACES = ("frame_start", "frame_end", "frames")
_TIMES = ("start_s", "end_s")
Columns = Mapping[str, npt.NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationRows:
    """Scores of normal tubelets of one video.

    Attributes:
        places: (frame_start, frame_end, frames that count) of each, shape (n, 3), int64.
        times_s: (start, end) of each, shape (n, 2), float64.
        scores: By distance, each of shape (n,), float64.
    """

    places: npt.NDArray[np.int64]
    times_s: npt.NDArray[np.float64]
    scores: Columns

    def __post_init__(self) -> None:
        heights = {len(self.places), len(self.times_s), *map(len, self.scores.values())}
        if len(heights) != 1:
            raise ValueError(f"rows have one place, time and score each, got {heights}")

    @classmethod
    def joined(cls, pieces: Sequence[CalibrationRows]) -> CalibrationRows:
        """Return pieces of one video, at least one, as one."""
        return cls(
            np.concatenate([piece.places for piece in pieces]),
            np.concatenate([piece.times_s for piece in pieces]),
            {
                name: np.concatenate([piece.scores[name] for piece in pieces])
                for name in pieces[0].scores
            },
        )


@dataclass(slots=True, eq=False)
class CalibrationWriter:
    """Writes a calibration piece by piece; its columns are those of the first piece."""

    path: Path
    _file: pq.ParquetWriter | None = None

    @classmethod
    @contextmanager
    def to(cls, path: Path) -> Iterator[CalibrationWriter]:
        """Yield a writer of a local file."""
        writer = cls(path)
        try:
            yield writer
        finally:
            writer.close()

    def write(self, scope: str, video: int, rows: CalibrationRows) -> None:
        """Add rows of a video under a scope.

        Args:
            scope: The scope whose statistics, less the video's own, the scores are of.
            video: Number of the video in the profile.
            rows: Its rows.
        """
        height = len(rows.places)
        columns = {
            "scope": pa.repeat(pa.scalar(scope), height),
            "video": pa.repeat(pa.scalar(video, pa.int64()), height),
            **{name: pa.array(rows.places[:, i]) for i, name in enumerate(_PLACES)},
            **{name: pa.array(rows.times_s[:, i]) for i, name in enumerate(_TIMES)},
            **{name: pa.array(scores) for name, scores in rows.scores.items()},
        }
        table = pa.table(columns)
        if self._file is None:
            self._file = pq.ParquetWriter(self.path, table.schema, **write_options(table.schema))
        self._file.write_table(table)

    def close(self) -> None:
        """End the file; nothing more is added."""
        if self._file is not None:
            self._file.close()
            self._file = None


def read_calibration(
    warehouse: Warehouse, profile_place: str, scope: str, distances: Sequence[str]
) -> Iterator[tuple[int, CalibrationRows]]:
    """Yield the rows of each video of a scope, with the number of the video, in order.

    Raises:
        CorruptShardError: The file is damaged.
    """
    place = f"{profile_place}/{CALIBRATION}"
    with reading(warehouse.uri(place)), warehouse.open(place) as source:
        yield from read_calibration_file(source, scope, distances)


def read_calibration_file(
    source: pa.NativeFile | Path, scope: str, distances: Sequence[str]
) -> Iterator[tuple[int, CalibrationRows]]:
    """Yield the rows of each video of a scope from an open or a local file."""
    waiting: list[pa.Table] = []
    with pq.ParquetFile(source, page_checksum_verification=True) as file:
        for group in range(file.num_row_groups):
            if file.metadata.row_group(group).column(0).statistics.min != scope:
                continue
            piece = file.read_row_group(group, ["video", *_PLACES, *_TIMES, *distances])
            if waiting and waiting[0].column("video")[0] != piece.column("video")[0]:
                yield _joined(waiting, distances)
                waiting = []
            waiting.append(piece)
    if waiting:
        yield _joined(waiting, distances)


def _joined(pieces: Sequence[pa.Table], distances: Sequence[str]) -> tuple[int, CalibrationRows]:
    """Return the pieces of one video as one."""
    table = pa.concat_tables(pieces)
    places = np.stack([table.column(name).to_numpy() for name in _PLACES], axis=1)
    times_s = np.stack([table.column(name).to_numpy() for name in _TIMES], axis=1)
    scores = {name: table.column(name).to_numpy() for name in distances}
    return table.column("video")[0].as_py(), CalibrationRows(places, times_s, scores)
