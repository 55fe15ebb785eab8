"""The automation that ends silent runs, on a real server, with less patience than it ships with."""

import time
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.events import emit_event
from prefect.events.schemas.automations import AutomationCore, EventTrigger
from prefect.events.worker import EventsWorker
from prefect.flows import Flow
from prefect.states import AwaitingRetry, Running

from flows.serving.layout import AUTOMATIONS_FILE
from tests.footage import ROOT


def a_night() -> None:
    """Stand for a flow whose process is gone."""


@pytest.fixture
def client(api_url: str) -> Iterator[SyncPrefectClient]:
    """Return a client of a server that has the automation."""
    assert api_url
    (document,) = yaml.safe_load((ROOT / AUTOMATIONS_FILE).read_text())
    automation = AutomationCore.model_validate(document)
    assert isinstance(automation.trigger, EventTrigger)
    automation.trigger.within = timedelta(seconds=10)
    with get_client(sync_client=True) as made:
        created = made.create_automation(automation)
        yield made
        made.delete_automation(created)


def running(client: SyncPrefectClient) -> FlowRun:
    """Return a run that has given one sign of life."""
    run = client.create_flow_run(Flow(a_night), name=f"night-{uuid4().hex}")
    client.set_flow_run_state(run.id, Running())
    emit_event("prefect.flow-run.heartbeat", {"prefect.resource.id": f"prefect.flow-run.{run.id}"})
    EventsWorker.drain_all(timeout=20)
    return run


def state_name(client: SyncPrefectClient, run: FlowRun) -> str:
    state = client.read_flow_run(run.id).state
    return "" if state is None else str(state.name)


def test_a_silent_run_is_ended_and_one_that_waits_is_not(client: SyncPrefectClient) -> None:
    silent, waiting = running(client), running(client)
    time.sleep(2)
    client.set_flow_run_state(waiting.id, AwaitingRetry(), force=True)
    end = time.monotonic() + 60
    while state_name(client, silent) == "Running":
        assert time.monotonic() < end, "not ended"
        time.sleep(0.5)
    assert state_name(client, silent) == "Crashed"
    time.sleep(3)
    assert state_name(client, waiting) == "AwaitingRetry"
