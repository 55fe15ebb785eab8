"""What the command line prints, where, and with which exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from storage.errors import InvalidNameError, NotStoredError, StorageError, WarehouseUnusableError
from tasks.encoder.errors import CheckpointUnusableError, DeviceUnavailableError, EncoderError
from tasks.normality.errors import IncompatibleProfileError, NormalityError, ThresholdError
from tasks.video.errors import FootageNotFoundError, VideoError

FAILED = 1
WRONG_USAGE = 2
USAGE_ERRORS = (
    CheckpointUnusableError,
    DeviceUnavailableError,
    FootageNotFoundError,
    IncompatibleProfileError,
    InvalidNameError,
    NotStoredError,
    ThresholdError,
    ValidationError,
    WarehouseUnusableError,
)
KNOWN_ERRORS = (EncoderError, NormalityError, StorageError, VideoError, OSError)


def exit_code_of(error: Exception) -> int | None:
    """Return the exit code of an error with a message for the user, None for any other."""
    if isinstance(error, USAGE_ERRORS):
        return WRONG_USAGE
    return FAILED if isinstance(error, KNOWN_ERRORS) else None


def message_of(error: Exception) -> str:
    """Return what an error tells the user, in one line."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        option = "--" + ".".join(map(str, first["loc"])).replace("_", "-")
        return f"{option}: {first['msg'].lower()}, got {first['input']!r}"
    return " ".join(str(error).split())


def complain(message: str) -> None:
    """Print one line on standard error."""
    sys.stderr.write(f"nightjar: {message}\n")


def show(document: Mapping[str, Any], lines: Iterable[str], as_json: bool) -> None:
    """Print a result: the document as JSON, or else the lines."""
    text = json.dumps(document, indent=2) if as_json else "\n".join(lines)
    sys.stdout.write(text + "\n")


@contextmanager
def reserved_stdout() -> Iterator[None]:
    """Send all that the block, its libraries and its children print to standard error."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
