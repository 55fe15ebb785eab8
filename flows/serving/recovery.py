"""Takes up again the runs that the site's last end has cut off: a restart, a power cut, a kill."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import AwaitingRetry, Cancelled, Crashed

from flows.serving.layout import POOL

_MOST_STARTS = 3
# A server that was away for longer than a run may be silent ends that run when it is back: within
# some seconds, which are waited for, or what was taken up again would be ended afterwards.
_JUDGED_S = 12.0
_JUST_NOW = timedelta(minutes=2)
SILENT = "No sign of life for five minutes."
_UNFINISHED = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]


async def take_up_again(client: PrefectClient) -> list[str]:
    """Give every run that lost its process the state it should have; return what was done."""
    if not await _cut_off(client):
        return []
    await asyncio.sleep(_JUDGED_S)
    done = []
    for run in await _cut_off(client):
        state = _state_after(run)
        await client.set_flow_run_state(run.id, state)
        done.append(f"the run {run.name} was cut off and is now {state.name}")
    return done


async def _cut_off(client: PrefectClient) -> list[FlowRun]:
    """Return the runs that should have a process on this machine and have none."""
    types = FlowRunFilterStateType(any_=[*_UNFINISHED, StateType.CRASHED])
    runs = await client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=types)),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL])),
        sort=FlowRunSort.START_TIME_DESC,
    )
    return [run for run in runs if _is_unfinished(run) and not _has_process(run)]


def _is_unfinished(run: FlowRun) -> bool:
    if run.state is None or run.state.type is not StateType.CRASHED:
        return True
    recent = datetime.now(UTC) - run.state.timestamp < _JUST_NOW
    return recent and (run.state.message or "").startswith(SILENT)


def _state_after(run: FlowRun) -> State[None]:
    if run.state is not None and run.state.type is StateType.CANCELLING:
        return Cancelled(message="Its process had ended when nightjar serve started.")
    if run.run_count >= _MOST_STARTS:
        return Crashed(message=f"Cut off {run.run_count} times: it is not started again.")
    return AwaitingRetry(message="Cut off; starts again, and goes on from what was committed.")


def _has_process(run: FlowRun) -> bool:
    """Return whether a process of this machine carries out a run; it has the id around it."""
    mark = str(run.id).encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes():
                return True
        except OSError:  # it has ended, or is somebody else's
            continue
    return False
