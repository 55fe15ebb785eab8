"""What it costs that clips in which nothing moved take an earlier clip's embeddings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from storage.parquet import read_lineage
from storage.warehouse import Warehouse


def reuse_in(
    warehouse: Warehouse, shards: Sequence[str], threshold: float | None
) -> dict[str, int | float | None] | None:
    """Return how many clips of some shards took an earlier one's embeddings, and what that costs.

    Some of the clips that an earlier one could stand for were encoded all the same. From their own
    embeddings the others' were off by a mean square of d at most. The root of a score is a distance
    (over the root of D), which moves by no more than the root of d: a score at the threshold t by
    no more than (sqrt(t) + sqrt(d)) ** 2 - t.

    Args:
        warehouse: Where they are.
        shards: Shards of one encoder.
        threshold: What scores of the distance mse are held against; None with another distance.

    Returns:
        ``clips``, ``repeated``, ``checked``, ``largest`` (d), and ``score`` (by how much a score at
        the threshold moves at most where it was checked, None without a threshold); None where
        the encoder encodes all.
    """
    totals = {"clips": 0, "repeated": 0, "checked": 0}
    largest = 0.0
    for shard in shards:
        lineage: dict[str, Any] = read_lineage(warehouse, shard)
        if "static" not in lineage:
            return None
        first, end = lineage["clips"]
        totals["clips"] += end - first
        totals["repeated"] += lineage["static"]["repeated"]
        totals["checked"] += lineage["static"]["checked"]
        largest = max(largest, lineage["static"]["largest"])
    if not shards:
        return None
    moved = None
    if threshold is not None:
        moved = (math.sqrt(threshold) + math.sqrt(largest)) ** 2 - threshold
    return {**totals, "largest": largest, "score": moved}
