"""Prefect's server for the time of a block, which ends with the process that started it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import (
    PREFECT_API_REQUEST_TIMEOUT,
    PREFECT_API_URL,
    PREFECT_CLIENT_CSRF_SUPPORT_ENABLED,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS,
    get_current_settings,
    temporary_settings,
)

from flows.command_line.server_process import ServerProcess, start_server_process

_STARTS_WITHIN_S = 120  # the first time it makes its database
_TAKEN_IN_WITHIN_S = 20


@contextmanager
def embedded_server(started: ServerProcess | None = None) -> Iterator[str]:
    """Run the block's flows on a server of their own, whose API's address is yielded.

    It need not answer yet: its socket listens, and the first request waits.

    Args:
        started: The server; a fresh one unless given.
    """
    settings = get_current_settings().to_environment_variables(exclude_unset=True)
    server = started or start_server_process(settings)
    asked = PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS.value()
    patience_s = max(_STARTS_WITHIN_S, asked, PREFECT_API_REQUEST_TIMEOUT.value())
    here = {
        PREFECT_API_URL: server.api_url,
        PREFECT_API_REQUEST_TIMEOUT: patience_s,
        PREFECT_CLIENT_CSRF_SUPPORT_ENABLED: False,  # every client would ask for a token
        # Nobody listens to heartbeats, and ending them costs each flow up to a second.
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
    }
    try:
        with temporary_settings(here):
            try:
                yield server.api_url
            finally:  # or they look for the server for a minute
                for worker in (APILogWorker, EventsWorker):
                    worker.drain_all(timeout=_TAKEN_IN_WITHIN_S)
    finally:
        server.end()
