"""Keeps a site's server and worker running until it is told to end, and leaves nothing behind."""

from __future__ import annotations

import fcntl
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

from flows.serving.children import Child, adopt_orphans, end_orphans, end_with_parent, orphans
from flows.serving.layout import Site

_STARTUP_S = 300.0  # the first start makes the database: half a minute on a slow machine
_PORT_FREE_S = 15.0
_TURN_S = 0.5
_RUNS_END_S = 30.0
_PROCESS_ENDS_S = 15.0


class SiteError(Exception):
    """Raised when a site cannot start; the message says what to do."""


def keep_site(site: Site) -> None:
    """Run a site until SIGTERM or SIGINT.

    Raises:
        SiteError: The home or the port is taken, or the site's deployments are not accepted.
    """
    told_to_end = Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        told_to_end.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, note)
    with _sole_user(site.home):
        _wait_for_port(site, told_to_end)
        adopt_orphans()
        environment = site.environment()
        server = Child("server", site.server_command(), environment, site.home, say)
        worker = Child("worker", site.worker_command(), environment, site.home, say)
        try:
            _open(site, server, told_to_end)
            while not told_to_end.wait(_TURN_S):
                for child in (server, worker):
                    child.look_after()
                orphans([server.pid, worker.pid])  # reaped, but left to finish
        finally:
            say("ends")
            worker.end(_RUNS_END_S)
            end_orphans([server.pid], _RUNS_END_S)
            server.end(_PROCESS_ENDS_S)
            end_orphans([], _PROCESS_ENDS_S)


def _open(site: Site, server: Child, told_to_end: Event) -> None:
    """Start the server, and tell it of the deployments once it answers."""
    deadline = time.monotonic() + _STARTUP_S
    while not told_to_end.is_set():
        server.look_after()
        if server.pid is not None and is_healthy(site.api_url):
            break
        if time.monotonic() > deadline:
            raise SiteError(f"the server does not answer at {site.api_url}: see its lines above")
        told_to_end.wait(_TURN_S)
    if not told_to_end.is_set():
        _register(site, told_to_end)
    if not told_to_end.is_set():
        say(f"ready: {site.api_url.removesuffix('/api')}")


def _register(site: Site, told_to_end: Event) -> None:
    process = subprocess.Popen(
        site.opening_command(), env=site.environment(), cwd=site.root,
        stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=end_with_parent,
    )  # fmt: skip
    while process.poll() is None:
        if told_to_end.wait(_TURN_S):
            process.terminate()
    if process.returncode and not told_to_end.is_set():
        raise SiteError("the deployments were not accepted: see the lines above")


def is_healthy(api_url: str) -> bool:
    """Return whether a server answers there; it says so without authentication."""
    try:
        with urlopen(f"{api_url}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def say(line: str) -> None:
    """Print one line on standard error, which is the site's log."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    sys.stderr.write(f"{now} nightjar serve: {line}\n")
    sys.stderr.flush()


@contextmanager
def _sole_user(home: Path) -> Iterator[None]:
    """Hold a site's home, which the kernel frees however this process ends."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SiteError(
                f"'nightjar serve' runs on {home} already: stop it, or give another --home"
            ) from None
        yield


def _wait_for_port(site: Site, told_to_end: Event) -> None:
    """Wait for the port, which the server of a killed site may hold for some seconds."""
    deadline = time.monotonic() + _PORT_FREE_S
    while not told_to_end.is_set():
        try:
            family, kind, _, _, address = socket.getaddrinfo(
                site.host, site.port, type=socket.SOCK_STREAM
            )[0]
            with socket.socket(family, kind) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind(address)
        except OSError as error:
            if time.monotonic() > deadline:
                raise SiteError(
                    f"cannot listen on {site.host} port {site.port} ({error.strerror or error}): "
                    "give another --port or --host"
                ) from error
            told_to_end.wait(_TURN_S)
        else:
            return
