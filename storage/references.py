"""What each camera of a profile shows when it is well, as a table: one row a view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from storage.parquet import rows_of, vector, vectors
from storage.signs import THUMBNAIL

PIXELS = THUMBNAIL[0] * THUMBNAIL[1]
SCHEMA = pa.schema(
    [
        pa.field("camera", pa.string(), nullable=False),
        pa.field("fine", pa.float64(), nullable=False),
        pa.field("sharpness", pa.float64(), nullable=False),
        pa.field("structure", pa.float64(), nullable=False),
        pa.field("view", vector(PIXELS, pa.uint8()), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What a camera shows when it is well.

    Attributes:
        fine: Usual squared difference of neighbouring pixels.
        sharpness: That as a share of the difference of pixels further apart.
        structure: Usual difference of the picture's parts from their surroundings.
        views: What it looks at, shape (V, 18, 32), uint8, V >= 1.
    """

    fine: float
    sharpness: float
    structure: float
    views: npt.NDArray[np.uint8]


def references_table(references: Mapping[str, Reference]) -> pa.Table:
    """Return references by camera as a table, cameras in order."""
    rows = [(camera, references[camera]) for camera in sorted(references)]
    repeats = [len(reference.views) for _, reference in rows]
    numbers = [(item.fine, item.sharpness, item.structure) for _, item in rows]
    usual = np.repeat(np.array(numbers, dtype=np.float64).reshape(-1, 3), repeats, axis=0)
    empty = np.zeros((0, *THUMBNAIL), dtype=np.uint8)
    views = np.concatenate([empty, *(reference.views for _, reference in rows)])
    cameras = [camera for camera, reference in rows for _ in reference.views]
    columns = [
        pa.array(cameras, pa.string()),
        *(pa.array(usual[:, column]) for column in range(3)),
        vectors(views.reshape(-1, PIXELS), pa.uint8()),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def references_in(table: pa.Table) -> dict[str, Reference]:
    """Return the references that a table holds, by camera."""
    cameras = np.array(table.column("camera").to_pylist(), dtype=object)
    views = rows_of(table.column("view")).reshape(-1, *THUMBNAIL)
    fine, sharpness, structure = (
        table.column(name).to_numpy() for name in ("fine", "sharpness", "structure")
    )
    found = {}
    for camera in dict.fromkeys(cameras.tolist()):
        mine = np.flatnonzero(cameras == camera)
        first = mine[0]
        usual = float(fine[first]), float(sharpness[first]), float(structure[first])
        found[camera] = Reference(*usual, views[mine])
    return found
