"""What is ready and what is not. No flow: a diagnosis is for when Prefect does not work, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tasks.readiness import (
    Check,
    check_checkpoint,
    check_decoders,
    check_device,
    check_packages,
    check_python,
)
from tasks.service_readiness import check_service
from tasks.warehouse_readiness import check_last_report, check_warehouse

if TYPE_CHECKING:
    from tasks.parameters import Encoding


def diagnose(place: str, encoding: Encoding) -> list[Check]:
    """Look at everything that a night needs; no check stands in the way of another.

    Args:
        place: The warehouse.
        encoding: How footage would be embedded.
    """
    return [
        check_python(),
        check_packages(),
        check_decoders(),
        check_device(encoding.device, encoding.precision),
        check_checkpoint(encoding.checkpoint),
        check_warehouse(place),
        *check_service(),
        check_last_report(place),
    ]


def is_ready(checks: Sequence[Check]) -> bool:
    """Return whether nothing fails; warnings are things that work can begin without."""
    return all(check.state != "failing" for check in checks)
