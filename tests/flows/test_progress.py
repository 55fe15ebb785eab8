"""Prefect's own view of a run: its progress artifacts and its subflows."""

import asyncio
from pathlib import Path

from prefect.client.orchestration import get_client

from tests.flows.conftest import Nightjar
from tests.footage import write_video


def test_a_run_is_five_flows_with_progress_artifacts(
    nightjar: Nightjar, model: Path, tmp_path: Path
) -> None:
    footage = write_video(tmp_path / "door" / "a.avi", 33)
    result = nightjar(
        "run", "--normal", footage, "--footage", footage, "--model", model,
        "--warehouse", tmp_path / "warehouse",
    )  # fmt: skip
    assert result.code == 0, result.err

    async def look() -> tuple[set[str], dict[str, str]]:
        async with get_client() as client:
            flows = await client.read_flows()
            artifacts = await client.read_latest_artifacts()
            described = {str(item.key): str(item.description) for item in artifacts}
            return {flow.name for flow in flows}, described

    flows, artifacts = asyncio.run(look())
    stages = {"extract-clips", "embed-clips", "build-profile", "score-footage"}
    assert stages | {"run-pipeline"} <= flows
    assert artifacts["nightjar-extracting"] == "extracting: 1/1 files, 1/1 videos"
    assert artifacts["nightjar-embedding"] == "embedding: 3/3 clips, 1/1 videos"
