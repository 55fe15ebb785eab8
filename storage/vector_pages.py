"""The pages of a column of float32 vectors, unpacked without pyarrow where it takes a detour.

Parquet knows no vectors: pyarrow unpacks two levels for each number to find where lists begin and
which are missing. In our shards every list is as long as the next and none is missing, so the
numbers alone are unpacked here, in two thirds of the time, by the format's own pages, checksums and
compression (github.com/apache/parquet-format). What is laid out otherwise is left to pyarrow.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

Bytes = npt.NDArray[np.uint8]
ENCODINGS = {"RLE", "BYTE_STREAM_SPLIT"}  # of levels, and of numbers
# Of the format's enumerations.
DATA_PAGE, RLE, BYTE_STREAM_SPLIT = 0, 3, 9
CACHED_NUMBERS = 1 << 16  # put together at once: they stay in a core's cache


@dataclass(frozen=True, slots=True)
class VectorColumn:
    """A column of vectors of one length, none of them missing, in an open file.

    Attributes:
        file: The file.
        source: What it is read from.
        number: Number of the column among the file's.
        width: D, numbers of a vector.
    """

    file: pq.ParquetFile
    source: pa.NativeFile
    number: int
    width: int

    @classmethod
    def of(cls, file: pq.ParquetFile, source: pa.NativeFile, name: str) -> VectorColumn | None:
        """Return a column by its name; None where it is not laid out as float32 of ours are."""
        width = file.schema_arrow.field(name).type.list_size
        paths = [file.schema.column(number).path for number in range(len(file.schema))]
        column = cls(file, source, paths.index(f"{name}.list.element"), width)
        groups = range(file.metadata.num_row_groups)
        return column if all(map(column._is_plain, groups)) else None

    def pieces(self, height: int) -> Iterator[npt.NDArray[np.float32]]:
        """Yield the vectors in order, so many at a time, each piece in memory of its own.

        Every page is held against its checksum.

        Raises:
            ValueError: The pages are damaged.
            LookupError: They are damaged so that they end too soon.
        """
        size = height * self.width
        piece, filled = np.empty(size, dtype=np.float32), 0
        for planes in self._pages():
            start, end = 0, planes.shape[1]
            while start < end:
                count = min(end - start, size - filled)
                _put_together(planes[:, start : start + count], piece[filled : filled + count])
                start, filled = start + count, filled + count
                if filled == size:
                    yield piece.reshape(height, self.width)
                    piece, filled = np.empty(size, dtype=np.float32), 0
        if filled:
            yield piece[:filled].reshape(-1, self.width)

    def _is_plain(self, group: int) -> bool:
        """Return whether a row group is laid out as ours are."""
        rows, chunk = self.file.metadata.row_group(group).num_rows, self._chunk(group)
        return bool(
            chunk.physical_type == "FLOAT"
            and chunk.compression == "ZSTD"
            and set(chunk.encodings) == ENCODINGS
            and not chunk.has_dictionary_page
            and chunk.num_values == rows * self.width
        )

    def _chunk(self, group: int) -> pq.ColumnChunkMetaData:
        return self.file.metadata.row_group(group).column(self.number)

    def _pages(self) -> Iterator[Bytes]:
        """Yield the bytes of the numbers of each page, shape (4, m): the first of all, then …."""
        present = self.file.schema.column(self.number).max_definition_level
        for group in range(self.file.metadata.num_row_groups):
            chunk = self._chunk(group)
            raw = self.source.read_at(chunk.total_compressed_size, chunk.data_page_offset)
            position, left = 0, chunk.num_values
            while left:
                header, position = _structure(raw, position)
                body = memoryview(raw)[position : position + header[3]]
                planes = _unpacked(header, body, left, present)
                position, left = position + len(body), left - planes.shape[1]
                yield planes


def _put_together(planes: Bytes, numbers: npt.NDArray[np.float32]) -> None:
    """Make numbers, shape (m,), of their first, second, third and fourth bytes, shape (4, m)."""
    for start in range(0, len(numbers), CACHED_NUMBERS):
        part = numbers[start : start + CACHED_NUMBERS].view(np.uint8).reshape(-1, 4)
        for index, plane in enumerate(planes):
            part[:, index] = plane[start : start + CACHED_NUMBERS]


def _unpacked(header: dict[int, Any], body: memoryview, left: int, present: int) -> Bytes:
    """Return the bytes of a page's numbers, shape (4, m), where every number is present.

    Args:
        header: The page's header: the fields of the format's PageHeader, by their ids.
        body: The page, compressed.
        left: Numbers that it may have, at most.
        present: The definition level of a number that is there.

    Raises:
        ValueError: The page is damaged.
        LookupError: The header lacks a field.
    """
    if header[1] != DATA_PAGE:
        raise ValueError(f"a page is of kind {header[1]}")
    if 4 not in header:
        raise ValueError("a page has no checksum")
    if len(body) != header[3] or zlib.crc32(body) != header[4] & 0xFFFFFFFF:
        raise ValueError("could not verify page integrity, CRC checksum verification failed")
    numbers, *encodings = (header[5][field] for field in (1, 2, 3, 4))
    if encodings != [BYTE_STREAM_SPLIT, RLE, RLE]:
        raise ValueError(f"a page is encoded as {encodings}")
    # Levels take a bit a number at most; more would only ask for memory.
    if not 0 < numbers <= left or not 4 * numbers < header[2] <= 5 * numbers + 64:
        raise ValueError(f"a page has {numbers} of {left} numbers in {header[2]} bytes")
    page = memoryview(pa.decompress(body, header[2], codec="zstd"))
    levels = page[: len(page) - 4 * numbers]
    repetition = int.from_bytes(levels[:4], "little")
    if bytes(levels[4 + repetition + 4 :]) != _run(numbers, present):
        raise ValueError("numbers of an embedding are missing")
    return np.frombuffer(page[len(levels) :], dtype=np.uint8).reshape(4, numbers)


def _run(length: int, level: int) -> bytes:
    """Return a run of one level, as RLE writes it."""
    written, rest = bytearray(), length << 1
    while rest > 0x7F:
        written.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*written, rest, level])


def _structure(raw: bytes, position: int) -> tuple[dict[int, Any], int]:
    """Return a structure in Thrift's compact protocol, by ids of fields, and where it ends.

    Raises:
        ValueError: It has a field of a kind that page headers have not.
        IndexError: It ends too soon.
    """
    fields: dict[int, Any] = {}
    number = 0
    while kind := raw[position]:
        step, kind = kind >> 4, kind & 0xF
        position += 1
        if step:
            number += step
        else:
            number, position = _integer(raw, position)
        if kind in (1, 2):  # true and false
            fields[number] = kind == 1
        elif kind in (4, 5, 6):
            fields[number], position = _integer(raw, position)
        elif kind == 8:  # bytes, of which nobody asks
            length, position = _unsigned(raw, position)
            position += length
        elif kind == 12:
            fields[number], position = _structure(raw, position)
        else:
            raise ValueError(f"a page's header has a field of kind {kind}")
    return fields, position + 1


def _integer(raw: bytes, position: int) -> tuple[int, int]:
    """Return a signed integer, and where it ends."""
    value, position = _unsigned(raw, position)
    return (value >> 1) ^ -(value & 1), position


def _unsigned(raw: bytes, position: int) -> tuple[int, int]:
    """Return an unsigned integer, and where it ends."""
    value = shift = 0
    while raw[position] & 0x80:
        value |= (raw[position] & 0x7F) << shift
        shift, position = shift + 7, position + 1
    return value | raw[position] << shift, position + 1
