"""Who does the encoding: this process, several of this machine, or those of a Dask cluster.

Beside it, what can be wrong with them.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

PATTERN = r"^(local:[1-9][0-9]{0,2}|dask://[^\s/:]+:[0-9]{1,5})$"
LOCAL = "local:"
DASK = "dask://"


class WorkerError(Exception):
    """Base of every error about workers."""


class WorkersUnusableError(WorkerError, ValueError):
    """Raised when the workers asked for are not there, or lack what the message says."""


class WorkersLostError(WorkerError):
    """Raised when work was lost with its workers: what was committed stays, run again."""


def check_workers(text: str) -> str:
    """Return what ``--workers`` was given.

    Raises:
        WorkersUnusableError: It means nothing.
    """
    if not re.match(PATTERN, text):
        raise WorkersUnusableError(
            f"--workers {text!r}: give {LOCAL}N for N processes of this machine, or "
            f"{DASK}HOST:PORT for the workers of a Dask scheduler"
        )
    return text


Workers = Annotated[
    Annotated[str, AfterValidator(check_workers), Field(json_schema_extra={"pattern": PATTERN})]
    | None,
    Field(
        description="Who encodes: local:N for N processes of this machine, dask://HOST:PORT for "
        "the workers of a Dask scheduler; this process alone unless told."
    ),
]


def are_elsewhere(workers: str | None) -> bool:
    """Return whether other machines may do the encoding."""
    return workers is not None and workers.startswith(DASK)
