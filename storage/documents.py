"""JSON documents of the warehouse: one form, one way to write and to read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from storage.parquet import reading
from storage.warehouse import Warehouse

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar("Record", bound="DataclassInstance")


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON object; the same object gives the same bytes."""
    text = json.dumps(document, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def commit_document(warehouse: Warehouse, relative: str, document: Mapping[str, Any]) -> None:
    """Commit a JSON object to its place in the warehouse."""
    with warehouse.commit_file(relative) as scratch:
        write_document(scratch, document)


def read_document(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        CorruptShardError: The file is none.
    """
    with reading(path):
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict):
            raise TypeError("no JSON object")
        return document


def read_record(path: Path, kind: type[Record]) -> Record:
    """Read a JSON object as a dataclass; what a newer version has added is passed over.

    Raises:
        CorruptShardError: A field that has no default is missing.
    """
    document = read_document(path)
    with reading(path):
        names = {field.name for field in fields(kind)} & document.keys()
        return kind(**{name: document[name] for name in names})
