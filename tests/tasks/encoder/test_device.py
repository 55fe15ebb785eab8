from __future__ import annotations

import pytest
import torch

from tasks.encoder.device import choose_device
from tasks.encoder.errors import DeviceUnavailableError

PRESENT = {
    "cuda": torch.cuda.is_available(),
    "mps": torch.backends.mps.is_available(),
    "cpu": True,
}


def test_auto_takes_an_accelerator_where_there_is_one_and_else_the_cpu() -> None:
    best = next(name for name, present in PRESENT.items() if present)
    assert choose_device("auto") == torch.device(best)


@pytest.mark.parametrize("name", PRESENT)
def test_a_device_is_taken_by_name_only_if_it_is_there(name: str) -> None:
    if PRESENT[name]:
        assert choose_device(name) == torch.device(name)
        return
    with pytest.raises(DeviceUnavailableError, match=f"--device {name}: this machine has .*cpu"):
        choose_device(name)


@pytest.mark.parametrize("name", ["tpu", "CPU", "cuda:0", "gpu", ""])
def test_an_unknown_device_is_answered_with_those_that_are_there(name: str) -> None:
    with pytest.raises(DeviceUnavailableError, match=f"--device {name}: this machine has .*cpu"):
        choose_device(name)
