"""The patch sketch: what each patch of a tubelet shows, in few numbers, by a fixed projection.

A tubelet's embedding is a mean over its patches, in which something small drowns; its sketch keeps
the patches apart.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tasks.encoder.device import on_device
from tasks.encoder.errors import CheckpointUnusableError, SketchTooWideError

if TYPE_CHECKING:
    import torch

PROJECTION = "orthogonal/1"  # named in every encoder's identity: another projection, another name
_SEED = 0
_LARGEST = float(np.finfo(np.float16).max)


@cache
def projection(width: int, numbers: int) -> npt.NDArray[np.float64]:
    """Return the projection of tokens of D numbers to K, shape (D, K), its columns orthonormal.

    It hangs on D and K alone, and the projection to fewer numbers is its first columns (both but
    for rounding): Gaussian columns from a seed are made orthonormal one after the other, each
    towards the side on which it lay.

    Raises:
        SketchTooWideError: K is larger than D.
    """
    check_sketch(width, numbers)
    # RandomState's numbers are frozen for ever; those of numpy's newer generators may change.
    gaussian = np.random.RandomState(_SEED).standard_normal((numbers, width)).T
    columns, triangle = np.linalg.qr(gaussian)
    fixed: npt.NDArray[np.float64] = columns * np.sign(np.diagonal(triangle))
    fixed.flags.writeable = False
    return fixed


@cache
def projection_on(device: torch.device, width: int, numbers: int) -> torch.Tensor:
    """Return the projection on a device, (D, K) float32.

    Raises:
        SketchTooWideError: K is larger than D.
    """
    return on_device([projection(width, numbers).astype(np.float32)], device)[0]


def check_sketch(width: int, numbers: int) -> None:
    """Make sure that tokens of D numbers can be sketched in K.

    Raises:
        SketchTooWideError: K is larger than D.
    """
    if numbers > width:
        raise SketchTooWideError(
            f"--patch-sketch {numbers}: the model's patches have {width} numbers, "
            "a sketch of them cannot have more"
        )


def rounded_sketch(projected: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
    """Return projected patches in the number format in which they are kept.

    Raises:
        CheckpointUnusableError: They are no finite numbers, or larger than float16 holds.
    """
    largest = float(np.abs(projected).max())
    if not np.isfinite(largest):
        raise CheckpointUnusableError("the model gives patches that are no finite numbers")
    if largest > _LARGEST:
        raise CheckpointUnusableError(
            f"the model gives patches of up to {largest:.4g}, more than float16 holds: "
            "use --patch-sketch 0"
        )
    return projected.astype(np.float16)
