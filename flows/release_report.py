"""Release reports that were held."""

from __future__ import annotations

from prefect import flow

from storage.holds import Hold
from tasks.holding import release_reports
from tasks.parameters import DEFAULT_WAREHOUSE, ReportIds, WarehousePlace


@flow(name="release-report")
def release_report(reports: ReportIds, warehouse: WarehousePlace = DEFAULT_WAREHOUSE) -> list[Hold]:
    """Leave reports that were held to retention again."""
    return release_reports(warehouse, reports)
