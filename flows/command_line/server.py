"""Prefect's own embedded server, made to end with the process that started it."""

from __future__ import annotations

import subprocess
from typing import Any

from prefect.server.api.server import SubprocessASGIServer

# Waits for its standard input to end, which it does when the process that holds it dies.
_WATCH = 'cat >/dev/null; kill "$1" 2>/dev/null'


class _TiedServer(SubprocessASGIServer):
    """The embedded server with a watcher: a killed run would leave it behind for ever."""

    _watcher: subprocess.Popen[bytes] | None = None

    def _run_uvicorn_command(self) -> subprocess.Popen[Any]:
        process = super()._run_uvicorn_command()
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, "nightjar-watch", str(process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for the run, which then ends the server itself
        )
        return process

    def stop(self) -> None:
        super().stop()
        if self._watcher is not None:
            self._watcher.kill()
            self._watcher.communicate()
            self._watcher = None


def tie_embedded_server() -> None:
    """Make the embedded server that a flow may start end with this process, even if killed."""
    _TiedServer()  # Prefect keeps one instance a process: the first flow starts this one
