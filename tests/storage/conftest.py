from pathlib import Path

import pytest

from storage.warehouse import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """Return a warehouse that does not exist yet, at a place that a shell would expand."""
    return Warehouse.at(str(tmp_path / "ware [house] *"))


@pytest.fixture
def other_warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse.at(str(tmp_path / "other"))
