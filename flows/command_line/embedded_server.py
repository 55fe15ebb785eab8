"""Prefect's server for the time of one command: it ends when the command does, and only then.

    python -m flows.command_line.embedded_server DESCRIPTOR

The descriptor is that of a socket that listens.

A signal that is sent to a whole group or unit of processes, as a terminal and systemd do, reaches
the server too. If it ended at once, the command could not say that it was ended: it would ask for
the server again and again, for minutes. So the server ignores signals, and ends with its standard
input, which the command holds, however that ends.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import AbstractContextManager, nullcontext
from threading import Thread

import uvicorn

_ENDS_WITHIN_S = 4


class _Server(uvicorn.Server):
    """A server that is stopped by its standard input."""

    begun = False  # whether there is anything to put in order before the end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the database and answer."""
        self.begun = True
        await super().startup(sockets)

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Leave signals alone."""
        return nullcontext()

    def end_with_input(self) -> None:
        """Wait until standard input ends, then stop."""
        sys.stdin.buffer.read()
        self.should_exit = True
        if not self.begun:
            os._exit(0)  # in the middle of its imports


def main() -> None:
    """Serve Prefect's API on the socket whose descriptor is the argument."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    config = uvicorn.Config(
        "flows.serving.server:create_app",
        factory=True,
        log_level="error",
        lifespan="on",
        timeout_graceful_shutdown=_ENDS_WITHIN_S,
    )
    server = _Server(config)
    Thread(target=server.end_with_input, daemon=True).start()
    server.run([socket.socket(fileno=int(sys.argv[1]))])


if __name__ == "__main__":
    main()
