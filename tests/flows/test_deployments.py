"""A site as it runs: a real server, a real worker, and what somebody does in Prefect's UI.

It runs on Postgres and asks for a password, as a site of several machines does, or on SQLite where
there is no Postgres. ``make site`` runs it on both, and waits until a run is due by the schedule.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import yaml
from prefect.server.schemas.schedules import CronSchedule

from tests.checkpoints import save_shape
from tests.footage import ROOT, write_video
from tests.postgres import cluster, is_wanted
from tests.prefect_api import free_port
from tests.prefect_home import prefect_home

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
whole = pytest.mark.skipif(not os.environ.get("NIGHTJAR_SITE"), reason="make site runs it")
DEPLOY = [sys.executable, "-m", "flows.command_line", "deploy"]
PATTERN = "{camera}/{start:%Y-%m-%d/%H.%M.%S}.avi"
FINAL = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")
PATIENCE_S = 300  # a busy machine is slow at times
YARD_VIDEOS = 40
USUAL, OTHER = ("postgres", "sqlite") if is_wanted() else ("sqlite", "postgres")
USER, PASSWORD = "nightjar", "wordless-and-secret"


@dataclass
class Site:
    """A server on a port of its own, what is deployed on it, and a worker."""

    folder: Path
    environment: dict[str, str]
    client: httpx.Client
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str, program: str = "prefect") -> None:
        command = [sys.executable, "-m", program, *arguments]
        with (self.folder / f"{arguments[0]}.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    command, cwd=self.folder, env=self.environment, stdout=log, stderr=log
                )
            )

    def post(self, place: str, body: Any) -> httpx.Response:
        """Ask again while SQLite is busy, as Prefect's own clients do."""
        end = time.monotonic() + PATIENCE_S
        while True:
            answer = self.client.post(place, json=body)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > end:
                return answer
            time.sleep(1)

    def ask(self, place: str, **body: Any) -> Any:
        return self.post(place, body).raise_for_status().json()

    def deployment(self, name: str) -> dict[str, Any]:
        wanted = {"deployments": {"name": {"any_": [name]}}}
        (found,) = self.ask("/deployments/filter", **wanted)
        deployment: dict[str, Any] = found
        return deployment

    def submit(self, name: str, **parameters: Any) -> httpx.Response:
        """Do what the button at the foot of the form does."""
        place = f"/deployments/{self.deployment(name)['id']}/create_flow_run"
        body = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        return self.post(place, body)

    def run(self, name: str, **parameters: Any) -> str:
        return str(self.submit(name, **parameters).raise_for_status().json()["id"])

    def state(self, run_id: str) -> dict[str, Any]:
        run: dict[str, Any] = self.client.get(f"/flow_runs/{run_id}").raise_for_status().json()
        return run

    def finished(self, run_id: str) -> dict[str, Any]:
        wait_for(lambda: self.state(run_id)["state_type"] in FINAL)
        return self.state(run_id)

    def shards(self) -> dict[Path, int]:
        found = (self.folder / "warehouse" / "embeddings").rglob("part-*.parquet")
        return {path: path.stat().st_ino for path in found}

    def engines(self) -> list[int]:
        """Return the processes of flow runs of this site, and their children."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (folder / "cmdline").read_bytes()
                ours = (
                    self.environment["PREFECT_HOME"].encode() in (folder / "environ").read_bytes()
                )
                if ours and (b"prefect.engine" in words or b"multiprocessing" in words):
                    found.append(int(folder.name))
        return found


def wait_for(condition: Any) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


@pytest.fixture(
    scope="module",
    params=[USUAL, pytest.param(OTHER, marks=whole)],
)
def site(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Site]:
    """Set up a site as the README says."""
    with ExitStack() as stack:
        database = {}
        if request.param == "postgres":
            url = stack.enter_context(cluster()).url
            database = {
                "PREFECT_API_DATABASE_CONNECTION_URL": url,
                "PREFECT_SERVER_API_AUTH_STRING": f"{USER}:{PASSWORD}",
                "PREFECT_API_AUTH_STRING": f"{USER}:{PASSWORD}",
            }
        yield stack.enter_context(running_site(tmp_path_factory, database))


@contextmanager
def running_site(
    tmp_path_factory: pytest.TempPathFactory, database: dict[str, str]
) -> Iterator[Site]:
    folder, port = tmp_path_factory.mktemp("site"), free_port()
    write_video(folder / "normal" / "door" / "2026-11-23" / "03.00.00.avi", 20)
    write_video(folder / "new" / "door" / "2026-11-24" / "03.00.00.avi", 16, seed=1)
    environment = {
        **os.environ,
        "PREFECT_HOME": str(prefect_home(tmp_path_factory)),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "OMP_NUM_THREADS": "1",  # threads that wait for each other crawl on a busy machine
        "NIGHTJAR_ROOT": str(ROOT),
        "NIGHTJAR_WAREHOUSE": str(folder / "warehouse"),
        "NIGHTJAR_FOOTAGE": str(folder / "new"),
        "NIGHTJAR_NORMAL": str(folder / "normal"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        **database,
    }
    auth = (USER, PASSWORD) if database else None
    with httpx.Client(base_url=environment["PREFECT_API_URL"], timeout=60, auth=auth) as client:
        site = Site(folder, environment, client)
        try:
            # As ``nightjar serve`` and as the README's site on Postgres start it.
            program = "prefect" if database else "flows.serving.server"
            site.start("server", "start", "--port", str(port), "--no-ui", program=program)
            wait_for(lambda: is_up(client))
            subprocess.run(DEPLOY, cwd=ROOT, env=environment, check=True, capture_output=True)
            site.start("worker", "start", "--pool", "nightjar")
            yield site
        finally:
            for process in reversed(site.processes):  # without its server a worker ends late
                process.terminate()
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_shape("slow", tmp_path_factory.mktemp("checkpoint") / "slow"))


def is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/health").is_success
    except httpx.TransportError:
        return False


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("nightly", {"encoding": {"stride": 0}}, "encoding.stride"),
        ("nightly", {"encoding": {"device": "tpu"}}, "'cuda'"),
        ("nightly", {"encoding": {"colour": "red"}}, "colour"),
        ("nightly", {"colour": "red"}, "colour"),
        ("nightly", {"scoring": {"distance": "far"}}, "'mahalanobis'"),
        ("nightly", {"profile": "../x"}, "profile"),
        ("nightly", {"threshold": "quantile:1.5"}, "threshold"),
        ("nightly", {"footage": []}, "footage"),
        ("watch", {"archive": {"settle_s": -1}}, "minimum"),
        ("reprocess", {"part": {"order": "random"}}, "'oldest'"),
        ("reprocess", {"part": {"since": "yesterday"}}, "part.since"),
        ("prune", {"retention": {"older_than": "a while"}}, "older_than"),
    ],
)
def test_the_form_refuses_a_wrong_value_before_anything_starts(
    site: Site, name: str, parameters: dict[str, Any], words: str
) -> None:
    answer = site.submit(name, **parameters)
    assert answer.status_code == 409
    assert words in answer.json()["detail"]


def test_each_deployment_says_when_where_and_what_it_asks_for(site: Site) -> None:
    found = {item["name"]: item for item in site.ask("/deployments/filter")}
    assert {"nightly", "watch", "reprocess", "score", "build-profile", "run"} <= found.keys()
    for item in found.values():
        assert item["description"]
        for name, asked in item["parameter_openapi_schema"]["properties"].items():
            simple = asked.get("type") in ("string", "array") and "$ref" not in asked
            assert not simple or asked.get("description"), f"{item['name']} says nothing of {name}"
    queues = {
        item["name"]: item["priority"] for item in site.ask("/work_pools/nightjar/queues/filter")
    }
    assert found["reprocess"]["work_queue_name"] == "archive"
    assert queues["archive"] == max(queues.values()), "a high number is a low priority"

    (nightly,), (watch,) = found["nightly"]["schedules"], found["watch"]["schedules"]
    assert (nightly["active"], nightly["schedule"]["timezone"]) == (True, "UTC")
    assert not watch["active"]
    due = {"state": {"type": {"any_": ["SCHEDULED"]}}, "tags": {"all_": ["night"]}}
    wait_for(lambda: site.ask("/flow_runs/filter", flow_runs=due))
    runs = site.ask("/flow_runs/filter", flow_runs=due)
    assert {run["expected_start_time"][11:16] for run in runs} == {"04:00"}


def test_a_night_runs_once_at_a_time_and_shows_what_it_came_to(site: Site, model: Path) -> None:
    both = [site.run("nightly", encoding={"model": str(model)}) for _ in range(2)]
    ends = sorted((site.finished(run) for run in both), key=lambda run: str(run["state_type"]))
    assert [run["state_type"] for run in ends] == ["CANCELLED", "COMPLETED"]
    assert "concurrency limit" in ends[0]["state"]["message"]
    assert ends[1]["name"].startswith("night of 20")
    assert ends[1]["name"].endswith("profile default")

    artifacts = {item["key"]: item for item in site.ask("/artifacts/latest/filter")}
    assert "in 1 new videos" in artifacts["nightjar-night"]["description"]
    assert "2 videos, 3 clips to embed" in artifacts["nightjar-estimate"]["description"]
    assert artifacts["nightjar-embedding"]["data"] == 100.0
    assert len(list((site.folder / "warehouse" / "reports").iterdir())) == 1
    wait_for(lambda: "tasks.estimation" in {item["name"] for item in site.ask("/logs/filter")})


def test_a_run_over_the_archive_is_cancelled_cleanly_and_taken_up_again(
    site: Site, slow: str
) -> None:
    for minute in range(YARD_VIDEOS):
        name = f"yard/2026-11-24/03.{minute:02}.00.avi"
        write_video(site.folder / "new" / name, 16, seed=100 + minute)
    asked = {
        "encoding": {"model": slow, "batch_size": 1},
        "archive": {"path_pattern": PATTERN},
        "part": {"cameras": ["yard"], "order": "newest"},
        "normal": [],
    }
    before = len(site.shards())
    run = site.run("reprocess", **asked)
    wait_for(lambda: len(site.shards()) > before)
    cancelling = {"type": "CANCELLING", "name": "Cancelling"}
    site.ask(f"/flow_runs/{run}/set_state", state=cancelling)
    end = site.finished(run)
    assert (end["state_type"], end["name"]) == ("CANCELLED", "reprocess yard, newest first")
    wait_for(lambda: not site.engines())
    leases = site.folder / "warehouse" / "leases"
    assert list(leases.iterdir()) == []
    committed = site.shards()
    assert before < len(committed) < before + YARD_VIDEOS

    # The last minutes alone, so that this ends soon; and this time the machine goes down.
    asked |= {"normal": [str(site.folder / "normal")], "profile": "slow"}
    asked["part"] = {"cameras": ["yard"], "until": "2026-11-24T03:05:00Z", "order": "oldest"}
    run = site.run("reprocess", **asked)
    wait_for(lambda: len(site.shards()) > len(committed))
    worker = site.processes.pop()
    worker.kill()
    worker.wait()
    for process in site.engines():
        os.kill(process, signal.SIGKILL)
    assert site.shards().items() >= committed.items()
    # As the automation for runs that nobody works on any more does it.
    site.ask(f"/flow_runs/{run}/set_state", state={"type": "CRASHED"}, force=True)

    site.start("worker", "start", "--pool", "nightjar")
    end = site.finished(site.run("reprocess", **asked))
    assert end["state_type"] == "COMPLETED", end["state"]
    assert site.shards().items() >= committed.items()
    assert len(list((site.folder / "warehouse" / "reports").iterdir())) == 2


def test_nobody_gets_in_without_the_password_which_no_log_holds(site: Site) -> None:
    if site.client.auth is None:
        pytest.skip("a site on SQLite is for its own machine")
    for wrong in (None, (USER, "guessed")):
        answer = httpx.post(f"{site.client.base_url}deployments/filter", json={}, auth=wrong)
        assert answer.status_code == httpx.codes.UNAUTHORIZED
    logs = [*site.folder.glob("*.log")]
    assert len(logs) == 2
    assert not [log for log in logs if PASSWORD in log.read_text()]


@whole
def test_a_night_that_is_due_runs_by_itself(site: Site, model: Path) -> None:
    nightly = site.deployment("nightly")
    soon = {"cron": "* * * * *", "timezone": "Europe/Berlin"}
    asked = {"encoding": {"model": str(model)}, "quiet": True, "profile": "due"}
    entry = {"active": True, "schedule": soon, "parameters": asked, "slug": "soon"}
    site.post(f"/deployments/{nightly['id']}/schedules", [entry]).raise_for_status()
    of_it = {"deployments": {"id": {"any_": [nightly["id"]]}}}

    def done() -> list[dict[str, Any]]:
        runs = site.ask("/flow_runs/filter", **of_it)
        return [run for run in runs if run["auto_scheduled"] and run["state_type"] == "COMPLETED"]

    wait_for(done)
    (known,) = [item for item in site.deployment("nightly")["schedules"] if item["slug"] == "soon"]
    site.client.delete(f"/deployments/{nightly['id']}/schedules/{known['id']}").raise_for_status()
    assert done()[0]["name"].startswith("watch of 20")
    assert len(list((site.folder / "warehouse" / "nights" / "due").iterdir())) == 1


@pytest.mark.parametrize("month", [3, 10], ids=["forward", "back"])
def test_a_night_runs_once_a_day_when_the_clocks_change(month: int) -> None:
    document = yaml.safe_load((ROOT / "deployments" / "prefect.yaml").read_text())
    (nightly,) = [item for item in document["deployments"] if item["name"] == "nightly"]
    (told,) = nightly["schedules"]
    berlin = ZoneInfo("Europe/Berlin")
    cron = CronSchedule(cron=told["cron"], timezone="Europe/Berlin")
    days = [datetime(2027, month, day, tzinfo=berlin) for day in range(27, 32)]
    due = asyncio.run(cron.get_dates(n=100, start=days[0], end=days[-1]))
    assert [moment.astimezone(berlin).strftime("%d %H:%M") for moment in due] == [
        f"{day.day} 04:00" for day in days[:-1]
    ]
