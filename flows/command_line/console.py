"""Where a command runs and speaks: its environment, its output, its exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NoReturn

from flows.command_line.options import Common, Output
from flows.command_line.server_process import start_server_process

FAILED = 1
WRONG_USAGE = 2
_SETTINGS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "tasks,storage",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",  # else a warning that is no log line
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
# The server keeps the whole log; on the console it would drown what the command has to say.
_QUIET = {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL", "HF_HUB_VERBOSITY": "error"}


@contextmanager
def session(output: Output, runs_flow: bool = True) -> Iterator[None]:
    """Run the block; errors that tell the user something end the process.

    Args:
        output: How the command speaks.
        runs_flow: Whether the block may start Prefect's embedded server.
    """
    for name, value in {**_SETTINGS, **({} if output.verbose else _QUIET)}.items():
        os.environ.setdefault(name, value)
    if isinstance(output, Common) and output.metrics_file:
        os.environ["NIGHTJAR_METRICS_FILE"] = output.metrics_file
    with _reserved_stdout(), _server(runs_flow):
        refused, failures = _errors()
        try:
            yield
        except refused as error:
            wrong_usage(message_of(error))
        except failures as error:
            complain(message_of(error))
            sys.exit(FAILED)


def _server(runs_flow: bool) -> AbstractContextManager[object]:
    """Return the block around what needs Prefect's server, unless its settings name one."""
    if not runs_flow:
        return nullcontext()
    # It starts while this process imports Prefect and what else the command needs.
    early = "prefect" not in sys.modules and not os.environ.get("PREFECT_API_URL")
    started = start_server_process({}) if early else None
    from prefect.settings import PREFECT_API_URL

    if PREFECT_API_URL.value():
        if started is not None:
            started.end()
        return nullcontext()
    from flows.command_line.server import embedded_server

    return embedded_server(started)


def _errors() -> tuple[tuple[type[Exception], ...], tuple[type[Exception], ...]]:
    """Return the errors of wrong usage and those of failure; any other is a fault of ours."""
    from pydantic import ValidationError

    from storage import errors as storage
    from tasks.encoder import errors as encoder
    from tasks.normality import errors as normality
    from tasks.video import errors as video
    from tasks.worker_choice import WorkerError, WorkersUnusableError

    refused = (
        encoder.CheckpointUnusableError,
        encoder.DeviceUnavailableError,
        encoder.SketchTooWideError,
        normality.IncompatibleProfileError,
        normality.MissingStatisticsError,
        normality.NoNormalFootageError,
        normality.ThresholdError,
        storage.InvalidNameError,
        storage.NotStoredError,
        storage.WarehouseUnusableError,
        video.FootageNotFoundError,
        video.PathPatternError,
        ValidationError,
        WorkersUnusableError,
    )
    failures = (
        encoder.EncoderError,
        normality.NormalityError,
        storage.StorageError,
        video.VideoError,
        OSError,
        WorkerError,
    )
    return refused, failures


def message_of(error: Exception) -> str:
    """Return what an error tells the user."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        first = error.errors()[0]
        option = "--" + ".".join(map(str, first["loc"])).replace("_", "-")
        return f"{option}: {first['msg'].lower()}, got {first['input']!r}"
    return str(error)


def wrong_usage(message: str) -> NoReturn:
    """Say what is wrong with a command, and end."""
    complain(message)
    sys.exit(WRONG_USAGE)


def complain(message: str) -> None:
    """Print one line on standard error."""
    sys.stderr.write(f"nightjar: {' '.join(message.split())}\n")


def show(document: Mapping[str, Any], lines: Iterable[str], as_json: bool) -> None:
    """Print a result: the document as JSON, or else the lines."""
    text = json.dumps(document, indent=2) if as_json else "\n".join(lines)
    sys.stdout.write(text + "\n")


@contextmanager
def _reserved_stdout() -> Iterator[None]:
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
