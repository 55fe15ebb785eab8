"""What a version of a profile says, and the files that say it.

``profile.json`` holds the lineage, the mean and the thresholds, ``profile.parquet`` one row a
normal video, ``statistics.parquet`` the sums of each scope, ``coreset.parquet`` chosen embeddings,
and ``references.parquet`` what each camera shows when it is well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from storage.documents import read_document
from storage.parquet import read_table, reading, rows_of, vector, vectors, write_table
from storage.profile_lineage import ProfileLineage
from storage.references import Reference, references_in, references_table
from storage.warehouse import Warehouse

MARKER = "profile.json"  # a version exists when this does
TABLES = ("profile.parquet", "statistics.parquet", "coreset.parquet", "references.parquet")
FINDINGS = ("distances", "standing_out", "thresholds")
_NUMBERS = ("origin", "total", "products")
_STATISTICS = pa.schema(
    [
        pa.field("scope", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("weight", pa.float64(), nullable=False),
        pa.field("shape", pa.list_(pa.field("element", pa.int64())), nullable=False),
        pa.field("full", pa.bool_(), nullable=False),
        *(
            pa.field(name, pa.list_(pa.field("element", pa.float64())), nullable=False)
            for name in _NUMBERS
        ),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Statistic:
    """Weighted sums of rows about an origin.

    Attributes:
        scope: The scope that it belongs to: ``all`` or ``camera:NAME``.
        kind: What the rows are: ``embedding``, ``patches``, ``hour:H``.
        weight: Frames counted.
        origin: Shape (..., D), float64.
        total: Shape (..., D), float64.
        products: Symmetric, shape (..., D, D), or squares alone, (..., D), float64.
    """

    scope: str
    kind: str
    weight: float
    origin: npt.NDArray[np.float64]
    total: npt.NDArray[np.float64]
    products: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Coreset:
    """Embeddings that stand for all others of a scope.

    Attributes:
        rows: Shape (m, D), float32.
        video_ids: The video that each is of, shape (m,).
    """

    rows: npt.NDArray[np.float32]
    video_ids: npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class ProfileOutline:
    """What a version of a profile was built from, and how many videos and frames of it count."""

    lineage: ProfileLineage
    videos: int
    frames: int


@dataclass(frozen=True, slots=True, eq=False)
class ProfileContent:
    """What a version of a profile says.

    Attributes:
        lineage: What it was built from.
        mean: Mean over all frames of the normal videos, shape (D,), float64.
        video_ids: The V videos that have frames that count, ascending.
        cameras: Camera of each.
        frames: Frames of each that count, shape (V,), int64.
        weights: What they count for after decay, shape (V,), float64.
        means: Mean of each, shape (V, D), float64.
        statistics: Sums of each scope.
        coresets: By scope.
        references: What each camera shows when it is well.
        findings: What else was found out, for people: ``FINDINGS``.
    """

    lineage: ProfileLineage
    mean: npt.NDArray[np.float64]
    video_ids: Sequence[str]
    cameras: Sequence[str]
    frames: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    means: npt.NDArray[np.float64]
    statistics: Sequence[Statistic]
    coresets: Mapping[str, Coreset]
    references: Mapping[str, Reference] = field(default_factory=dict)
    findings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def encoder_id(self) -> str:
        """The embedding space it belongs to."""
        return self.lineage.encoder_id


def document_of(content: ProfileContent) -> dict[str, Any]:
    """Return what ``profile.json`` says, its name and version left out."""
    return {
        "digest": content.lineage.digest,
        **content.lineage.as_json(),
        "videos": len(content.video_ids),
        "frames": int(content.frames.sum()),
        "calibration": "leave-one-video-out" if len(content.video_ids) > 1 else "its only video",
        "scopes": sorted({statistic.scope for statistic in content.statistics}),
        "mean": content.mean.tolist(),
        "video_ids": list(content.video_ids),
        **content.findings,
    }


def write_tables(content: ProfileContent, folder: Path) -> None:
    """Write every file but ``profile.json`` and the calibration."""
    tables = (_videos(content), _statistics(content), _coresets(content))
    for name, table in zip(TABLES, (*tables, references_table(content.references)), strict=True):
        write_table(table, folder / name)


def read_content(warehouse: Warehouse, place: str) -> ProfileContent:
    """Read a version of a profile, its calibration left out.

    Raises:
        CorruptShardError: It is damaged, or another version of nightjar has written it.
    """
    document = read_document(warehouse, f"{place}/{MARKER}")
    lineage = read_lineage_at(warehouse, f"{place}/{MARKER}")
    videos, sums, chosen, views = (read_table(warehouse, f"{place}/{name}") for name in TABLES)
    with reading(warehouse.uri(place)):
        return ProfileContent(
            lineage=lineage,
            mean=np.array(document["mean"], dtype=np.float64),
            video_ids=videos.column("video_id").to_pylist(),
            cameras=videos.column("camera").to_pylist(),
            frames=videos.column("frames").to_numpy(),
            weights=videos.column("weight").to_numpy(),
            means=rows_of(videos.column("mean")),
            statistics=[_statistic(row) for row in sums.to_batches(1) if row.num_rows],
            coresets=_coresets_in(chosen),
            references=references_in(views),
            findings={name: document[name] for name in FINDINGS},
        )


def read_lineage_at(warehouse: Warehouse, marker: str) -> ProfileLineage:
    """Read what a version was built from, given the place of its ``profile.json``.

    Raises:
        CorruptShardError: It is damaged, or another version of nightjar has written it.
    """
    return read_outline(warehouse, marker).lineage


def read_outline(warehouse: Warehouse, marker: str) -> ProfileOutline:
    """Read what a version was built from and how much counts of it, and none of its tables.

    Raises:
        CorruptShardError: It is damaged, or another version of nightjar has written it.
    """
    document = read_document(warehouse, marker)
    with reading(warehouse.uri(marker)):
        lineage = ProfileLineage.from_json(document)
        return ProfileOutline(lineage, int(document["videos"]), int(document["frames"]))


def _videos(content: ProfileContent) -> pa.Table:
    """Return one row a normal video."""
    columns = {
        "video_id": (pa.string(), pa.array(content.video_ids, pa.string())),
        "camera": (pa.string(), pa.array(content.cameras, pa.string())),
        "frames": (pa.int64(), pa.array(content.frames)),
        "weight": (pa.float64(), pa.array(content.weights)),
        "mean": (
            vector(content.means.shape[1], pa.float64()), vectors(content.means, pa.float64())
        ),
    }  # fmt: skip
    schema = pa.schema(
        [pa.field(name, kind, nullable=False) for name, (kind, _) in columns.items()]
    )
    return pa.Table.from_arrays([column for _, column in columns.values()], schema=schema)


def _statistics(content: ProfileContent) -> pa.Table:
    """Return one row a statistic; of a symmetric matrix its lower triangle is kept."""
    rows = [
        {
            "scope": statistic.scope,
            "kind": statistic.kind,
            "weight": statistic.weight,
            "shape": list(statistic.origin.shape),
            "full": statistic.products.ndim > statistic.origin.ndim,
            "origin": statistic.origin.reshape(-1),
            "total": statistic.total.reshape(-1),
            "products": _packed(statistic),
        }
        for statistic in content.statistics
    ]
    return pa.Table.from_pylist(rows, schema=_STATISTICS)


def _packed(statistic: Statistic) -> npt.NDArray[np.float64]:
    """Return products without what their symmetry repeats."""
    products = statistic.products
    if products.ndim == statistic.origin.ndim:
        return products.reshape(-1)
    return products[..., *np.tril_indices(products.shape[-1])].reshape(-1)


def _statistic(row: pa.RecordBatch) -> Statistic:
    """Return the statistic that one row of the table holds."""
    scope, kind, weight, shape, full = (row.column(n)[0].as_py() for n in _STATISTICS.names[:5])
    origin, total, packed = (row.column(name).flatten().to_numpy() for name in _NUMBERS)
    if full:
        products = np.empty((*shape, shape[-1]))
        lower = np.tril_indices(shape[-1])
        triangle = packed.reshape(*shape[:-1], -1)
        products[..., lower[0], lower[1]] = triangle
        products[..., lower[1], lower[0]] = triangle
    else:
        products = packed.reshape(shape)
    return Statistic(scope, kind, weight, origin.reshape(shape), total.reshape(shape), products)


def _coresets(content: ProfileContent) -> pa.Table:
    """Return one row an embedding that was chosen."""
    scopes = sorted(content.coresets)
    sizes = [len(content.coresets[scope].rows) for scope in scopes]
    width = content.means.shape[1]
    empty = np.zeros((0, width), dtype=np.float32)
    rows = np.concatenate([empty, *(content.coresets[scope].rows for scope in scopes)])
    videos = [name for scope in scopes for name in content.coresets[scope].video_ids.tolist()]
    names = [scope for scope, size in zip(scopes, sizes, strict=True) for _ in range(size)]
    return pa.table(
        {
            "scope": pa.array(names, pa.string()),
            "video_id": pa.array(videos, pa.string()),
            "embedding": vectors(rows, pa.float32()),
        }
    )


def _coresets_in(table: pa.Table) -> dict[str, Coreset]:
    """Return the coresets that a table holds, by scope."""
    names = np.array(table.column("scope").to_pylist(), dtype=object)
    rows = rows_of(table.column("embedding"))
    videos = np.array(table.column("video_id").to_pylist(), dtype=np.str_)
    scopes = dict.fromkeys(names.tolist())
    return {scope: Coreset(rows[names == scope], videos[names == scope]) for scope in scopes}
