"""What a site runs besides Python: the unit, the image, the containers, the automations."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.events.schemas.automations import AutomationCore, EventTrigger

from flows.serving.layout import AUTOMATIONS_FILE
from flows.serving.recovery import SILENT
from tests.footage import ROOT

FOLDER = ROOT / "deployments"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SECRET = re.compile("PASSWORD|AUTH|CONNECTION_URL|TOKEN|SECRET")


def beside_python(program: str) -> str:
    """Return a linter of the development environment, or skip the test."""
    place = shutil.which(program, path=f"{Path(sys.executable).parent}{os.pathsep}/usr/bin")
    if place is None:
        pytest.skip(f"no {program} here (pip install 'nightjar[dev]')")
    return place


def test_the_image_passes_its_linter() -> None:
    subprocess.run([beside_python("hadolint"), FOLDER / "Dockerfile"], check=True)


def test_the_containers_pass_the_compose_schema() -> None:
    schema = ["--builtin-schema", "vendor.compose-spec"]
    linter = beside_python("check-jsonschema")
    subprocess.run([linter, *schema, FOLDER / "compose.yaml"], check=True)


def test_the_unit_passes_systemd(tmp_path: Path) -> None:
    unit = (FOLDER / "nightjar.service").read_text()
    program = tmp_path / "nightjar"
    program.touch(mode=0o755)
    (tmp_path / "nightjar.service").write_text(
        unit.replace("/opt/nightjar/.venv/bin/nightjar", str(program))
    )
    command = [beside_python("systemd-analyze"), "verify", str(tmp_path / "nightjar.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "nightjar" in line]
    assert done.returncode == 0, done.stderr
    assert not ours


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_a_pinned_image_and_no_secret_of_its_own(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[a-z]+:\d+\.[\w.-]+", service["image"])
    for variable, value in service.get("environment", {}).items():
        if SECRET.search(variable):
            assert re.search(r"\$\{\w+:\?", value), f"{variable} comes from .env"
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:")
    for volume in service.get("volumes", []):
        source = volume.rpartition("}")[0] or volume.partition(":")[0]
        assert source.startswith("${") or source in COMPOSE["volumes"]
    assert set(service.get("depends_on", {})) <= set(SERVICES)


def test_what_the_containers_ask_for_is_in_the_example() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (FOLDER / "compose.yaml").read_text()))
    assert asked == set(re.findall(r"^(\w+)=", (FOLDER / ".env.example").read_text(), re.M))


def test_a_run_that_waits_to_be_taken_up_is_not_taken_for_silent() -> None:
    (document,) = yaml.safe_load((ROOT / AUTOMATIONS_FILE).read_text())
    automation = AutomationCore.model_validate(document)
    assert isinstance(automation.trigger, EventTrigger)
    states = {"AwaitingRetry", "Paused", "Suspended", "Completed", "Failed", "Cancelled", "Crashed"}
    assert {f"prefect.flow-run.{state}" for state in states} <= automation.trigger.expect
    assert automation.actions[0].model_dump()["message"].startswith(SILENT)
