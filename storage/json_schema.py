"""As much of JSON Schema as the project's own schemas need: types, required keys, references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def violations(document: object, schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield where a document breaks the schema, in plain words; formats are not looked at."""
    yield from _violations(document, schema, schema, "it")


def _violations(
    value: object, schema: Mapping[str, Any], whole: Mapping[str, Any], name: str
) -> Iterator[str]:
    """Yield where a value breaks its part of the schema."""
    if "$ref" in schema:
        definition = whole["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        yield from _violations(value, definition, whole, name)
    asked = schema.get("type", [])
    types = [asked] if isinstance(asked, str) else asked
    if types and not any(_is_a(value, kind) for kind in types):
        yield f"{name} is {value!r:.60}, no {' or '.join(types)}"
    elif isinstance(value, dict):
        missing = [key for key in schema.get("required", []) if key not in value]
        yield from (f"{name} has no {key}" for key in missing)
        for key, part in schema.get("properties", {}).items():
            if key in value:
                yield from _violations(value[key], part, whole, f"{name}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _violations(item, schema.get("items", {}), whole, f"{name}[{index}]")


def _is_a(value: object, kind: str) -> bool:
    """Return whether a value is of a type of JSON; Python's booleans are integers, JSON's not."""
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
