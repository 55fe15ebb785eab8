"""Prefect's own embedded server, made to end with the process that started it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from typing import Any

from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import get_current_settings

_ENDS_WITHIN_S = 5.0
# What Prefect sets for its own: no page, and none of the services that a site needs.
_EPHEMERAL = {
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
}


class _TiedServer(SubprocessASGIServer):
    """The embedded server as a process that ends with its standard input, held by this one."""

    def _run_uvicorn_command(self) -> subprocess.Popen[Any]:
        settings = get_current_settings().to_environment_variables(exclude_unset=True)
        return subprocess.Popen(
            [sys.executable, "-m", "flows.command_line.embedded_server", str(self.port)],
            env={**os.environ, **_EPHEMERAL, **settings},
            stdin=subprocess.PIPE,
        )

    def stop(self) -> None:
        process = self.server_process
        if process is not None and process.stdin is not None:
            process.stdin.close()
            with suppress(subprocess.TimeoutExpired):  # Prefect kills it then
                process.wait(_ENDS_WITHIN_S)
        super().stop()


def tie_embedded_server() -> None:
    """Make the embedded server that a flow may start end with this process, even if killed."""
    _TiedServer()  # Prefect keeps one instance a process: the first flow starts this one
