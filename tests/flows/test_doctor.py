"""The doctor: one screen, a document, an exit code; with a real server and with none."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.schedules import CronSchedule
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Completed, Failed

from tasks import service_readiness
from tasks.service_readiness import Nightly, check_service, check_workers
from tests.flows.conftest import Nightjar

NIGHTLY, POOL = "doctors-night", "doctors-pool"  # other tests deploy the real ones
SERVER = ("server", "work pool", "schedule", "last night")


@pytest.fixture
def client(api_url: str) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def nightly(client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[UUID]:
    """Deploy a flow as it is deployed for every night."""
    monkeypatch.setattr(service_readiness, "NIGHTLY", NIGHTLY)
    monkeypatch.setattr(service_readiness, "POOL", POOL)
    client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    flow_id = client.create_flow_from_name("run-nightly")
    schedule = DeploymentScheduleCreate(schedule=CronSchedule(cron="0 3 * * *"), active=True)
    deployment_id = client.create_deployment(
        flow_id=flow_id, name=NIGHTLY, work_pool_name=POOL, schedules=[schedule]
    )
    yield deployment_id
    client.delete_deployment(deployment_id)
    client.delete_work_pool(POOL)


def states() -> dict[str, str]:
    return {check.name: check.state for check in check_service()}


def test_without_a_server_there_are_warnings_alone(
    nightjar: Nightjar, model: Path, tmp_path: Path
) -> None:
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        result = nightjar("doctor", "--json", "--model", model, "--warehouse", tmp_path / "w")
    checks = {check["name"]: check for check in result.document["checks"]}
    assert (result.code, result.document["ready"]) == (0, True), result.out
    assert [checks[name]["state"] for name in SERVER] == ["warning"] * 4
    assert all(bool(check["remedy"]) is (check["state"] != "ok") for check in checks.values())


def test_something_that_fails_ends_with_1_and_its_remedy(
    nightjar: Nightjar, tmp_path: Path
) -> None:
    result = nightjar("doctor", "--model", tmp_path, "--warehouse", "/proc/x", "--device", "cpu")
    assert result.code == 1
    failing = [line for line in result.out.splitlines() if line.startswith("failing")]
    assert [line.split()[1] for line in failing] == ["checkpoint", "warehouse"]
    assert result.out.count("remedy: ") >= 2


def test_a_night_that_is_planned_needs_a_worker(client: SyncPrefectClient, nightly: UUID) -> None:
    assert states()["server"] == "ok"
    assert states()["work pool"] == "failing", "nobody would run it"
    client.send_worker_heartbeat(POOL, "worker-1", heartbeat_interval_seconds=30)
    assert states()["work pool"] == "ok"
    client.pause_deployment(nightly)
    assert states()["schedule"] == "warning"


def test_how_the_last_night_ended_is_told(client: SyncPrefectClient, nightly: UUID) -> None:
    assert states()["last night"] == "warning", "it has not run yet"
    run = client.create_flow_run_from_deployment(nightly)
    client.set_flow_run_state(run.id, Completed(), force=True)
    assert states()["last night"] == "ok"
    client.set_flow_run_state(run.id, Failed(message="no"), force=True)
    last = next(check for check in check_service() if check.name == "last night")
    assert (last.state, str(run.id) in last.remedy) == ("failing", True)


def test_a_deployment_that_is_served_needs_no_work_pool(client: SyncPrefectClient) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    served = Nightly(pool=None, served=True, scheduled=True, next_run=soon, last_run=None)
    assert check_workers(client, served).state == "ok"
    left = Nightly(pool=None, served=False, scheduled=True, next_run=soon, last_run=None)
    assert check_workers(client, left).state == "failing"


@pytest.mark.parametrize("place", ["127.0.0.1:9/api", "{server}/nothing"])
def test_a_server_that_is_asked_for_and_does_not_answer_fails(api_url: str, place: str) -> None:
    server = urlsplit(api_url).netloc
    secret = f"http://user:hush@{place.format(server=server)}"
    with temporary_settings({PREFECT_API_URL: secret}):
        found = check_service()
    assert found[0].state == "failing"
    assert "hush" not in str(found)
    assert place.format(server=server) in found[0].what
