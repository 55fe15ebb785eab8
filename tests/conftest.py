"""Settings of every test, and their order: what runs whole flows comes last."""

import pytest
from hypothesis import settings

# A busy machine is slow at times: no example is timed.
settings.register_profile("nightjar", deadline=None)
settings.load_profile("nightjar")

SLOW = ("tests/flows/", "tests/test_oracle.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the fast tests first."""
    items.sort(key=lambda item: item.nodeid.startswith(SLOW))
