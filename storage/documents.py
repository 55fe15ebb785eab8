"""JSON documents of the warehouse: one form, one way to write and to read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from storage.errors import CorruptShardError
from storage.warehouse import Warehouse


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
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CorruptShardError(f"{path} is no JSON document ({error}): delete it") from error
    if not isinstance(document, dict):
        raise CorruptShardError(f"{path} holds no JSON object: delete it")
    return document
