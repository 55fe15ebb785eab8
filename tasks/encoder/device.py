"""The device that the encoder runs on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tasks.encoder.errors import DeviceUnavailableError

if TYPE_CHECKING:
    import torch


def choose_device(name: str) -> torch.device:
    """Return the device of that name; ``auto`` takes CUDA, else Apple's MPS, else the CPU.

    Raises:
        DeviceUnavailableError: The device is unknown, or not there.
    """
    import torch

    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, there in present.items() if there))
    if not present.get(name):
        here = ", ".join(kind for kind, there in present.items() if there)
        raise DeviceUnavailableError(f"--device {name}: this machine has {here}")
    return torch.device(name)


def threads_of_torch() -> int:
    """Return the threads that torch is to use here: OMP_NUM_THREADS, else the machine's cores."""
    import torch

    return torch.get_num_threads()


@contextmanager
def one_thread_each(*, apply: bool) -> Iterator[None]:
    """Let each thread that calls torch compute by itself alone, until the block ends."""
    import torch

    before = torch.get_num_threads()
    if apply:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
