"""JSON documents of the warehouse: one form, one way to write and to read them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from storage.errors import CorruptShardError
from storage.parquet import reading
from storage.warehouse import Warehouse

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar("Record", bound="DataclassInstance")


def new_id(moment: datetime) -> str:
    """Return an id that no other has, and that sorts by its moment, UTC."""
    return f"{moment:%Y-%m-%dT%H-%M-%SZ}-{secrets.token_hex(3)}"


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON object; the same object gives the same bytes."""
    text = json.dumps(document, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def commit_document(warehouse: Warehouse, place: str, document: Mapping[str, Any]) -> None:
    """Commit a JSON object to its place in the warehouse."""
    with warehouse.commit_file(place) as scratch:
        write_document(scratch, document)


def read_document(warehouse: Warehouse, place: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        FileNotFoundError: The file is not there.
        CorruptShardError: The file is none.
    """
    content = warehouse.read_bytes(place)
    with reading(warehouse.uri(place)):
        document = json.loads(content.decode("utf-8"))
        if not isinstance(document, dict):
            raise TypeError("no JSON object")
        return document


def read_record(warehouse: Warehouse, place: str, kind: type[Record]) -> Record:
    """Read a JSON object as a dataclass; what a newer version has added is passed over.

    Raises:
        FileNotFoundError: The file is not there.
        CorruptShardError: A field that has no default is missing.
    """
    document = read_document(warehouse, place)
    with reading(warehouse.uri(place)):
        names = {field.name for field in fields(kind)} & document.keys()
        return kind(**{name: document[name] for name in names})


def inspect_record(warehouse: Warehouse, place: str, kind: type[Record]) -> Record | None:
    """Read a JSON object as a dataclass whose every field has its type; None if it is gone.

    Raises:
        CorruptShardError: It is none.
    """
    record = find_record(warehouse, place, kind)
    if record is not None:
        for name, expected in get_type_hints(kind).items():
            if not isinstance(value := getattr(record, name), expected):
                raise CorruptShardError(warehouse.uri(place), f"its {name} is {value!r}")
    return record


def find_record(warehouse: Warehouse, place: str, kind: type[Record]) -> Record | None:
    """Read a JSON object as a dataclass, if it is there."""
    try:
        return read_record(warehouse, place, kind)
    except FileNotFoundError:
        return None


def find_records(warehouse: Warehouse, places: Iterable[str], kind: type[Record]) -> list[Record]:
    """Read those of many JSON objects that are there, in order."""
    found = warehouse.each(lambda place: find_record(warehouse, place, kind), places)
    return [record for record in found if record is not None]
