"""What each distance is worth on CUHK Avenue: frame AUROC, from shards alone.

    python -m benchmarks.avenue_distances --json
    python -m benchmarks.avenue_distances --warehouse FOLDER --seed 1 --json

Embeds the videos by the command line with a small, untrained checkpoint made from a seed, or with
--model, unless the warehouse holds them already; the training videos are normal. Reads ../shared
(or NIGHTJAR_SHARED) only. Micro is the AUROC of all frames together, macro the mean over the videos
that have frames of both kinds. Beside the distances as they are, some of their constants are
varied.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.metrics import roc_auc_score

from storage.footage import paths_by_video
from storage.parquet import LINEAGE_KEY
from storage.warehouse import Warehouse
from tasks.encoder.seeded import save_seeded_checkpoint
from tasks.normality.coreset import Sample, coreset
from tasks.normality.distance import Distance
from tasks.normality.distances import DISTANCES
from tasks.normality.errors import MissingStatisticsError
from tasks.normality.moments import Moments, merged
from tasks.normality.nearest import Nearest
from tasks.normality.summary import NormalSummary, Observations

NEIGHBOURS = (1, 3, 5, 9)
TUBELETS_PER_CLIP = 8


@dataclass(frozen=True, slots=True, eq=False)
class Video:
    """One video's rows.

    Attributes:
        path: Where it lies.
        observations: One row a tubelet.
        frame_start: Where each row's frames start, shape (n,).
        weights: Frames that each row speaks for, shape (n,), > 0.
    """

    path: Path
    observations: Observations
    frame_start: npt.NDArray[np.int64]
    weights: npt.NDArray[np.int64]


def embed(shared: Path, warehouse: Path, model: Path | None, seed: int) -> None:
    """Embed Avenue by the command line, unless the warehouse holds embeddings."""
    if any(warehouse.glob("embeddings/*/*/*/*.parquet")):
        return
    with tempfile.TemporaryDirectory() as folder:
        shape = {"image_size": 224, "patch_size": 16, "num_hidden_layers": 3}
        model = model or save_seeded_checkpoint(Path(folder), seed, **shape)
        common = ["--model", model, "--warehouse", warehouse, "--json"]
        footage = [shared / "avenue/training", shared / "avenue/testing"]
        for command in (["extract", "--footage", *footage, "--settle-s", "0"], ["embed"]):
            line = [sys.executable, "-m", "flows.command_line", *command, *common]
            subprocess.run(list(map(str, line)), check=True, stdout=subprocess.DEVNULL)


def read_videos(folder: Path) -> Iterator[Video]:
    """Yield every embedded video of a warehouse."""
    paths = paths_by_video(Warehouse.at(str(folder)))
    for video in sorted(folder.glob("embeddings/*/*/video=*")):
        table = pa.concat_tables(
            pq.ParquetFile(part).read() for part in sorted(video.glob("*.parquet"))
        )
        starts, ends = (table[name].to_numpy() for name in ("frame_start", "frame_end"))
        patches = _patches(table) if "patches" in table.column_names else None
        observations = Observations(_rows(table["embedding"]), patches)
        path = Path(paths[video.name.removeprefix("video=")][0])
        yield Video(path, observations, starts, ends - starts)


def _rows(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Return a column of vectors, of vectors of vectors too, as rows."""
    values = column.combine_chunks()
    while pa.types.is_fixed_size_list(values.type):
        values = values.flatten()
    numbers: npt.NDArray[Any] = values.to_numpy()
    return numbers.reshape(len(column), -1)


def _patches(table: pa.Table) -> npt.NDArray[Any]:
    """Return the patch sketches, shape (n, P, K)."""
    lineage = json.loads(table.schema.metadata[LINEAGE_KEY])
    return _rows(table["patches"]).reshape(len(table), lineage["encoder"]["patches"], -1)


def summarise(normal: list[Video]) -> NormalSummary:
    """Return all that the distances may learn from normal videos."""
    moments, patches, sample = [], [], None
    for video in normal:
        rows = video.observations
        moments.append(Moments.of(rows.embeddings, video.weights, full=True))
        part = Sample.of(rows.embeddings, video.frame_start, video.path.name)
        sample = sample.merge(part) if sample else part
        if rows.patches is not None:
            patches.append(Moments.of(rows.patches, video.weights, full=True))
    assert sample
    return NormalSummary(
        merged(moments),
        merged(patches) if patches else None,
        sample.rows[coreset(sample)],
    )


def fitted(normal: NormalSummary, num_rows: int) -> Iterator[tuple[str, Distance]]:
    """Yield every distance that can be fitted, and some with other constants."""
    for name, distance in DISTANCES.items():
        try:
            yield name, distance.fit(normal)
        except MissingStatisticsError:
            continue
    for unit, samples in (("rows", num_rows), ("clips", num_rows / TUBELETS_PER_CLIP)):
        scaled = replace(normal, moments=normal.moments.scaled(samples / normal.moments.weight))
        yield f"mahalanobis, n = {unit}", DISTANCES["mahalanobis"].fit(scaled)
    for neighbours in NEIGHBOURS:
        yield f"knn, k = {neighbours}", replace(Nearest.fit(normal), neighbours=neighbours)


def truth(shared: Path) -> dict[str, npt.NDArray[np.bool_]]:
    """Return which frames of each test video are anomalous, by its name."""
    text = (shared / "labels/avenue_frame_truth.json").read_text(encoding="utf-8")
    labels = {}
    for name, clip in json.loads(text)["clips"].items():
        labels[name] = np.zeros(clip["n_frames"], dtype=np.bool_)
        for first, last in clip["anomalous_ranges"]:  # counted from 1, inclusive
            labels[name][first - 1 : last] = True
    return labels


def measure(
    distance: Distance, tested: list[Video], labels: Mapping[str, npt.NDArray[np.bool_]]
) -> dict[str, float]:
    """Return the frame AUROC of one distance."""
    scores = [np.repeat(distance.scores(v.observations), v.weights) for v in tested]
    truths = [labels[video.path.stem] for video in tested]
    mixed = [pair for pair in zip(truths, scores, strict=True) if 0 < pair[0].mean() < 1]
    return {
        "micro": round(roc_auc_score(np.concatenate(truths), np.concatenate(scores)), 3),
        "macro": round(float(np.mean([roc_auc_score(*pair) for pair in mixed])), 3),
    }


def main() -> None:
    """Print the measurements."""
    shared = Path(os.environ.get("NIGHTJAR_SHARED", "../shared"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warehouse", type=Path)
    parser.add_argument("--model", type=Path, help="a checkpoint in place of an untrained one")
    parser.add_argument("--seed", type=int, default=0, help="of the untrained checkpoint")
    parser.add_argument("--json", action="store_true", help="the only form there is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = options.warehouse or Path(name)
        embed(shared, folder, options.model, options.seed)
        videos = list(read_videos(folder))
    normal = [video for video in videos if video.path.parent.name == "training"]
    tested = [video for video in videos if video.path.parent.name == "testing"]
    summary = summarise(normal)
    distances = fitted(summary, sum(len(video.observations) for video in normal))
    labels = truth(shared)
    result = {
        "normal_frames": int(summary.moments.weight),
        "tested_frames": sum(int(video.weights.sum()) for video in tested),
        "auroc": {name: measure(distance, tested, labels) for name, distance in distances},
    }
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
