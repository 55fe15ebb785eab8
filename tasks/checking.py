"""What can be told to be wrong before any work starts."""

from __future__ import annotations

from prefect import task

from storage.profiles import check_name
from storage.warehouse import Warehouse
from tasks.encoder.device import choose_device
from tasks.normality.thresholds import ThresholdRule
from tasks.parameters import Encoding
from tasks.retrying import STEP


@task(**STEP)
def check_request(place: str, encoding: Encoding, profile: str, threshold: str) -> None:
    """Refuse what cannot work: hours of encoding should not end at a misspelt threshold."""
    ThresholdRule.parse(threshold)
    check_name(profile)
    choose_device(encoding.device)
    Warehouse.at(place).check_writable()
