"""Telling an address that holds credentials, which would be written wherever the address goes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

# name@ or name:secret@ before the host, where a secret may hold slashes; or one in the query.
_HELD = (
    r"[A-Za-z][A-Za-z0-9+.-]*://"
    r"(?:[^/?#]*@|[^/?#:@]+:[^@]*@|[^?]*\?(?:.*&)?"
    r"(?:[A-Za-z0-9_.-]*(?:[Kk]ey|[Ss]ecret|[Tt]oken|[Pp]assw|[Ss]ignature|[Cc]redential)"
    r"[A-Za-z0-9_.-]*=|endpoint_override=[^&]*@))"
)
REFUSAL = (
    "an address that holds credentials would end up in logs: leave them out and give them by "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or the machine's role"
)


def holds_credentials(text: str) -> bool:
    """Return whether a text holds a URI with credentials, whatever stands before it."""
    return re.search(_HELD, text) is not None


class NoCredentials:
    """Marks a text that is refused if it is a URI with credentials, and says so in its schema.

    Prefect's server goes by the schema: it takes no such parameter in, and stores none.
    """

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return a schema that validates."""
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(_refuse, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return what the schema says to others."""
        return {**handler(schema), "pattern": f"^(?!{_HELD})"}


def _refuse(text: str) -> str:
    """Return a text that holds no credentials; the message of the error does not repeat it."""
    if holds_credentials(text):
        raise ValueError(REFUSAL)
    return text
