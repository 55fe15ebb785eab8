"""The command that keeps a site on one machine running; it runs no flow itself."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from flows.command_line.console import FAILED, complain, wrong_usage


def serve(
    *,
    home: Path = Path("/var/lib/nightjar"),
    host: str = "127.0.0.1",
    port: int = 4200,
    runs: int = 4,
    keep_days: int = 90,
) -> None:
    """Keep a site on one machine: Prefect's server, a worker and the schedule, until stopped.

    What dies is started again; SIGTERM or Ctrl-C ends all of it. A run in work then is taken up
    again by the next start. The project whose deployments are served is the one this command is
    from, or NIGHTJAR_ROOT. The environment's PREFECT_ settings count.

    Args:
        home: Folder of Prefect's database: what runs there were, what they logged.
        host: Address to listen on. Others than this machine's own need authentication:
            PREFECT_SERVER_API_AUTH_STRING in the environment.
        port: Port to listen on.
        runs: Runs carried out at once; others wait.
        keep_days: Days after which Prefect forgets a run that has ended. Reports stay.
    """
    from flows.serving.layout import PREFECT_FILE, Site
    from flows.serving.supervisor import SiteError, keep_site

    root = Path(os.environ.get("NIGHTJAR_ROOT") or Path(__file__).parents[2]).resolve()
    if not (root / PREFECT_FILE).is_file():
        wrong_usage(f"no {root / PREFECT_FILE}: set NIGHTJAR_ROOT to a clone of nightjar")
    if runs < 1 or keep_days < 1:
        wrong_usage("--runs and --keep-days are at least 1")
    site = Site(home.resolve(), root, host, port, runs, keep_days)
    if site.is_exposed() and not os.environ.get("PREFECT_SERVER_API_AUTH_STRING"):
        wrong_usage(
            f"--host {host} lets other machines in: set PREFECT_SERVER_API_AUTH_STRING to "
            "'name:password' in the environment, or leave it at 127.0.0.1"
        )
    try:
        keep_site(site)
    except (SiteError, OSError) as error:
        complain(str(error))
        sys.exit(FAILED)
