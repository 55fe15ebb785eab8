"""A site on Postgres, with authentication, as docs/operations.md sets it up without containers."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.footage import ROOT
from tests.postgres import Cluster, cluster
from tests.prefect_api import Api, free_port, wait_for

AUTH = "nightjar:wordless-and-secret"
PREFECT = [sys.executable, "-m", "prefect", "--no-prompt"]


@contextmanager
def running(log: Path, environment: dict[str, str], *words: str) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*PREFECT, *words], env=environment, cwd=log.parent, stdout=output, stderr=output
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def postgres() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


def test_a_run_that_the_api_asks_for_is_carried_out_and_only_with_the_password(
    postgres: Cluster, tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "log"
    api = Api(f"http://127.0.0.1:{port}/api", AUTH)
    clean = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
    everywhere = {
        **clean,
        "PREFECT_HOME": str(tmp_path / "home"),
        "PREFECT_API_URL": api.url,
        "PREFECT_API_AUTH_STRING": AUTH,
        "NIGHTJAR_ROOT": str(ROOT),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
    }
    of_the_server = {
        **everywhere,
        "PREFECT_API_DATABASE_CONNECTION_URL": postgres.url,
        "PREFECT_SERVER_API_AUTH_STRING": AUTH,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }

    def prefect(*words: str) -> None:
        subprocess.run(
            [*PREFECT, *words], env=everywhere, cwd=ROOT, check=True, capture_output=True
        )

    with ExitStack() as stack:
        start = ["server", "start", "--host", "127.0.0.1", "--port", str(port)]
        stack.enter_context(running(log, of_the_server, *start))
        wait_for(api.is_up, 90, log.read_text)
        prefect("work-pool", "create", "--type", "process", "nightjar")
        prefect("deploy", "--prefect-file", "deployments/prefect.yaml", "--name", "prune")
        prefect("automation", "create", "--from-file", "deployments/automations.yaml")
        stack.enter_context(running(log, everywhere, "worker", "start", "--pool", "nightjar"))

        for wrong in (None, "nightjar:guessed"):
            with pytest.raises(HTTPError, match="401") as refused:
                Api(api.url, wrong).ask("deployments/filter", {})
            refused.value.close()

        (tmp_path / "warehouse").mkdir()
        parameters = {
            "retention": {"older_than": "30d"},
            "warehouse": str(tmp_path / "warehouse"),
        }
        run = api.start("prune-warehouse/prune", parameters)
        wait_for(lambda: api.state(run) in ("Completed", "Failed", "Crashed"), 90, log.read_text)
        assert api.state(run) == "Completed", log.read_text()[-4000:]
    assert AUTH.partition(":")[2] not in log.read_text()
