"""Footage in which nothing happens is not encoded again and again, and the report says so."""

import json
from pathlib import Path

import numpy as np

from tests.flows.conftest import Nightjar
from tests.footage import moving_pattern, write_frames


def test_still_footage_takes_earlier_embeddings_and_the_report_says_what_that_costs(
    nightjar: Nightjar, model: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    quiet = np.full((64, 96, 3), 90) + rng.normal(0, 3, (40 * 16, 64, 96, 3))
    moving = moving_pattern(64, (96, 64), seed=0)
    write_frames(
        tmp_path / "door" / "a.avi", [*quiet.clip(0, 255).astype(np.uint8), *moving], codec="ffv1"
    )
    places = ("--normal", tmp_path / "door", "--footage", tmp_path / "door", "--model", model)
    common = (*places, "--warehouse", tmp_path / "warehouse", "--json")
    exact = nightjar("run", *common).document
    assert json.loads((Path(exact["report"]) / "report.json").read_text())["static"] is None

    done = nightjar("run", *common, "--skip-static", "6", "--profile", "still").document
    assert done["embedded_clips"] == exact["embedded_clips"] == 44
    report = json.loads((Path(done["report"]) / "report.json").read_text())
    assert (
        report["encoder_id"]
        != json.loads((Path(exact["report"]) / "report.json").read_text())["encoder_id"]
    ), "another embedding space"
    static = report["static"]
    assert (static["clips"], static["checked"]) == (44, 3)
    assert static["repeated"] == 40 - 1 - 3, "all that is quiet but the first and three checks"
    assert 0 < static["score"] < report["threshold"]
    page = (Path(done["report"]) / "report.html").read_text()
    assert "36 of 44 clips took an earlier one" in page
    assert nightjar("verify", "--warehouse", tmp_path / "warehouse").code == 0
