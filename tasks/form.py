"""How a parameter looks in Prefect's form, and what of it a deployment may have left open.

Patterns are for Prefect's server, which refuses by them before a run is made; the flow refuses the
same in plainer words.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

OPEN = "{{"  # how Prefect leaves a value of a deployment whose variable was not set
MOMENT: dict[str, Any] = {
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(Z|[+-][0-9]{2}:?[0-9]{2})$"
}


def told(description: str, **schema: Any) -> Any:
    """Return what the form says of a parameter: Prefect passes a field's own description over."""
    return Field(json_schema_extra={"description": description, **schema})


def given(values: Any) -> Any:
    """Return the values of a list without those that a deployment has left open."""
    if not isinstance(values, list):
        return values
    return [value for value in values if value and not str(value).startswith(OPEN)]


def not_open(place: str) -> str:
    """Refuse a place that a deployment has left open: it would be taken for a folder's name."""
    if not place or place.startswith(OPEN):
        raise ValueError("give a folder or s3://bucket/prefix: the deployment names none")
    return place
