"""The commands that set up a site; they run no flow themselves."""

from __future__ import annotations

import asyncio
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

    root = _project(PREFECT_FILE)
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


def deploy() -> None:
    """Tell the Prefect server at PREFECT_API_URL of the work pool, deployments and automations.

    What is there already is brought up to date. 'nightjar serve' does this by itself.
    """
    if not os.environ.get("PREFECT_API_URL"):
        wrong_usage("set PREFECT_API_URL to the server's address, as http://127.0.0.1:4200/api")
    from flows.serving.layout import PREFECT_FILE

    root = _project(PREFECT_FILE)
    os.environ["NIGHTJAR_ROOT"] = str(root)
    from prefect.client.orchestration import get_client

    from flows.serving.registration import REFUSALS, register

    async def bring_up_to_date() -> bool:
        async with get_client() as client:
            return await register(client, root)

    try:
        changed = asyncio.run(bring_up_to_date())
    except REFUSALS as error:
        complain(str(error))
        sys.exit(FAILED)
    sys.stdout.write(f"deployments {'registered' if changed else 'are as they were'}\n")


def _project(prefect_file: Path) -> Path:
    """Return the folder of the project whose deployments are meant."""
    root = Path(os.environ.get("NIGHTJAR_ROOT") or Path(__file__).parents[2]).resolve()
    if not (root / prefect_file).is_file():
        wrong_usage(f"no {root / prefect_file}: set NIGHTJAR_ROOT to a clone of nightjar")
    return root
