"""A GPU is one slot: a global concurrency limit of Prefect's says how many are used at once."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from prefect.concurrency.sync import concurrency

GPU_LIMIT = "nightjar-gpu"


def slot_of(device: str, *, strict: bool) -> AbstractContextManager[None]:
    """Return a block that waits for a GPU's slot, and holds it; on another device it does nothing.

    Args:
        device: Kind of the device.
        strict: Whether the limit must exist. Where it need not and does not, the block does not
            wait.
    """
    return concurrency(GPU_LIMIT, strict=strict) if device == "cuda" else nullcontext()
