"""Show the reports there are."""

from __future__ import annotations

from prefect import flow

from tasks.holding import ListedReport, find_reports
from tasks.parameters import DEFAULT_WAREHOUSE, WarehousePlace


@flow(name="list-reports")
def list_reports(warehouse: WarehousePlace = DEFAULT_WAREHOUSE) -> list[ListedReport]:
    """Return every report, oldest first, with whether it is held."""
    return find_reports(warehouse)
