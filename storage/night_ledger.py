"""The nights of a profile together: what they have reported, and their ledger.

Many documents are merged into one ledger, a Parquet file whose footer names what it holds: what a
merge that was cut off has left beside it counts once, and is removed by the next.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from storage.documents import new_id
from storage.errors import CorruptShardError
from storage.nights import FOLDER, Key, Night, ReportedFile, read_nights
from storage.parquet import LINEAGE_KEY, read_lineage, read_row_groups, reading, write_options
from storage.warehouse import Warehouse

logger = logging.getLogger(__name__)
LEDGER = ".parquet"
MERGE_AT = 256  # documents: a day of nights every five minutes has fewer that report something
GROUP_ROWS = 65_536
LOOKS = 5
SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("video_id", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("report_id", pa.string(), nullable=False),
        pa.field("created_at", pa.string(), nullable=False),
    ]
)


def reported_among(warehouse: Warehouse, profile: str, files: Collection[ReportedFile]) -> set[Key]:
    """Return the keys of those files that a night of the profile has reported.

    What is damaged counts for nothing: better report something twice than never.
    """
    asked = {file.key for file in files}
    for _ in range(LOOKS - 1):
        with suppress(FileNotFoundError):  # a merge has taken something away, and holds it
            return _look(warehouse, profile, asked)
    return _look(warehouse, profile, asked)


def merge_nights(warehouse: Warehouse, profile: str) -> None:
    """Merge the nights of a profile into one ledger, if there are many.

    The ledger is committed before what it holds is removed. Whoever merges has the profile's turn;
    even so, two at once lose nothing, because each removes only what its own ledger holds.
    """
    ledgers, documents, superseded = _places(warehouse, profile)
    if len(documents) >= MERGE_AT:
        nights = zip(documents, read_nights(warehouse, documents), strict=True)
        sound = {place: night for place, night in nights if night is not None}
        try:
            _write_ledger(warehouse, profile, ledgers, sound)
        except CorruptShardError as error:
            logger.warning("nights are not merged until 'nightjar repair' has run: %s", error)
        else:
            superseded = {*superseded, *ledgers, *sound}
    for place in sorted(superseded):
        warehouse.remove(place)


def inspect_ledger(warehouse: Warehouse, place: str) -> None:
    """Read a ledger whole and make sure that it is one, and lies where it belongs.

    Raises:
        CorruptShardError: It does not.
    """
    try:
        told = read_lineage(warehouse, place)
        for _ in read_row_groups(warehouse, place, SCHEMA):
            pass
    except FileNotFoundError:
        return
    with reading(warehouse.uri(place)):
        folder, merged = f"{FOLDER}/{told['profile']}", told["merged"]
    if place.rpartition("/")[0] != folder or not isinstance(merged, list):
        raise CorruptShardError(warehouse.uri(place), f"its own folder is {folder}")


def _look(warehouse: Warehouse, profile: str, asked: Collection[Key]) -> set[Key]:
    """Return which keys are known, as things lie now."""
    ledgers, documents, _ = _places(warehouse, profile)
    known: set[Key] = set()
    nights = read_nights(warehouse, documents)
    for place, night in zip(documents, nights, strict=True):
        if night is None:
            logger.warning("%s is damaged: what it lists is reported again", warehouse.uri(place))
        else:
            known.update(file.key for file in night.files)
    for place in ledgers:
        try:
            for rows in read_row_groups(warehouse, place, SCHEMA):
                known.update(_keys_in(rows, asked))
        except CorruptShardError as error:
            logger.warning("%s: what else it lists is reported again", error)
    return known.intersection(asked)


def _places(warehouse: Warehouse, profile: str) -> tuple[list[str], list[str], set[str]]:
    """Return the ledgers and the documents that count, and what other ledgers hold of them."""
    places = warehouse.files_below(f"{FOLDER}/{profile}")
    ledgers = [place for place in places if place.endswith(LEDGER)]
    held: set[str] = set()
    for place in ledgers:
        try:
            held.update(read_lineage(warehouse, place)["merged"])
        except (CorruptShardError, KeyError, TypeError):
            continue  # it is named where it is read
    held &= {*places}
    return (
        [place for place in ledgers if place not in held],
        [place for place in places if place not in held and not place.endswith(LEDGER)],
        held,
    )


def _write_ledger(
    warehouse: Warehouse, profile: str, ledgers: Sequence[str], nights: dict[str, Night]
) -> None:
    """Commit a ledger of what some ledgers and nights hold.

    Raises:
        CorruptShardError: One of the ledgers is damaged.
    """
    place = f"{FOLDER}/{profile}/{new_id(datetime.now(UTC))}{LEDGER}"
    told = {"profile": profile, "merged": sorted([*ledgers, *nights])}
    schema = SCHEMA.with_metadata({LINEAGE_KEY: json.dumps(told)})
    with (
        warehouse.commit_file(place) as scratch,
        pq.ParquetWriter(scratch, schema, **write_options(schema)) as writer,
    ):
        known = (rows for ledger in ledgers for rows in read_row_groups(warehouse, ledger, SCHEMA))
        for rows in _in_large_groups(chain(known, [_table_of(nights.values())])):
            writer.write_table(rows.replace_schema_metadata(schema.metadata))


def _in_large_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield the same rows in tables of some size, or small ones would add up."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(map(len, held)) >= GROUP_ROWS:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def _table_of(nights: Iterable[Night]) -> pa.Table:
    """Return nights as rows of a ledger."""
    rows = [
        {**asdict(file), "report_id": night.report_id, "created_at": night.created_at}
        for night in nights
        for file in night.files
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _keys_in(rows: pa.Table, asked: Collection[Key]) -> set[Key]:
    """Return the keys in rows of a ledger that were asked for, and all without a video."""
    videos = pa.array([key for key in asked if isinstance(key, str)], pa.string())
    column = rows.column("video_id")
    chosen = rows.filter(pc.or_(pc.is_in(column, value_set=videos), pc.is_null(column)))
    columns = (chosen.column(name).to_pylist() for name in ("path", "video_id", "reason"))
    return {ReportedFile(*row).key for row in zip(*columns, strict=True)}
