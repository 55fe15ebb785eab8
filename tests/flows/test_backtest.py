"""The command that backtests, on a warehouse that tasks have filled."""

import json
from pathlib import Path

from storage.warehouse import Warehouse
from tests.flows.conftest import Nightjar
from tests.tasks.test_backtesting import CHECKED, NORMAL, build, put_video


def test_the_command_says_what_each_candidate_gives(nightjar: Nightjar, tmp_path: Path) -> None:
    warehouse = Warehouse.at(str(tmp_path / "warehouse"))
    for video in (*NORMAL, CHECKED[0]):
        odd = [slice(40, 60)] if video in CHECKED else []
        put_video(warehouse, video, "gate", odd=odd, frames=400)
    build(warehouse, NORMAL)
    place = ("--warehouse", warehouse.root)
    tried = ("--threshold", "quantile:0.99", "3.5", "--distance", "mse", "diagonal")
    result = nightjar("backtest", *tried, *place, "--json")
    assert result.code == 0, result.err
    document = result.document
    assert [(item["distance"], item["threshold_rule"]) for item in document["candidates"]] == [
        ("mse", "quantile:0.99"), ("mse", "3.5"), ("diagonal", "quantile:0.99"),
        ("diagonal", "3.5"),
    ]  # fmt: skip
    assert document["candidates"][0]["events"] > 0
    folder = Path(document["backtest"])
    assert {path.name for path in folder.iterdir()} == {"backtest.json", "backtest.html"}
    assert json.loads((folder / "backtest.json").read_text())["outcomes"] == document["outcomes"]

    shown = nightjar("backtest", *tried, *place, "--footage", "camera:gate")
    assert shown.code == 0, shown.err
    assert "default@1, diagonal, 3.5" in shown.out
    wrong = nightjar("backtest", "--threshold", "high", *place)
    assert (wrong.code, wrong.out) == (2, "")
    assert len(wrong.err.splitlines()) == 1
    unknown = nightjar("backtest", "--distance", "cosine", *place)
    assert (unknown.code, unknown.out) == (2, "")
    assert "mse, diagonal" in unknown.err
