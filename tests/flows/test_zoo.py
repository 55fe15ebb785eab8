"""The whole job over every odd and broken file that there is."""

import json
from pathlib import Path

from tests.flows.conftest import Nightjar
from tests.footage import shared, write_video


def test_every_file_is_scored_or_quarantined_with_a_reason(
    nightjar: Nightjar, model: Path, tmp_path: Path
) -> None:
    zoo = shared() / "zoo"
    result = nightjar(
        "run", "--normal", write_video(tmp_path / "door" / "normal.avi", 40), "--footage", zoo,
        "--model", model, "--stride", "4", "--warehouse", tmp_path / "warehouse", "--json",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert "Traceback" not in result.err
    summary = result.document
    found = sum(path.is_file() for path in zoo.rglob("*"))
    assert summary["videos"] + summary["quarantined"] + summary["pending"] == found
    assert summary["pending"] == 0
    document = json.loads((Path(summary["report"]) / "report.json").read_text())
    assert all(item["reason"] for item in document["quarantined"])
    decoders = {video["decoder"].split()[0] for video in document["videos"]}
    assert decoders == {"decord", "pyav"}
