"""``nightjar serve`` as a process of its own: what it starts, mends, and leaves behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.serving.layout import AUTOMATIONS_FILE, POOL, PREFECT_FILE
from tests.footage import ROOT
from tests.prefect_api import WAIT_HERE, Api, free_port, wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


class Served:
    """A running ``nightjar serve`` and its server's API."""

    def __init__(self, root: Path, home: Path, log: Path) -> None:
        self.root, self.home, self.log = root, home, log
        self.port = free_port()
        self.api = Api(f"http://127.0.0.1:{self.port}/api")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        clean = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "flows.command_line", "serve"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--home", str(self.home), "--port", str(self.port)],
                env={**clean, "NIGHTJAR_ROOT": str(self.root), "PYTHONPATH": path},
                cwd=self.home.parent, stdout=log, stderr=log,
            )  # fmt: skip
        before = self.text().count("ready: ")
        self.wait_for(lambda: self.text().count("ready: ") > before, 120)

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(60)

    def text(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def wait_for(self, condition: Callable[[], object], seconds: float) -> None:
        wait_for(condition, seconds, self.text)

    def runs(self, deployment: str) -> list[dict[str, Any]]:
        chosen = {"deployments": {"name": {"any_": [deployment]}}}
        found: list[dict[str, Any]] = self.api.ask("flow_runs/filter", chosen)
        return found

    def processes(self) -> dict[int, str]:
        """Return the processes of this site by id, with their command lines."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if str(self.home).encode() in (folder / "environ").read_bytes():
                    found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
        return found

    def worker(self) -> int | None:
        return next((pid for pid, line in self.processes().items() if "worker start" in line), None)


@pytest.fixture
def served(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    """Start a site with a deployment that waits, one on a schedule, and the project's if asked."""
    root = tmp_path / "root"
    for name in ("flows", "tasks", "deployments"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "storage").symlink_to(ROOT / "storage")
    (root / "wait_here.py").write_text(WAIT_HERE)
    document = yaml.safe_load((root / PREFECT_FILE).read_text())
    toy = {"entrypoint": "wait_here.py:wait_here", "work_pool": {"name": POOL}}
    folder = {"folder": str(tmp_path)}
    of_the_project = document["deployments"] if request.param == "project" else []
    document["deployments"] = [
        *of_the_project,
        {"name": "wait", "parameters": {**folder, "seconds": 15}, **toy},
        {"name": "tick", "parameters": folder, "schedules": [{"interval": 3600}], **toy},
    ]
    (root / PREFECT_FILE).write_text(yaml.safe_dump(document))
    site = Served(root, tmp_path / "home", tmp_path / "log")
    site.start()
    yield site
    if site.process is not None and site.process.poll() is None:
        site.stop()
    for pid in site.processes():
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("served", ["project"], indirect=True)
def test_a_site_is_kept_running_and_leaves_nothing_behind(served: Served, tmp_path: Path) -> None:
    names = {entry["name"] for entry in served.api.ask("deployments/filter", {})}
    of_the_project = yaml.safe_load((ROOT / PREFECT_FILE).read_text())["deployments"]
    assert {entry["name"] for entry in of_the_project} <= names
    wanted = {entry["name"] for entry in yaml.safe_load((ROOT / AUTOMATIONS_FILE).read_text())}
    assert wanted <= {entry["name"] for entry in served.api.ask("automations/filter", {})}
    served.wait_for(lambda: served.runs("tick"), 20)
    assert {run["state_name"] for run in served.runs("tick")} == {"Scheduled"}, "by itself"

    served.api.start("wait-here/wait")
    served.wait_for(lambda: (tmp_path / "starts").exists(), 45)
    first = served.worker()
    assert first is not None
    os.kill(first, signal.SIGKILL)
    served.wait_for(lambda: served.worker() not in (None, first), 20)
    served.wait_for(lambda: served.runs("wait")[0]["state_name"] == "Completed", 40)

    served.stop()
    assert served.process is not None
    assert served.process.returncode == 0, served.text()[-4000:]
    assert not served.processes()
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", served.port)) != 0, "something still listens"


@pytest.mark.parametrize("served", ["toys"], indirect=True)
def test_a_killed_site_leaves_nothing_and_takes_up_its_run_again(
    served: Served, tmp_path: Path
) -> None:
    served.api.start("wait-here/wait")
    served.wait_for(lambda: (tmp_path / "starts").exists(), 45)
    served.stop(signal.SIGKILL)
    served.process = None
    served.wait_for(lambda: not served.processes(), 30)
    assert not (tmp_path / "done").exists()

    served.start()
    assert "deployments are as they were" in served.text(), "what the UI had set is left alone"
    served.wait_for(lambda: served.runs("wait")[0]["state_name"] == "Completed", 60)
    assert (tmp_path / "starts").read_text().count("started") == 2


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "camera-server.example"])
def test_other_machines_are_let_in_with_authentication_alone(
    host: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from flows.command_line.application import main

    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    with pytest.raises(SystemExit) as end:
        main(["serve", "--host", host, "--home", str(tmp_path / "home")])
    assert end.value.code == 2
    assert "PREFECT_SERVER_API_AUTH_STRING" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()
