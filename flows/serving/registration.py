"""Tells a server of the site's work pool, deployments and automations, where they have changed.

What was registered is remembered in the server's own database: a restart leaves alone what
somebody has set in the UI since, and an upgrade registers anew.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import httpx
import yaml
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate, WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectAlreadyExists, PrefectException
from pydantic import ValidationError

from flows.serving.layout import AUTOMATIONS_FILE, POOL, PREFECT_FILE

_REGISTERED = "nightjar_registered"
REFUSALS = (
    OSError,
    ValidationError,
    yaml.YAMLError,
    subprocess.CalledProcessError,
    PrefectException,
    httpx.HTTPError,
)


def digest_of(root: Path) -> str:
    """Return a digest of what deployments are made from: the files, and the environment."""
    digest = hashlib.sha256()
    sources = [root / PREFECT_FILE, root / AUTOMATIONS_FILE, root / "tasks/parameters.py"]
    for path in [*sources, *sorted((root / "flows").glob("*.py"))]:
        digest.update(path.read_bytes())
    for name in sorted(os.environ):
        if name.startswith("NIGHTJAR_"):
            digest.update(f"{name}={os.environ[name]}\n".encode())
    return digest.hexdigest()


async def register(client: PrefectClient, root: Path) -> bool:
    """Register what has changed; return whether anything had."""
    digest = digest_of(root)
    known = await client.read_variable_by_name(_REGISTERED)
    if known is not None and known.value == digest:
        return False
    await _make_pool(client)
    await _set_automations(client, root)
    deploy = [sys.executable, "-m", "prefect", "--no-prompt", "deploy"]
    subprocess.run([*deploy, "--prefect-file", PREFECT_FILE, "--all"], cwd=root, check=True)
    await _refuse_unknown_parameters(client, root)
    if known is None:
        await client.create_variable(VariableCreate(name=_REGISTERED, value=digest))
    else:
        await client.update_variable(VariableUpdate(name=_REGISTERED, value=digest))
    return True


async def _make_pool(client: PrefectClient) -> None:
    try:
        await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    except ObjectAlreadyExists:
        return


async def _set_automations(client: PrefectClient, root: Path) -> None:
    for document in yaml.safe_load((root / AUTOMATIONS_FILE).read_text(encoding="utf-8")):
        automation = AutomationCore.model_validate(document)
        found = await client.read_automations_by_name(automation.name)
        if found:
            await client.update_automation(found[0].id, automation)
        else:
            await client.create_automation(automation)


async def _refuse_unknown_parameters(client: PrefectClient, root: Path) -> None:
    """Let the server refuse a parameter that a flow does not have, before anything starts.

    The schema that ``prefect deploy`` sends has no place for that: such a run is taken, and fails.
    """
    document = yaml.safe_load((root / PREFECT_FILE).read_text(encoding="utf-8"))
    ours = {entry["name"]: entry["entrypoint"] for entry in document["deployments"]}
    named = DeploymentFilter(name=DeploymentFilterName(any_=[*ours]))
    for deployment in await client.read_deployments(deployment_filter=named):
        if deployment.entrypoint == ours[deployment.name]:
            schema = {**(deployment.parameter_openapi_schema or {}), "additionalProperties": False}
            answer = await client.request(
                "PATCH",
                "/deployments/{id}",
                path_params={"id": deployment.id},
                json={"parameter_openapi_schema": schema},
            )
            answer.raise_for_status()
