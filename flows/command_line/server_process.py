"""The process of the embedded server, started without Prefect, which takes seconds to import."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import flows

_ENDS_WITHIN_S = 10.0
# What Prefect sets for its own: no page, and none of the services that a site needs.
_EMBEDDED = {
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
}


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """An embedded server: it may be connected to, and answers once it has started.

    Attributes:
        process: It ends when its standard input does.
        api_url: Address of Prefect's API.
    """

    process: subprocess.Popen[bytes]
    api_url: str

    def end(self) -> None:
        """Let it end with its standard input, or else kill it."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_server_process(settings: Mapping[str, str]) -> ServerProcess:
    """Start an embedded server.

    Args:
        settings: Prefect's, beside those of the environment and of its files.
    """
    root = str(Path(flows.__path__[0]).parent)  # wherever the command was started
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()  # handed over open: nobody else takes its port, and who knocks waits
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.command_line.embedded_server", str(door.fileno())],
            env={**os.environ, **_EMBEDDED, **settings, **paths},
            stdin=subprocess.PIPE,
            pass_fds=[door.fileno()],
        )
        return ServerProcess(process, f"http://127.0.0.1:{door.getsockname()[1]}/api")
