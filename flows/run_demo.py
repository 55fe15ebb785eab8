"""The whole job on footage drawn on the spot, and how well it did."""

from __future__ import annotations

from prefect import flow

from flows.run_pipeline import run_pipeline
from tasks.demonstration import Verdict, draw_footage, judge, make_checkpoint
from tasks.parameters import (
    DEFAULT_THRESHOLD_RULE,
    Archive,
    Encoding,
    ThresholdText,
    WarehousePlace,
)
from tasks.scoring import ReportSummary


@flow(name="run-demo")
def run_demo(
    folder: str,
    warehouse: WarehousePlace,
    encoding: Encoding | None = None,
    threshold: ThresholdText = DEFAULT_THRESHOLD_RULE,
    seed: int = 0,
) -> tuple[ReportSummary, Verdict]:
    """Draw footage, run the job on it, and hold the report against what was drawn.

    Without an encoding, a small untrained checkpoint is made for the occasion.
    """
    scene = draw_footage(folder, seed)
    chosen = encoding or Encoding(model=make_checkpoint(folder, seed))
    normal, footage = map(str, scene.normal), map(str, scene.footage)
    just_drawn = Archive(settle_s=0)
    report = run_pipeline(
        list(normal), list(footage), warehouse, chosen, "demo", threshold, just_drawn
    )
    return report, judge(warehouse, report.report, scene)
