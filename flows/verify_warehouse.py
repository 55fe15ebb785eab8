"""Check that everything in a warehouse is what it should be."""

from __future__ import annotations

from prefect import flow

from tasks.findings import Verdict
from tasks.parameters import DEFAULT_WAREHOUSE, WarehousePlace
from tasks.progress import measured
from tasks.verification import (
    check_folders,
    check_footage,
    check_profiles,
    check_reports,
    check_shards,
    plan_shard_checks,
    sum_up,
)
from tasks.watching import WATCHED


@flow(name="verify-warehouse", **WATCHED)
def verify_warehouse(warehouse: WarehousePlace = DEFAULT_WAREHOUSE) -> Verdict:
    """Read everything that the warehouse holds and return what is wrong; nothing is changed."""
    batches = plan_shard_checks(warehouse)
    shards = sum(len(video.shards) for batch in batches for video in batch)
    with measured("verifying", "shards", total=shards, videos=sum(map(len, batches))):
        checked = [check_shards(warehouse, batch) for batch in batches]
    beside = [
        check(warehouse) for check in (check_folders, check_footage, check_profiles, check_reports)
    ]
    return sum_up([*checked, *beside])
