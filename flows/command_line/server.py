"""Prefect's own embedded server, made to end with the process that started it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    get_current_settings,
    temporary_settings,
)

import flows

_EMBEDDED = {
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
}
# Waits for its standard input to end, which it does when the process that holds it dies.
_WATCH = 'cat >/dev/null; kill "$1" 2>/dev/null'


class TiedServer(SubprocessASGIServer):
    """The embedded server with a watcher: a killed run would leave it behind for ever."""

    _watcher: subprocess.Popen[bytes] | None = None

    def _run_uvicorn_command(self) -> subprocess.Popen[Any]:
        # As Prefect's own, but for the application.
        command = [sys.executable, "-m", "uvicorn", "--factory", "flows.serving.server:create_app"]
        command += ["--app-dir", str(Path(flows.__path__[0]).parent), "--lifespan", "on"]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--log-level", "error"]
        settings = get_current_settings().to_environment_variables(exclude_unset=True)
        process = subprocess.Popen(command, env={**os.environ, **_EMBEDDED, **settings})
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, "nightjar-watch", str(process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for the run, which then ends the server itself
        )
        return process

    def stop(self) -> None:
        """End the server and its watcher."""
        super().stop()
        if self._watcher is not None:
            self._watcher.kill()
            self._watcher.communicate()
            self._watcher = None


@contextmanager
def embedded_server() -> Iterator[None]:
    """Make the embedded server that a flow may start end with this process, even if killed."""
    TiedServer()  # Prefect keeps one instance a process: the first flow starts this one
    # Its heartbeats nobody listens to, and ending them costs each flow up to a second.
    silent = {} if PREFECT_API_URL.value() else {PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
    with temporary_settings(silent):
        yield
