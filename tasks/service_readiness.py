"""What a Prefect server says of itself, of who works for it, and of the nightly run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tasks.readiness import Check, State, words_of
from tasks.warehouse_readiness import told

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun
    from prefect.client.schemas.responses import DeploymentResponse

POOL = "nightjar"
NIGHTLY = "nightly"
ANSWER_S = 5.0
OVERDUE = timedelta(hours=26)  # a night and what it may start late
SERVICE = ("server", "work pool", "schedule", "last night")
SET_UP = "start 'nightjar serve', or follow README's chapter 'Running it as a service'"


@dataclass(frozen=True, slots=True)
class Nightly:
    """The deployment that is run every night.

    Attributes:
        pool: The work pool whose workers run it, or None where the process that serves it does.
        served: Whether somebody has asked for its runs lately.
        scheduled: Whether it has a schedule that is on.
        next_run: When it runs next, if that is planned.
        last_run: Its newest run that has begun, if there is one.
    """

    pool: str | None
    served: bool
    scheduled: bool
    next_run: datetime | None
    last_run: FlowRun | None


def check_service() -> list[Check]:
    """Return whether there is a Prefect server, somebody works for it, and the night is planned.

    No server is a warning: every command starts one for itself.
    """
    try:
        from prefect.settings import PREFECT_API_URL

        url = PREFECT_API_URL.value()
    except (ImportError, ValueError) as error:  # of settings that pydantic refuses
        remedy = "run 'make install', and look at the PREFECT_ variables and the profile"
        return [Check("server", "failing", words_of(error), remedy), *_unknown()]
    if not url:
        what = "none (PREFECT_API_URL is not set): commands start one for themselves"
        return [Check("server", "warning", what, SET_UP), *_unknown()]
    return _ask(_plain(url))


def _ask(name: str) -> list[Check]:
    """Return what the server of that name answers."""
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.exceptions import PrefectException

    failures = (httpx.HTTPError, httpx.InvalidURL, PrefectException, OSError, ValueError)
    settings = {"timeout": ANSWER_S}
    try:
        with get_client(httpx_settings=settings, sync_client=True) as client:
            server = check_server(client, name)
            if server.state == "failing":
                return [server, *_unknown()]
            nightly = find_nightly(client)
            return [
                server,
                check_workers(client, nightly),
                check_schedule(nightly),
                check_last_night(nightly),
            ]
    except failures as error:
        remedy = "start it, or mend PREFECT_API_URL"
        what = f"{name}: {_plain(words_of(error))}"
        return [Check("server", "failing", what, remedy), *_unknown()]


def check_server(client: SyncPrefectClient, name: str) -> Check:
    """Return whether the server answers, lets us in, and is of our version."""
    import httpx
    import prefect

    try:
        running = str(client.api_version())
    except httpx.HTTPStatusError as error:
        if error.response.status_code in (401, 403):
            what = f"{name} refuses us ({error.response.status_code})"
            remedy = "set PREFECT_API_AUTH_STRING to the server's PREFECT_SERVER_API_AUTH_STRING"
            return Check("server", "failing", what, remedy)
        raise
    if running != prefect.__version__:
        what = f"{name} is Prefect {running}, and this is {prefect.__version__}"
        return Check("server", "warning", what, "run the same version on all machines")
    return Check("server", "ok", f"{name}, Prefect {running}")


def check_workers(client: SyncPrefectClient, nightly: Nightly | None) -> Check:
    """Return whether somebody takes the runs of the work pool, or of the nightly deployment."""
    from prefect.exceptions import ObjectNotFound

    # Without anybody, a night that is planned does not happen.
    worse: State = "failing" if nightly and nightly.scheduled else "warning"
    if nightly and nightly.pool is None:
        if nightly.served:
            return Check("work pool", "ok", f"none: {NIGHTLY} is served by a process of its own")
        what = f"none, and no process serves {NIGHTLY}"
        return Check("work pool", worse, what, "start 'nightjar serve'")
    name = nightly.pool if nightly and nightly.pool else POOL
    try:
        pool = client.read_work_pool(name)
        workers = client.read_workers_for_work_pool(name)
    except ObjectNotFound:
        remedy = f"make it with 'prefect work-pool create --type process {name}'"
        return Check("work pool", worse, f"there is no work pool {name}", remedy)
    online = [worker.name for worker in workers if _is_online(worker)]
    if pool.is_paused:
        remedy = f"let it go on with 'prefect work-pool resume {name}'"
        return Check("work pool", worse, f"{name} is paused", remedy)
    if not online:
        remedy = f"start one with 'prefect worker start --pool {name}'"
        return Check("work pool", worse, f"{name} has no worker online", remedy)
    return Check("work pool", "ok", f"{name}, workers online: {len(online)}")


def check_schedule(nightly: Nightly | None) -> Check:
    """Return whether the night is planned, and when the next is."""
    if nightly is None:
        return Check("schedule", "warning", f"no deployment is called {NIGHTLY}", SET_UP)
    if not nightly.scheduled:
        remedy = f"switch the schedule of {NIGHTLY} on in Prefect's UI"
        return Check("schedule", "warning", f"{NIGHTLY} has no schedule that is on", remedy)
    if nightly.next_run is None:
        remedy = "wait a minute; if it stays so, restart the server, whose scheduler plans runs"
        return Check("schedule", "warning", f"{NIGHTLY} has a schedule, and no run yet", remedy)
    when = nightly.next_run.astimezone().isoformat(sep=" ", timespec="minutes")
    return Check("schedule", "ok", f"{NIGHTLY} runs next {told(nightly.next_run)}, at {when}")


def check_last_night(nightly: Nightly | None) -> Check:
    """Return how the newest nightly run ended."""
    run = nightly.last_run if nightly else None
    if nightly is None or run is None or run.state is None:
        remedy = f"wait for the schedule, or start {NIGHTLY} in Prefect's UI"
        return Check("last night", "warning", f"{NIGHTLY} has not run yet", remedy)
    begun = run.start_time or run.expected_start_time or run.state.timestamp
    what = f"{run.name}, begun {told(begun)}: {run.state.name}"
    if run.state.is_failed() or run.state.is_crashed():
        remedy = f"read its log with 'prefect flow-run logs {run.id}'"
        return Check("last night", "failing", what, remedy)
    if nightly.scheduled and datetime.now(UTC) - begun > OVERDUE:
        remedy = "see whether a worker is online, and what runs late in Prefect's UI"
        return Check("last night", "warning", what, remedy)
    if run.state.is_cancelled():
        return Check("last night", "warning", what, "the next night catches up by itself")
    return Check("last night", "ok", what)


def find_nightly(client: SyncPrefectClient) -> Nightly | None:
    """Return the deployment that is run every night, if there is one; a scheduled one first."""
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName

    named = DeploymentFilter(name=DeploymentFilterName(any_=[NIGHTLY]))
    found = client.read_deployments(deployment_filter=named)
    if not found:
        return None
    deployment = max(found, key=_is_scheduled)
    planned = _runs(client, deployment, ["SCHEDULED"], "EXPECTED_START_TIME_ASC")
    begun = _runs(
        client,
        deployment,
        ["RUNNING", "COMPLETED", "FAILED", "CRASHED", "CANCELLED", "CANCELLING", "PAUSED"],
        "EXPECTED_START_TIME_DESC",
    )
    return Nightly(
        pool=deployment.work_pool_name,
        served=str(getattr(deployment.status, "value", "")) == "READY",
        scheduled=_is_scheduled(deployment),
        next_run=planned[0].expected_start_time if planned else None,
        last_run=begun[0] if begun else None,
    )


def _runs(
    client: SyncPrefectClient, deployment: DeploymentResponse, states: Sequence[str], order: str
) -> list[FlowRun]:
    """Return the first run of a deployment, in some order, whose state is one of some."""
    from prefect.client.schemas.filters import DeploymentFilter, FlowRunFilter
    from prefect.client.schemas.sorting import FlowRunSort

    return client.read_flow_runs(
        deployment_filter=DeploymentFilter.model_validate({"id": {"any_": [str(deployment.id)]}}),
        flow_run_filter=FlowRunFilter.model_validate({"state": {"type": {"any_": list(states)}}}),
        sort=FlowRunSort[order],
        limit=1,
    )


def _is_scheduled(deployment: DeploymentResponse) -> bool:
    """Return whether a deployment has a schedule that is on."""
    return not deployment.paused and any(schedule.active for schedule in deployment.schedules)


def _is_online(worker: Any) -> bool:
    """Return whether a worker has given a sign of life lately."""
    return str(getattr(worker.status, "value", worker.status)).upper() == "ONLINE"


def _plain(words: str) -> str:
    """Return words without the credentials of the URLs in them."""
    return re.sub(r"://[^/\s]*@", "://", words)


def _unknown() -> list[Check]:
    """Return that what the server would tell is not known."""
    what, remedy = "unknown without a server", "see the line of the server"
    return [Check(name, "warning", what, remedy) for name in SERVICE[1:]]
