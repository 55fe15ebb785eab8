"""Hold reports, so that retention does not remove them."""

from __future__ import annotations

from prefect import flow

from storage.holds import Hold
from tasks.holding import hold_reports
from tasks.parameters import DEFAULT_WAREHOUSE, ReportIds, WarehousePlace


@flow(name="hold-report")
def hold_report(
    reports: ReportIds, warehouse: WarehousePlace = DEFAULT_WAREHOUSE, why: str | None = None
) -> list[Hold]:
    """Hold reports and the embeddings of the videos that they are about."""
    return hold_reports(warehouse, reports, why)
