from pathlib import Path

import pytest

from storage.warehouse import Warehouse


@pytest.fixture
def local_warehouse(tmp_path: Path) -> Warehouse:
    """Return a warehouse that does not exist yet, at a place that a shell would expand."""
    return Warehouse.at(str(tmp_path / "ware [house] *"))


@pytest.fixture
def remote_warehouse(bucket: str) -> Warehouse:
    """Return an empty warehouse in a bucket, below a prefix that a URI would escape."""
    return Warehouse.at(f"s3://{bucket}/deep/ware [house] *%20é")


@pytest.fixture(params=["folder", "bucket"])
def warehouse(request: pytest.FixtureRequest) -> Warehouse:
    """Return an empty warehouse of each kind."""
    kind = {"folder": "local_warehouse", "bucket": "remote_warehouse"}[request.param]
    found: Warehouse = request.getfixturevalue(kind)
    return found


@pytest.fixture
def other_warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse.at(str(tmp_path / "other"))
