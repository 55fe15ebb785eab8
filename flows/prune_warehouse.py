"""Remove what is too old and needed by nobody."""

from __future__ import annotations

from prefect import flow

from tasks.parameters import DEFAULT_WAREHOUSE, WarehousePlace
from tasks.progress import measured
from tasks.pruning import find_removals, remove_reports, remove_videos
from tasks.retention import Choice
from tasks.retention_request import Retention
from tasks.watching import WATCHED


@flow(name="prune-warehouse", **WATCHED)
def prune_warehouse(
    retention: Retention, warehouse: WarehousePlace = DEFAULT_WAREHOUSE, dry_run: bool = False
) -> Choice:
    """Remove old embeddings and reports, or only say which; what is pruned does not come back."""
    choice = find_removals(warehouse, retention)
    if not dry_run:
        remove_reports(warehouse, choice.reports)
        number = len(choice.videos)
        with measured("pruning", "videos", total=number, videos=number):
            remove_videos(warehouse, choice.videos)
    return choice
