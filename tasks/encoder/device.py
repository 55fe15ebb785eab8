"""The device that the encoder runs on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

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


def turns_on(device: torch.device) -> AbstractContextManager[Any]:
    """Return a block that one thread at a time is in, where threads share what a device computes.

    On a CPU each thread computes by itself, and the block lets all of them in.
    """
    return nullcontext() if device.type == "cpu" else Lock()


def on_device(
    arrays: Sequence[npt.NDArray[Any]] | npt.NDArray[Any], device: torch.device
) -> torch.Tensor:
    """Return arrays of one shape, of bytes or float32, stacked on a device.

    From pinned memory CUDA copies while the host goes on.
    """
    import torch

    pinned = device.type == "cuda"
    number = torch.uint8 if arrays[0].dtype == np.uint8 else torch.float32
    host = torch.empty((len(arrays), *arrays[0].shape), dtype=number, pin_memory=pinned)
    np.stack([*arrays], out=host.numpy())
    return host.to(device, non_blocking=pinned)


def to_host(tensors: Sequence[torch.Tensor]) -> Callable[[], list[npt.NDArray[Any]]]:
    """Begin to copy tensors of one device to the host; return what waits for them.

    On CUDA the copy waits its turn behind what computes the tensors, and nothing that is begun
    later is waited for.
    """
    import torch

    if tensors[0].device.type != "cuda":
        arrays = [tensor.cpu().numpy() for tensor in tensors]
        return lambda: arrays
    copies = [tensor.to("cpu", non_blocking=True) for tensor in tensors]  # pinned by torch
    # Not blocking, waiting would cost a core that could decode.
    arrived = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
    arrived.record()

    def wait() -> list[npt.NDArray[Any]]:
        arrived.synchronize()
        # Pinned memory is for what is on its way, and embeddings stay until their shard is whole.
        return [copy.numpy().copy() for copy in copies]

    return wait
