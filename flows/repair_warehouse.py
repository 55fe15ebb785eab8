"""Remove from a warehouse what is damaged or of no use, so that the next run makes it again."""

from __future__ import annotations

from prefect import flow

from flows.verify_warehouse import verify_warehouse
from tasks.findings import Repair
from tasks.parameters import DEFAULT_WAREHOUSE, WarehousePlace
from tasks.verification import remove_findings


@flow(name="repair-warehouse")
def repair_warehouse(
    warehouse: WarehousePlace = DEFAULT_WAREHOUSE, dry_run: bool = False
) -> Repair:
    """Verify the warehouse and remove what can be made again; profiles and reports stay."""
    repair = Repair.of(verify_warehouse(warehouse), dry_run)
    if not dry_run:
        remove_findings(warehouse, repair.removed)
    return repair
