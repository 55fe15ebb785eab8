"""Prefect's own embedded server, made to end with the process that started it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS,
    get_current_settings,
    temporary_settings,
)

import flows

_STARTS_WITHIN_S = 120  # the first time it makes its database
_ENDS_WITHIN_S = 5.0
# What Prefect sets for its own: no page, and none of the services that a site needs.
_EMBEDDED = {
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
}


class TiedServer(SubprocessASGIServer):
    """The embedded server as a process that ends with its standard input, held by this one."""

    def _run_uvicorn_command(self) -> subprocess.Popen[Any]:
        settings = get_current_settings().to_environment_variables(exclude_unset=True)
        root = str(Path(flows.__path__[0]).parent)  # wherever the command was started
        paths = {"PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}
        return subprocess.Popen(
            [sys.executable, "-m", "flows.command_line.embedded_server", str(self.port)],
            env={**os.environ, **_EMBEDDED, **settings, **paths},
            stdin=subprocess.PIPE,
        )

    def stop(self) -> None:
        """End the server."""
        process = self.server_process
        if process is not None and process.stdin is not None:
            process.stdin.close()
            with suppress(subprocess.TimeoutExpired):  # Prefect kills it then
                process.wait(_ENDS_WITHIN_S)
        super().stop()


@contextmanager
def embedded_server() -> Iterator[None]:
    """Make the embedded server that a flow may start end with this process, even if killed."""
    TiedServer()  # Prefect keeps one instance a process: the first flow starts this one
    # Its heartbeats nobody listens to, and ending them costs each flow up to a second.
    silent = {} if PREFECT_API_URL.value() else {PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
    patience_s = max(_STARTS_WITHIN_S, PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS.value())
    patient = {PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: patience_s}
    with temporary_settings({**silent, **patient}):
        yield
