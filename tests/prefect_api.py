"""Prefect's API as its UI uses it, and what tests of real servers need around it."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

# A flow that waits stands for a night's work.
WAIT_HERE = """
import time
from pathlib import Path
from prefect import flow

@flow
def wait_here(folder: str, seconds: int = 0) -> None:
    with (Path(folder) / "starts").open("a") as starts:
        starts.write("started\\n")
    time.sleep(seconds)
    (Path(folder) / "done").touch()
"""


@dataclass(frozen=True)
class Api:
    """The API of a server, with the name and password that it asks for."""

    url: str
    auth: str | None = None

    def ask(self, path: str, body: Any = None, method: str = "POST") -> Any:
        headers = {"content-type": "application/json"}
        if self.auth:
            headers["authorization"] = f"Basic {base64.b64encode(self.auth.encode()).decode()}"
        content = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/{path}", content, headers, method=method)
        with urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def is_up(self) -> bool:
        try:
            return self.ask("health", method="GET") is True
        except (URLError, OSError):
            return False

    def start(self, name: str, parameters: Any = None) -> str:
        """Start a run of the deployment FLOW/DEPLOYMENT and return its id."""
        deployment = self.ask(f"deployments/name/{name}", method="GET")["id"]
        body = {} if parameters is None else {"parameters": parameters}
        return str(self.ask(f"deployments/{deployment}/create_flow_run", body)["id"])

    def state(self, run_id: str) -> str:
        return str(self.ask(f"flow_runs/{run_id}", method="GET")["state"]["name"])


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(condition: Callable[[], object], seconds: float, log: Callable[[], str]) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain; the log ends with:\n{log()[-4000:]}"
        time.sleep(0.2)
