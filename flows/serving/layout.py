"""What a site on one machine is made of: its home, its address, its processes' environment."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PREFECT_FILE = Path("deployments/prefect.yaml")
AUTOMATIONS_FILE = Path("deployments/automations.yaml")
POOL = "nightjar"
_DAY_S = 24 * 60 * 60

# What the environment says already is left as it is.
_DEFAULTS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_UI_API_URL": "/api",  # so that the page works through a tunnel and a proxy
    "PREFECT_LOGGING_EXTRA_LOGGERS": "tasks,storage",
    # A server that has lost its database answers 500: two minutes of that are waited out.
    "PREFECT_CLIENT_RETRY_EXTRA_CODES": "500",
    "PREFECT_CLIENT_MAX_RETRIES": "6",
    # deployments/automations.yaml ends a run that has been silent for ten of these.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "PREFECT_SERVER_DATABASE_TIMEOUT": "60",  # SQLite has one writer: others wait, and do not fail
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P7D",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_EVENT_RETENTION_OVERRIDES": (
        f'{{"prefect.flow-run.heartbeat": {_DAY_S}}}'
    ),
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


@dataclass(frozen=True, slots=True)
class Site:
    """A site on one machine.

    Attributes:
        home: Folder of Prefect's database and settings.
        root: Folder of this project, which holds ``deployments/``.
        host: Address that the server listens on.
        port: Port that the server listens on.
        runs: How many runs the worker carries out at once.
        keep_days: Days after which Prefect forgets a run that has ended.
    """

    home: Path
    root: Path
    host: str
    port: int
    runs: int
    keep_days: int

    @property
    def keep_s(self) -> int:
        """Return the seconds after which Prefect forgets a run that has ended."""
        return self.keep_days * _DAY_S

    @property
    def api_url(self) -> str:
        """Return where processes of this machine reach the server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/api"

    def is_exposed(self) -> bool:
        """Return whether other machines reach the server."""
        if self.host == "localhost":
            return False
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:  # a name: who knows where it leads
            return True

    def environment(self, given: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return the environment of the site's processes."""
        fixed = {
            "PREFECT_HOME": str(self.home),
            "PREFECT_API_URL": self.api_url,
            "NIGHTJAR_ROOT": str(self.root),
        }
        of_this_site = {
            "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(self.keep_s),
            # Prefect unpacks its page beside its own code, which is not to be written.
            "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(self.home / "ui"),
        }
        # The worker and its runs show the server what the server asks for.
        secret = given.get("PREFECT_SERVER_API_AUTH_STRING")
        auth = {"PREFECT_API_AUTH_STRING": secret} if secret else {}
        return {**_DEFAULTS, **of_this_site, **auth, **given, **fixed}

    def server_command(self) -> list[str]:
        """Return what starts Prefect's server."""
        where = ["--host", self.host, "--port", str(self.port)]
        return [sys.executable, "-m", "flows.serving.server", "server", "start", *where]

    def opening_command(self) -> list[str]:
        """Return what makes the server ready for the worker."""
        return [sys.executable, "-m", "flows.serving.opening", str(self.root)]

    def worker_command(self) -> list[str]:
        """Return what starts the worker."""
        pool = ["--type", "process", "--pool", POOL, "--limit", str(self.runs)]
        return [sys.executable, "-m", "prefect", "worker", "start", *pool]
