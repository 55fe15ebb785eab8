"""Which normal embeddings are kept as they are: a bounded sample that adds up, then its spread."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

Keys = npt.NDArray[np.uint64]
SAMPLE_ROWS = 4096
CORESET_ROWS = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The rows of the lowest keys, at most ``limit``: a row's key is a hash of where it lies.

    Bottom-k sampling (Cohen and Kaplan, 2007, "Summarizing Data using Bottom-k Sketches"): every
    set of as many rows is as likely, yet the same rows are chosen whatever their order and however
    they were split. ``merge`` is associative and commutative to the bit, a sample of no rows is its
    identity, and merging a sample with itself changes nothing.

    Attributes:
        keys: Ascending, shape (m,), m <= limit.
        rows: Shape (m, D), float32.
        owners: Ids of the videos, shape (m,).
        limit: Rows kept at most.
    """

    keys: Keys
    rows: npt.NDArray[np.float32]
    owners: npt.NDArray[np.str_]
    limit: int = SAMPLE_ROWS

    def __post_init__(self) -> None:
        if not len(self.keys) == len(self.rows) == len(self.owners) <= self.limit:
            raise ValueError(f"a sample has as many keys, rows and owners, at most {self.limit}")
        if self.keys.dtype != np.uint64 or (self.keys[:-1] > self.keys[1:]).any():
            raise ValueError("the keys of a sample are unsigned and ascend")

    @classmethod
    def of(
        cls,
        rows: npt.NDArray[Any],
        frame_starts: npt.NDArray[np.int64],
        video_id: str,
        *,
        limit: int = SAMPLE_ROWS,
    ) -> Sample:
        """Return the sample of some rows of one video.

        Args:
            rows: Shape (n, D).
            frame_starts: Where each row's frames start, different for each, shape (n,).
            video_id: The video.
            limit: Rows kept at most.
        """
        keys = row_keys(video_id, frame_starts)
        owners = np.full(len(keys), video_id)
        return _lowest(keys, rows.astype(np.float32, copy=False), owners, limit)

    def merge(self, *others: Sample) -> Sample:
        """Return the sample of all sets of rows."""
        samples = (self, *others)
        if len({sample.limit for sample in samples}) > 1:
            limits = " and ".join(str(sample.limit) for sample in samples)
            raise ValueError(f"samples of {limits} rows do not add up")
        return _lowest(
            np.concatenate([sample.keys for sample in samples]),
            np.concatenate([sample.rows for sample in samples]),
            np.concatenate([sample.owners for sample in samples]),
            self.limit,
        )

    def without(self, owner: str) -> Sample:
        """Return the sample without one video's rows.

        Where rows were left out for their high keys, it is smaller than a sample of the others'
        rows would be, by as many rows as the video had in it; but it is a part of that.
        """
        others = self.owners != owner
        return Sample(self.keys[others], self.rows[others], self.owners[others], self.limit)


def row_keys(video_id: str, frame_starts: npt.NDArray[np.int64]) -> Keys:
    """Return a key for each row, as good as random, the same on every machine, shape (n,).

    SplitMix64's mixing (Steele, Lea and Flood, 2014, "Fast Splittable Pseudorandom Number
    Generators"), which maps no two frames of a video to one key.
    """
    seed = np.uint64(int.from_bytes(sha256(video_id.encode()).digest()[:8], "little"))
    mixed = (seed ^ frame_starts.astype(np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    keys: Keys = mixed ^ (mixed >> np.uint64(31))
    return keys


def coreset(sample: Sample, size: int = CORESET_ROWS) -> npt.NDArray[np.int64]:
    """Return which rows of a sample to keep so that none lies far from all that are kept.

    Greedy k-center, within twice the best radius (Gonzalez, 1985; Sener and Savarese, 2018, "Active
    Learning for Convolutional Neural Networks: A Core-Set Approach"), from the row of the lowest
    key on: always the row farthest from those chosen, the lower key of equals.

    Args:
        sample: At least one row.
        size: Rows to choose, >= 1; fewer are chosen where all others are copies of them.

    Returns:
        Indices in the order in which they were chosen, so its beginning is a smaller coreset.
    """
    if not len(sample.rows) or size < 1:
        raise ValueError(f"a coreset of {size} of {len(sample.rows)} rows is not defined")
    rows = sample.rows.astype(np.float64)
    chosen = [0]
    distances = np.full(len(rows), np.inf)
    while True:
        last = rows[chosen[-1:]]
        np.minimum(distances, cdist(rows, last, "sqeuclidean")[:, 0], out=distances)
        farthest = int(np.argmax(distances))
        if len(chosen) == size or not distances[farthest]:
            return np.array(chosen, dtype=np.int64)
        chosen.append(farthest)


def _lowest(
    keys: Keys, rows: npt.NDArray[np.float32], owners: npt.NDArray[np.str_], limit: int
) -> Sample:
    """Return the rows of the lowest keys, each once."""
    order = np.lexsort((owners, keys))
    repeated = np.zeros(len(order), dtype=np.bool_)
    repeated[1:] = (np.diff(keys[order]) == 0) & (owners[order][1:] == owners[order][:-1])
    kept = order[~repeated][:limit]
    return Sample(keys[kept], rows[kept], owners[kept], limit)
