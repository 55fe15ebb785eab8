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
from flows.serving.results import forget_results
from tests.footage import ROOT
from tests.prefect_api import WAIT_HERE, Api, free_port, wait_for
from tests.prefect_home import prefect_home

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
def served(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Start a site with this project's deployments, one that waits and one on a schedule."""
    root = tmp_path / "root"
    for name in ("flows", "tasks", "deployments"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "storage").symlink_to(ROOT / "storage")
    (root / "wait_here.py").write_text(WAIT_HERE)
    document = yaml.safe_load((root / PREFECT_FILE).read_text())
    toy = {"entrypoint": "wait_here.py:wait_here", "work_pool": {"name": POOL}}
    folder = {"folder": str(tmp_path)}
    document["deployments"] += [
        {"name": "wait", "parameters": {**folder, "seconds": 6}, **toy},
        {"name": "tick", "parameters": folder, "schedules": [{"interval": 3600}], **toy},
    ]
    (root / PREFECT_FILE).write_text(yaml.safe_dump(document))
    site = Served(root, prefect_home(tmp_path_factory), tmp_path / "log")
    site.start()
    yield site
    if site.process is not None and site.process.poll() is None:
        site.stop()
    for pid in site.processes():
        os.kill(pid, signal.SIGKILL)


def test_a_site_is_kept_running_and_leaves_nothing_behind(served: Served, tmp_path: Path) -> None:
    names = {entry["name"] for entry in served.api.ask("deployments/filter", {})}
    of_the_project = yaml.safe_load((ROOT / PREFECT_FILE).read_text())["deployments"]
    assert {entry["name"] for entry in of_the_project} <= names
    wanted = {entry["name"] for entry in yaml.safe_load((ROOT / AUTOMATIONS_FILE).read_text())}
    assert wanted <= {entry["name"] for entry in served.api.ask("automations/filter", {})}
    served.wait_for(lambda: served.runs("tick"), 90)
    assert {run["state_name"] for run in served.runs("tick")} == {"Scheduled"}, "by itself"

    run = served.api.start("wait-here/wait")
    served.wait_for(lambda: starts(tmp_path) == 1, 90)
    first = served.worker()
    assert first is not None
    os.kill(first, signal.SIGKILL)
    served.wait_for(lambda: served.worker() not in (None, first), 90)
    served.wait_for(lambda: served.api.state(run) == "Completed", 90)
    assert starts(tmp_path) == 1, "the run outlived its worker"

    run = served.api.start("wait-here/wait")
    served.wait_for(lambda: starts(tmp_path) == 2, 90)
    served.stop(signal.SIGKILL)
    served.wait_for(lambda: not served.processes(), 90)
    served.start()
    assert "deployments are as they were" in served.text(), "what the UI has set is left alone"
    served.wait_for(lambda: served.api.state(run) == "Completed", 90)
    assert starts(tmp_path) == 3, "the run that was cut off was taken up again"

    served.stop()
    assert served.process is not None
    assert served.process.returncode == 0, served.text()[-4000:]
    assert not served.processes()
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", served.port)) != 0, "something still listens"


def starts(folder: Path) -> int:
    path = folder / "starts"
    return path.read_text().count("started") if path.exists() else 0


def test_old_results_are_forgotten_and_others_kept(tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    old, new = tmp_path / "storage" / "old", tmp_path / "storage" / "new"
    for path in (old, new):
        path.touch()
    os.utime(old, (0, 0))
    assert forget_results(tmp_path, keep_s=3600) == 1
    assert not old.exists()
    assert new.exists()
    assert forget_results(tmp_path / "no-such-home", keep_s=3600) == 0


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
